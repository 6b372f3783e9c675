"""The statistical kinds over long dense streams: against their twins, against numbers worked out by hand."""

import math
from typing import Any

import numpy as np
import pytest

from detectors import layout as lo
from detectors.bank import Bank
from detectors.kinds import statistics as kinds
from tests.unit.detectors.families import TWINS
from tests.unit.detectors.streams import START, S
from tests.unit.detectors.twin import World

FIELDS = ("before", "after", "time", "onset", "value", "quality", "rate", "received", "eta", "confidence")
H, DAY = 3600 * S, 86_400 * S
MIDNIGHT = START // DAY * DAY
A: dict[str, Any] = {"tag": 0}
DENSE: dict[str, Any] = {
    "total": kinds.Total(**A, trigger=9.3, reset=4.1, window=20 * S, buckets=7, coverage=0.9),
    "flow": kinds.Total(**A, trigger=0.9, reset=0.41, window=20 * S, of="flow", per=60 * S, buckets=7),
    "counter": kinds.Total(**A, trigger=23.7, reset=17.1, window=20 * S, of="counter", buckets=7),
    "mean": kinds.Mean(**A, trigger=1.63, reset=0.71, window=20 * S, buckets=7),
    "dose": kinds.Mean(**A, trigger=1.63, reset=0.71, window=20 * S, buckets=7, gaps="zero"),
    "low mean": kinds.Mean(**A, trigger=-0.63, reset=0.71, window=20 * S, buckets=7, side="low"),
    "peak": kinds.Peak(**A, trigger=4.3, reset=4.1, window=9 * S, buckets=4),
    "starts": kinds.Starts(**A, values=(2, 3), trigger=2.5, reset=1.5, window=20 * S, buckets=7),
    "oscillation": kinds.Oscillation(**A, band=3.1, trigger=3.5, reset=1.5, window=20 * S, buckets=7),
    "dwell": kinds.Dwell(**A, values=(0, 1, 2, 3), longest=9 * S, reset=6 * S, window=20 * S, buckets=7),
    "one go": kinds.Dwell(**A, values=(0, 1, 2, 3), longest=5 * S, reset=5 * S),
    "setpoint": kinds.Setpoint(**A, target=0.4, trigger=3.1, reset=1.1, on_delay=2 * S, off_delay=3 * S),
    "cusum": kinds.Cusum(**A, trigger=4.3, reset=2.1, warm_up=20, sigma=0.37),
    "ewma": kinds.Ewma(**A, trigger=2.3, reset=1.1, warm_up=20, sigma=0.37, every=2 * S),
    "page-hinkley": kinds.PageHinkley(**A, trigger=6.3, reset=2.1, delta=0.83, memory=40, warm_up=10),
    "hampel": kinds.Hampel(**A, trigger=2.3, reset=1.1, sigma=0.31, samples=11),
    "baseline": kinds.Baseline(**A, trigger=2.3, reset=1.1, sigma=0.31, period=40 * S, slots=5, warm_up=2),
    "excess": kinds.Excess(**A, trigger=2.3, reset=1.1, window=60 * S, quantile=0.23, buckets=15),
    "shift": kinds.Shift(**A, trigger=0.73, reset=0.31, window=40 * S, sigmas=1.0, buckets=12),
    "noise": kinds.Noise(**A, trigger=1.53, reset=1.21, window=40 * S, sigma=0.31, buckets=12, recent=2),
    "velocity": kinds.Velocity(**A, trigger=0.113, reset=0.057, window=40 * S, per=S, buckets=12),
    "inverse-velocity": kinds.InverseVelocity(
        **A, trigger=0.73, reset=0.51, window=60 * S, horizon=70 * S, slowest=0.011, per=S, buckets=10
    ),
}


def rows_of(times: Any, values: Any, quality: Any = 0, flags: Any = lo.JUDGED) -> Any:
    rows = np.zeros(len(times), lo.ROW)
    rows["source"] = rows["received"] = times
    rows["value"], rows["quality"], rows["flags"] = values, quality, flags
    return rows


