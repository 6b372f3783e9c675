"""Signals for kinds over several tags, that show them at work on the page of detectors."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.detectors_signals import MIN, START, S, between, noise
from detectors import layout as lo
from detectors import program as op
from detectors.bank import Bank
from detectors.kinds import Params
from detectors.kinds import groups as kinds

COLOURS: Final = ("#1f4e79", "#e07b00", "#2e8b57", "#8250a0")
WIDTH: Final = 720
HEIGHT: Final = 150
EDGE: Final = 8


@dataclass(frozen=True, slots=True)
class GroupSignal:
    """Rows of several tags, one column each, and the rule that judges them; ``scaled``: each drawn on its own scale."""

    shows: str
    rule: Params
    step: int
    values: NDArray[np.float64]
    scaled: bool = False


def conditions(signal: GroupSignal) -> list[tuple[float, float, int]]:
    """(from, to, condition), in steps, as the detector says."""
    count, tags = signal.values.shape
    bank, begin, before = Bank(tags, [signal.rule]), 0.0, lo.IS_UNKNOWN
    found: list[tuple[float, float, int]] = []
    for i, values in enumerate(signal.values):
        rows = np.zeros(tags, lo.ROW)
        rows["source"] = rows["received"] = START + i * signal.step
        rows["tag"], rows["value"], rows["flags"] = np.arange(tags), values, lo.JUDGED
        rows["quality"] = np.where(np.isnan(values), 131, 0)
        for edge in bank.feed(rows, tags, START + i * signal.step):
            at = (int(edge["time"]) - START) / signal.step
            found.append((begin, at, before))
            begin, before = at, int(edge["after"])
    return [(a, b, c) for a, b, c in [*found, (begin, float(count - 1), before)] if b > a]


def svg(signal: GroupSignal) -> str:
    """All tags as lines, and what the detector says of them."""
    count = len(signal.values)
    fills = {lo.IS_ACTIVE: "#d62728", lo.IS_UNKNOWN: "#999"}
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        f"<title>{signal.shows}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
    ]
    scale = (WIDTH - 2 * EDGE) / (count - 1)
    for begin, end, condition in conditions(signal):
        if condition in fills:
            box = (
                f'x="{EDGE + begin * scale:.1f}" y="0" width="{(end - begin) * scale:.1f}" height="{HEIGHT}"'
            )
            parts.append(f'<rect {box} fill="{fills[condition]}" opacity="0.25"/>')
    low, high = np.nanmin(signal.values), np.nanmax(signal.values)
    for column, colour in zip(signal.values.T, COLOURS, strict=False):
        ends = (np.nanmin(column), np.nanmax(column)) if signal.scaled else (low, high)
        parts.append(_line(column, ends, scale, colour))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _line(values: NDArray[Any], ends: tuple[Any, Any], scale: float, colour: str) -> str:
    height, words, pen = (HEIGHT - 2 * EDGE) / max(ends[1] - ends[0], 1e-9), [], False
    for i, value in enumerate(values):
        if np.isfinite(value):
            x, y = EDGE + i * scale, HEIGHT - EDGE - (value - ends[0]) * height
            words.append(f"{'L' if pen else 'M'}{x:.1f} {y:.1f}")
        pen = bool(np.isfinite(value))
    return f'<path d="{" ".join(words)}" fill="none" stroke="{colour}" stroke-width="1"/>'


def _columns(*columns: Any) -> NDArray[np.float64]:
    return np.stack([np.asarray(c, np.float64) for c in columns], axis=1)


def deviation() -> GroupSignal:
    n = np.arange(360)
    set_point = 60.0 + 10 * between(360, 120, 360)
    value = set_point - 10 * np.exp(-np.maximum(n - 120, 0) / 8) * (n >= 120) + noise(360, 0.3)
    value += 4.0 * between(360, 250, 300)
    rule = kinds.Deviation(tag=0, reference=1, trigger=3.0, reset=2.0, on_delay=20 * S)
    return GroupSignal(
        "temperature and its set-point: 3 K apart for 20 s", rule, S, _columns(value, set_point)
    )


def moving_limit() -> GroupSignal:
    n = np.arange(360)
    load = 40 + 30 * np.sin(n / 50)
    current = 0.8 * load + 12 + noise(360, 0.4) + 9 * between(360, 230, 280)
    rule = kinds.MovingLimit(tag=0, other=1, gain=0.8, offset=18.0, dead_band=2.0)
    return GroupSignal("motor current, limited by 0.8 x load + 18 A", rule, S, _columns(current, load))


def spread() -> GroupSignal:
    level = 5 + 0.5 * np.sin(np.arange(360) / 40)
    three = [level + noise(360, 0.03, seed) for seed in (1, 2, 3)]
    three[2] = three[2] + 0.004 * np.maximum(np.arange(360) - 150, 0)
    three[0][300:330] = np.nan
    rule = kinds.Spread(tags=(0, 1, 2), trigger=0.4, reset=0.3, measure="median", least=2)
    shows = "three level sensors, one drifts: 0.4 m from their median; while the first is BAD the alarm holds"
    return GroupSignal(shows, rule, MIN, _columns(*three))


def state_limit() -> GroupSignal:
    filling = between(360, 120, 220)
    pressure = 40 + 25 * filling + noise(360, 1.0) + 25 * between(360, 280, 300)
    rule = kinds.StateLimit(
        tag=0, selector=1, states=(0.0, 1.0), triggers=(55.0, 80.0), resets=(52.0, 77.0), on_delay=5 * S
    )
    shows = "pressure: 55 kPa while idle, 80 kPa while it is filled"
    return GroupSignal(shows, rule, S, _columns(pressure, filling), scaled=True)


def balance() -> GroupSignal:
    inflow = 90.0 * between(480, 60, 200)
    outflow = 40.0 * between(480, 150, 420)
    leak = 8.0 * between(480, 280, 400)
    volume = 300 + np.cumsum(inflow - outflow - leak) / 60 + noise(480, 0.05)
    rule = kinds.Balance(
        volume=0, inflows=(1,), outflows=(2,), trigger=2.0, reset=1.0, window=60 * MIN, per=60 * MIN,
        side="low", volume_u=0.3, flow_u=0.01,
    )  # fmt: skip
    shows = "volume, inflow and outflow of a tank; from the middle on 8 m3/h leave it that no meter sees"
    return GroupSignal(shows, rule, MIN, _columns(volume, inflow, outflow), scaled=True)


def multivariate() -> GroupSignal:
    drive = np.convolve(noise(520, 1.0, 7), np.ones(20) / 4, "same")[:480]
    three = [drive + noise(480, 0.1, 1), -2 * drive + noise(480, 0.2, 2), 0.5 * drive + noise(480, 0.05, 3)]
    three[1] = three[1] + 1.4 * between(480, 330, 400)
    rule = kinds.Multivariate(
        tags=(0, 1, 2), learn=200 * S, statistic="q", smooth=True, trigger=1.5, reset=1.0
    )
    shows = "three tags that go together; from 330 s on one is off, though none leaves its range"
    return GroupSignal(shows, rule, S, _columns(*three))


def expression() -> GroupSignal:
    running = between(360, 60, 320)
    flow = 12 * running * (1 - between(360, 200, 240)) + np.abs(noise(360, 0.3))
    steps = ((op.LOAD, 1), (op.PUSH, 1), (op.EQ, 0), (op.LOAD, 0), (op.PUSH, 2), (op.LT, 0), (op.AND, 0))
    rule = kinds.Expression(tags=(0, 1), steps=tuple(float(x) for s in steps for x in s), on_delay=10 * S)
    shows = "RUN == 1 and FLOW &lt; 2 for 10 s: a pump that runs dry"
    signal = GroupSignal(shows, rule, S, _columns(flow, running))
    return GroupSignal(shows, signal.rule, S, signal.values, scaled=True)


GROUPS: Final[dict[str, Callable[[], GroupSignal]]] = {
    "deviation": deviation,
    "moving-limit": moving_limit,
    "spread": spread,
    "state-limit": state_limit,
    "balance": balance,
    "multivariate": multivariate,
    "expression": expression,
}
"""a signal for each kind over several tags"""
