"""Trend and time to limit: agrees with its twin on lines, steps, spikes and curves, and says what it promises."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors import layout as lo
from detectors.bank import Bank
from detectors.kinds.common import Rate, Trend
from tests.unit.detectors.families import TWINS
from tests.unit.detectors.streams import START, S
from tests.unit.detectors.twin import World

MINUTE = 60 * S
FIELDS = (
    "rule",
    "before",
    "after",
    "time",
    "onset",
    "value",
    "quality",
    "rate",
    "received",
    "eta",
    "confidence",
)


def rows_of(times: Any, values: Any, quality: int = 0) -> np.ndarray:
    rows = np.zeros(len(times), lo.ROW)
    rows["source"] = rows["received"] = times
    rows["value"], rows["quality"], rows["flags"] = values, quality, lo.JUDGED
    return rows


@st.composite
def shapes(draw: st.DrawFn) -> Any:
    """A value by the minute: noise about a line, a step, a curve that levels off or grows; with wild values."""
    n, draw_noise = draw(st.integers(20, 90)), np.random.default_rng(draw(st.integers(0, 999)))
    t = np.arange(n) / 30
    shape = draw(st.sampled_from(["line", "step", "saturating", "growing", "wave"]))
    base = {
        "line": t, "step": (t > n / 60).astype(float), "saturating": 1 - np.exp(-t), "growing": t**2 / 2,
        "wave": np.sin(2 * t),
    }[shape]  # fmt: skip
    noise = draw_noise.normal(0, draw(st.sampled_from([0.0, 0.02, 0.3])), n)
    values = draw(st.sampled_from([-1.0, 1.0])) * base + noise
    for k in draw(st.sets(st.integers(0, n - 1), max_size=3)):
        values[k] += 20.0
    return values


@given(values=shapes(), data=st.data())
@settings(max_examples=150, deadline=None)
def test_twin_agrees_on_shapes(values: Any, data: Any) -> None:
    buckets = data.draw(st.integers(8, 30))
    limit = data.draw(st.sampled_from([0.5, 1.5, 3.0, -1.0]))
    shared = {
        "tag": 0,
        "window": buckets * MINUTE,
        "buckets": buckets,
        "on_delay": data.draw(st.sampled_from([0, MINUTE])),
    }
    rules: list[Any] = [
        Trend(limit=limit, horizon=h * MINUTE, low=low, confidence=0.9, reset=0.4, **shared)
        for h, low in ((2 * buckets, False), (buckets, True))
    ]
    rules.append(Rate(trigger=1 / 2000, reset=1 / 4000, **shared))
    bank, world = Bank(1, rules), World(TWINS, 1, rules, [0])
    for k, value in enumerate(values):
        when = START + k * MINUTE + data.draw(st.sampled_from([0, S, 59 * S]))
        rows = rows_of([when], [value], data.draw(st.sampled_from([0] * 9 + [67])))
        found = [tuple(e[f].item() for f in FIELDS) for e in bank.feed(rows, 1, when)]
        wanted = [tuple(getattr(e, f) for f in FIELDS) for e in world.feed(rows, when)]
        assert len(found) == len(wanted), (found, wanted)
        for a, b in zip(found, wanted, strict=True):
            assert a == pytest.approx(b, rel=1e-6, abs=1e-9, nan_ok=True)


def raised(values: Any, limit: float, *, window: int = 60, horizon: int = 60, low: bool = False) -> list[Any]:
    """Edges to active of a trend over ``window`` minutes, ten readings a minute."""
    rule = Trend(tag=0, limit=limit, horizon=horizon * MINUTE, window=window * MINUTE, low=low)
    times = START + np.arange(len(values)) * 6 * S
    rows = rows_of(times, values)
    edges = Bank(1, [rule]).feed(rows, len(rows), int(times[-1])).copy()
    return [e for e in edges if e["after"] == lo.IS_ACTIVE]


def noise(n: int, seed: int = 1, alike: float = 0.0) -> np.ndarray:
    draw, out, last = np.random.default_rng(seed), np.zeros(n), 0.0
    for k, e in enumerate(draw.normal(0, 1, n)):
        out[k] = last = alike * last + math.sqrt(1 - alike * alike) * e
    return out


def test_a_slow_rise_is_told_in_good_time_with_its_eta() -> None:
    """1 cm/min under noise of 2 cm from minute 120; the limit is 150 cm further."""
    n = 10 * 300
    rise = np.maximum(np.arange(n) / 10 - 120, 0) * 0.01
    edge = raised(rise + 0.02 * noise(n), limit=1.5)[0]
    when = (edge["time"] - START) / MINUTE
    assert 210 <= when <= 240  # reached at minute 270; the horizon begins at 210
    assert edge["eta"] / 60 == pytest.approx(270 - when, abs=5)
    assert edge["rate"] * 60 == pytest.approx(0.01, rel=0.1)
    assert 0.95 <= edge["confidence"] <= 1


def test_falling_to_a_low_limit_is_the_mirror_of_it() -> None:
    n = 10 * 300
    rise = np.maximum(np.arange(n) / 10 - 120, 0) * 0.01 + 0.02 * noise(n)
    up, down = raised(rise, limit=1.5)[0], raised(-rise, limit=-1.5, low=True)[0]
    assert (up["time"], up["eta"], up["confidence"]) == (down["time"], down["eta"], down["confidence"])
    assert up["rate"] == -down["rate"]


def test_a_bucket_of_days_holds_every_second() -> None:
    """The ages of so many readings, in ns, add up to more than 63 bits."""
    day = 86_400 * S
    rule = Rate(tag=0, trigger=0.95 / 86_400, reset=0.5 / 86_400, window=6 * day, buckets=3)
    start = (START // (2 * day) + 1) * 2 * day
    times = start + day + np.arange(5 * 86_400 + 1) * S
    rows = rows_of(times, (times - start) / day)
    (edge,) = Bank(1, [rule]).feed(rows, len(rows), int(times[-1]))
    assert (edge["after"], edge["rate"] * 86_400) == (lo.IS_ACTIVE, pytest.approx(1.0, rel=1e-6))


@pytest.mark.parametrize(("alike", "limit"), [(0.0, 1.0), (0.9, 3.0)])
def test_noise_near_the_limit_raises_nothing(alike: float, limit: float) -> None:
    """A week of stationary noise, so many standard deviations below the limit; white, and alike for a minute."""
    assert raised(noise(10 * 60 * 24 * 7, alike=alike), limit=limit) == []


@pytest.mark.parametrize("at", [0.1, 0.3, 0.5, 0.7, 0.9])
def test_a_step_towards_the_limit_raises_nothing(at: float) -> None:
    n = 10 * 240
    step = np.where(np.arange(n) < n // 2 + at * 600, 0.0, 8.0)
    assert raised(step + 0.1 * noise(n), limit=10.0, horizon=240) == []


@pytest.mark.parametrize("minutes", [1, 5, 15])
def test_a_pump_that_starts_and_levels_off_raises_nothing(minutes: int) -> None:
    n = 10 * 240
    t = np.maximum(np.arange(n) / 10 - 100, 0)
    assert raised(8 * (1 - np.exp(-t / minutes)) + 0.1 * noise(n), limit=10.0, horizon=60) == []


def test_wild_values_do_not_hide_a_rise() -> None:
    n = 10 * 300
    values = np.arange(n) / 10 * 0.01 + 0.02 * noise(n)
    clean = raised(values, limit=2.5)[0]["time"]
    values[::97] = 40.0
    assert raised(values, limit=2.5)[0]["time"] <= clean + 25 * MINUTE