def signal(seed: int, count: int = 600) -> Any:
    """Steps, ramps, noise that changes, an accelerating part; gaps, doubts, held and impossible values."""
    rng = np.random.default_rng(seed)
    gaps = rng.choice(
        [0, S // 4, S // 2, S, S, S, 3 * S, 40 * S], count, p=[0.02, 0.1, 0.1, 0.3, 0.3, 0.1, 0.07, 0.01]
    )
    times = START + np.cumsum(np.maximum(gaps, 1))
    n = np.arange(count)
    values = rng.normal(0.0, np.where(n % 200 < 100, 0.3, 1.7)) + np.where(n // 97 % 2, 1.5, 0.0)
    values += 3.0 * np.sin(n / 23.0) + 8.0 / (1.0 + np.maximum(480 - n, 0) / 15.0)
    quality = rng.choice([0, 64, 67, 131], count, p=[0.95, 0.02, 0.01, 0.02])
    flags = np.full(count, lo.JUDGED)
    flags[rng.random(count) < 0.01] = 0
    held = (quality == 64) & (rng.random(count) < 0.5)
    flags[held] |= lo.HELD
    values[rng.random(count) < 0.005] = np.inf
    values[quality >= 128] = np.nan
    return rows_of(times, values, quality, flags)


@pytest.mark.parametrize("name", sorted(DENSE))
@pytest.mark.parametrize("hold", [0, 5 * S])
def test_long_streams_agree_with_the_twin(name: str, hold: int) -> None:
    seen = set()
    for seed in range(2):
        bank, world, rows = (
            Bank(1, [DENSE[name]], [hold]),
            World(TWINS, 1, [DENSE[name]], [hold]),
            signal(seed),
        )
        for i in range(0, len(rows), 7):
            now = int(rows["received"][i : i + 7].max())
            found = bank.feed(rows[i : i + 7], len(rows[i : i + 7]), now)
            wanted = world.feed(rows[i : i + 7], now)
            assert len(found) == len(wanted), (found, wanted)
            for edge, twin in zip(found, wanted, strict=True):
                a = [edge[f].item() for f in FIELDS]
                assert a == pytest.approx([getattr(twin, f) for f in FIELDS], rel=1e-7, abs=1e-7, nan_ok=True)
                assert int(edge["time"]) == twin.time
                seen.add((int(edge["before"]), int(edge["after"])))
    assert {(0, 1), (1, 0)} <= seen, "this stream says nothing of the kind"


@pytest.mark.parametrize("name", sorted(DENSE))
def test_any_split_gives_the_same_bytes(name: str) -> None:
    rows, now = signal(7), int(signal(7)["received"].max())
    whole, pieces, edges = Bank(1, [DENSE[name]]), Bank(1, [DENSE[name]]), b""
    wanted = whole.feed(rows, len(rows), now).tobytes()
    for i in range(len(rows)):
        edges += pieces.feed(rows[i : i + 1], 1, int(rows["received"][i])).tobytes()
        if i % 50 == 0:
            parts, pieces = pieces.dump(), Bank(1, [DENSE[name]])
            pieces.load(parts)
    assert pieces.dump().keys() == whole.dump().keys()
    assert (
        edges == wanted or DENSE[name].on_delay or name in {"dwell", "one go"}
    )  # (delays also end with the clock)
    assert pieces.dump()["statistics.buckets"] == whole.dump()["statistics.buckets"]


def test_a_narrow_edge_buffer_loses_nothing() -> None:
    rules, rows = list(DENSE.values()), signal(3)
    whole, narrow = Bank(1, rules), Bank(1, rules)
    family = narrow.families["statistics"]
    family._edges = family._edges[: 3 * len(rules)]
    now = int(rows["received"].max())
    assert whole.feed(rows, len(rows), now).tobytes() == narrow.feed(rows, len(rows), now).tobytes()
    assert whole.dump() == narrow.dump()


def judged(
    rule: Any, times: Any, values: Any, quality: Any = 0, hold: int = 0
) -> list[tuple[float, int, float]]:
    """Edges as (s after the start of the rows, condition, value)."""
    rows = rows_of(times, values, quality)
    found = Bank(1, [rule], [hold]).feed(rows, len(rows), int(rows["received"][-1]))
    return [((int(e["time"]) - int(times[0])) / S, int(e["after"]), float(e["value"])) for e in found]


# --- numbers by hand ------------------------------------------------------------------------------------------------


def test_rain_of_a_day() -> None:
    """2 mm an hour: 50 mm are reached with the 25th reading, when the first hour still counts in full or nearly."""
    rule = kinds.Total(**A, trigger=47.0, reset=30.0, window=24 * H, buckets=48)
    times = MIDNIGHT + H // 4 + np.arange(60) * H
    rain = np.where(np.arange(60) < 30, 2.0, 0.0)
    (first, raised, cleared) = judged(rule, times, rain)
    assert (first[1], raised[1], cleared[1]) == (lo.IS_NORMAL, lo.IS_ACTIVE, lo.IS_NORMAL)
    assert raised == (23 * 3600, lo.IS_ACTIVE, 48.0)
    assert cleared[0] == 39 * 3600  # of 30 readings until hour 29, those of 15 to 29 are left whole
    assert cleared[2] == pytest.approx(29.0)


def test_a_meter_that_starts_again_counts_on() -> None:
    rule = kinds.Total(**A, trigger=9.0, reset=1.0, window=100 * S, of="counter", buckets=10, coverage=0.0)
    found = judged(rule, START + np.arange(5) * S, [95.0, 98.0, 2.0, 4.0, 6.0])
    assert found[-1] == (4.0, lo.IS_ACTIVE, 9.0)


def test_short_term_exposure() -> None:
    """15 min STEL of 10 ppm: 40 ppm for 4 min is 10.7 ppm; 30 ppm for 4 min is 8 ppm."""
    rule = kinds.Mean(**A, trigger=10.0, reset=5.0, window=900 * S, buckets=60, gaps="zero")
    n = np.arange(3600)
    for dose, alarms in ((40.0, 1), (30.0, 0)):
        found = judged(rule, START + n * S, np.where((n >= 1000) & (n < 1240), dose, 0.0))
        assert sum(e[1] == lo.IS_ACTIVE for e in found) == alarms
        if alarms:
            assert found[1][0] == 1225  # 40 x 225 s = 10 x 900 s
            assert found[1][2] == pytest.approx(10.0)


def test_a_gap_is_no_clean_air() -> None:
    """Half of the window unknown: the mean of the rest is judged; less than that: no number, and nothing clears."""
    rule = kinds.Mean(**A, trigger=10.0, reset=5.0, window=100 * S, buckets=10, coverage=0.6)
    n = np.arange(400)
    quality = np.where((n >= 150) & (n < 220), 131, 0)
    values = np.where(n < 150, 20.0, 0.0)
    found = judged(rule, START + n * S, np.where(quality, np.nan, values), quality)
    assert [e[1] for e in found] == [lo.IS_ACTIVE, lo.IS_UNKNOWN, lo.IS_NORMAL]
    assert found[2][0] >= 260


def test_a_bypass_is_raised_when_no_reading_comes() -> None:
    rule = kinds.Dwell(**A, values=(1,), longest=8 * H, reset=H, window=24 * H, buckets=24)
    bank = Bank(1, [rule])
    bank.feed(rows_of([MIDNIGHT], [1.0]), 1, MIDNIGHT)
    assert bank.next_deadline() == MIDNIGHT + 8 * H
    (edge,) = bank.feed(rows_of([], []), 0, MIDNIGHT + 9 * H)
    assert (edge["time"], edge["after"], edge["onset"]) == (MIDNIGHT + 8 * H, lo.IS_ACTIVE, MIDNIGHT)
    bank.feed(rows_of([MIDNIGHT + 10 * H], [0.0]), 1, MIDNIGHT + 10 * H)
    (edge,) = bank.feed(rows_of([], []), 0, MIDNIGHT + 80 * H)
    assert (edge["time"], edge["after"]) == (
        MIDNIGHT + 34 * H,
        lo.IS_NORMAL,
    )  # its last hour leaves the window


def test_three_starts_an_hour() -> None:
    rule = kinds.Starts(**A, values=(1,), trigger=3.0, reset=2.5)
    times = MIDNIGHT + np.arange(0, 180) * 60 * S
    running = np.isin(np.arange(180), [10, 20, 21, 22, 40, 90, 130])
    found = judged(rule, times, running.astype(float))
    assert [(e[0] / 60, e[1]) for e in found] == [(30.0, 0), (40.0, 1), (71.0, 0)]


def test_inverse_velocity_finds_the_hour_of_failure() -> None:
    """Displacement of Fukuzono's law, x = -ln(t_f - t) / a: 1 / v is a straight line to t_f."""
    rule = kinds.InverseVelocity(
        **A, trigger=0.9, reset=0.5, window=10 * DAY, horizon=2 * DAY, slowest=0.5, buckets=20, side="high"
    )
    rng = np.random.default_rng(5)
    failure = 30 * DAY
    times = np.arange(0, failure - H, H)
    moved = -10.0 * np.log((failure - times) / DAY) + rng.normal(0.0, 0.05, len(times))
    rows = rows_of(MIDNIGHT + times, moved)
    found = Bank(1, [rule]).feed(rows, len(rows), int(rows["received"][-1]))
    raised = found[found["after"] == lo.IS_ACTIVE]
    assert len(raised) == 1
    left = failure - (int(raised["time"][0]) - MIDNIGHT)
    assert 1.0 * DAY < left < 3.0 * DAY
    assert float(raised["eta"][0]) * S == pytest.approx(left, rel=0.25)
    assert float(raised["confidence"][0]) >= 0.9
    assert float(raised["rate"][0]) > 0.0


def test_steady_creep_carries_no_forecast() -> None:
    rule = kinds.InverseVelocity(**A, trigger=0.9, reset=0.5, window=10 * DAY, horizon=2 * DAY, slowest=0.5)
    rng = np.random.default_rng(6)
    times = MIDNIGHT + np.arange(0, 60 * DAY, H)
    creep = 2.0 * (times - MIDNIGHT) / DAY + rng.normal(0.0, 0.1, len(times))
    assert [e[1] for e in judged(rule, times, creep)] == [lo.IS_NORMAL]


def test_a_day_is_learned_and_a_fault_is_not() -> None:
    rule = kinds.Baseline(**A, trigger=6.0, reset=3.0, sigma=0.1, on_delay=600 * S, off_delay=600 * S)
    rng = np.random.default_rng(8)
    times = MIDNIGHT + np.arange(0, 30 * DAY, 300 * S)
    hours = (times - MIDNIGHT) / H
    values = 20.0 + 5.0 * np.sin(hours * 2.0 * math.pi / 24.0) + rng.normal(0.0, 0.3, len(times))
    values[hours >= 20 * 24] += 12.0
    found = judged(rule, times, values)
    assert [e[1] for e in found] == [lo.IS_NORMAL, lo.IS_ACTIVE]
    assert found[0][0] >= 7 * 86_400
    assert 20 * 86_400 <= found[1][0] <= 20 * 86_400 + 1200


def test_gas_on_top_of_its_background() -> None:
    rule = kinds.Excess(**A, trigger=3.0, reset=1.5, window=6 * H, on_delay=60 * S)
    rng = np.random.default_rng(9)
    times = MIDNIGHT + np.arange(0, 2 * DAY, 60 * S)
    hours = (times - MIDNIGHT) / H
    values = 2.0 + hours / 12.0 + rng.normal(0.0, 0.3, len(times))
    values[(hours > 30) & (hours < 32)] += 5.0
    found = judged(rule, times, values)
    assert [e[1] for e in found] == [lo.IS_NORMAL, lo.IS_ACTIVE, lo.IS_NORMAL]
    assert found[1][0] / 3600 == pytest.approx(30.0, abs=0.1)
    assert found[2][0] / 3600 == pytest.approx(32.0, abs=0.1)


def refused(kind: Any, **settings: Any) -> Any:
    return lambda: kind(**A, **{"trigger": 1.0, "reset": 0.5} | settings)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (refused(kinds.Total, window=H, of="litres"), "allowed increments, counter, flow"),
        (refused(kinds.Total, window=H, buckets=61), "1..60 buckets"),
        (refused(kinds.Total, window=H, per=0), "more than 0"),
        (refused(kinds.Total, window=H, coverage=1.5), "0 to 1"),
        (refused(kinds.Total, window=H, reset=2.0), "beyond trigger"),
        (refused(kinds.Mean, window=H, side="both"), "allowed high, low"),
        (refused(kinds.Mean, window=H, side="low", reset=2.0, gaps="zero"), "side high only"),
        (refused(kinds.Peak, window=H, side="low"), "beyond trigger"),
        (refused(kinds.Starts, values=()), "no values"),
        (refused(kinds.Oscillation, window=H, band=0.0), "more than 0"),
        (refused(kinds.Setpoint, target=1.0, trigger=0.0, reset=0.0), "more than 0"),
        (refused(kinds.Cusum, sigma=0.0), "sigma > 0"),
        (refused(kinds.Cusum, warm_up=1), "0 or at least 2"),
        (refused(kinds.Ewma, weight=0.0), "0.001 to 1"),
        (refused(kinds.PageHinkley, delta=0.1, warm_up=0), "warm_up"),
        (refused(kinds.Hampel, sigma=1.0, samples=16), "3..15"),
        (refused(kinds.Baseline, sigma=1.0, slots=289), "288 slots"),
        (refused(kinds.Baseline, sigma=0.0), "sigma > 0"),
        (refused(kinds.Excess, window=H, quantile=0.6), "0 to 0.5"),
        (refused(kinds.Shift, window=H, buckets=7), "even"),
        (refused(kinds.Noise, window=H, sigma=1.0), "trigger > 1"),
        (refused(kinds.Velocity, window=H, buckets=31), "3..30"),
        (refused(kinds.Velocity, window=H, per=0), "more than 0"),
        (refused(kinds.InverseVelocity, window=H, horizon=H, slowest=0.0), "more than 0"),
        (refused(kinds.InverseVelocity, window=H, horizon=H, slowest=1.0, trigger=1.1), "0.5 to 1"),
        (lambda: kinds.Dwell(**A, values=(1,), longest=H, reset=2 * H), "reset <= longest"),
        (lambda: kinds.Dwell(**A, values=(1,), longest=2 * H, reset=H, window=H), "length of the window"),
        (lambda: kinds.Dwell(**A, values=(1,), longest=H, reset=H, on_delay=1), "allowed 0"),
        (lambda: kinds.Dwell(**A, values=(), longest=H, reset=H), "no values"),
    ],
)
def test_settings_that_cannot_be_are_refused(make: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        make()


# --- against theory -----------------------------------------------------------------------------------------------


def run_lengths(make: Any, mean: float, tags: int = 400, longest: int = 6000) -> float:
    """Average number of readings before the first alarm, over independent tags of normal noise."""
    rng, bank = np.random.default_rng(11), Bank(tags, [make(tag) for tag in range(tags)])
    rows, lengths = np.zeros(tags, lo.ROW), np.zeros(tags)
    rows["tag"], rows["flags"] = np.arange(tags), lo.JUDGED
    for n in range(1, longest):
        rows["source"] = rows["received"] = START + n * S
        rows["value"] = rng.normal(mean, 1.0, tags)
        for edge in bank.feed(rows, tags, START + n * S):
            if edge["after"] == lo.IS_ACTIVE and not lengths[edge["rule"]]:
                lengths[edge["rule"]] = n
        if lengths.all():
            break
    return float(lengths.mean())


def test_run_lengths_of_a_cusum_are_those_of_the_table() -> None:
    """One side, k = 0.5, h = 4: 336 without a change, 8.38 at one sigma (Montgomery, table by Hawkins 1993)."""

    def make(tag: int) -> kinds.Cusum:
        return kinds.Cusum(tag=tag, trigger=4.0, reset=2.0, side="high")

    assert run_lengths(make, 0.0) == pytest.approx(336, rel=0.1)
    assert run_lengths(make, 1.0) == pytest.approx(8.38, rel=0.05)


def test_run_lengths_of_an_ewma_are_those_of_the_table() -> None:
    """lambda = 0.1, L = 2.814: 500 without a change, 10.3 at one sigma (Lucas and Saccucci 1990), a little less for the
    limits are narrow at first.
    """

    def make(tag: int) -> kinds.Ewma:
        return kinds.Ewma(tag=tag, trigger=2.814, reset=1.0, weight=0.1)

    assert run_lengths(make, 0.0) == pytest.approx(490, rel=0.12)
    assert 8.0 < run_lengths(make, 1.0) < 10.3


def test_what_was_learned_survives_another_configuration() -> None:
    """Carried over to a bank with more rules and tags: the same from there on, byte for byte."""
    rules, rows = list(DENSE.values()), signal(4)
    old, new = Bank(1, rules), Bank(2, [None, *rules])
    now = int(rows["received"].max())
    old.feed(rows[:300], 300, int(rows["received"][299]))
    new.carry_over(old, [(0, 0)], [(i + 1, i) for i in range(len(rules))])
    a, b = old.feed(rows[300:], 300, now).copy(), new.feed(rows[300:], 300, now).copy()
    b["rule"] -= 1
    assert a.tobytes() == b.tobytes()
    assert old.conditions().tolist() == new.conditions().tolist()[1:]
    told = new.present(list(range(1, len(rules) + 1)), now)
    assert told["after"].tolist() == old.conditions().tolist()
