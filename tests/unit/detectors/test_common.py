"""The common family: what its short way for readings at rest may not lose."""

from typing import Any

import numpy as np
import pytest

from detectors import layout as lo
from detectors.bank import Bank
from detectors.common.layout import BLOCK
from detectors.kinds.common import Frozen, Limit, Rate, Spike, State, Trend
from tests.unit.detectors.families import TWINS
from tests.unit.detectors.streams import START, S
from tests.unit.detectors.twin import World

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
WINDOW = 12 * S


def rows_of(*readings: tuple[int, int, float]) -> Any:
    """Rows of (tag, second, value), GOOD."""
    return np.array([(START + s * S, START + s * S, v, t, 0, lo.JUDGED, 0) for t, s, v in readings], lo.ROW)


def plain(edges: Any) -> list[Any]:
    return [tuple(e[f].item() for f in FIELDS) for e in edges]


def everything(tag: int) -> list[Any]:
    """Rules of one tag on two windows, one of them shared by rules of different length."""
    return [
        Limit(tag=tag, trigger=8.0, reset=7.0, on_delay=2 * S, off_delay=S),
        Limit(tag=tag, trigger=-8.0, reset=-7.0, low=True),
        Rate(tag=tag, trigger=0.5, reset=0.25, window=8 * S, buckets=8),
        Rate(tag=tag, trigger=0.5, reset=0.25, window=20 * S, buckets=4, fall=True, on_delay=S),
        Trend(tag=tag, limit=8.0, horizon=40 * S, window=12 * S, buckets=12, confidence=0.6),
        Spike(tag=tag, trigger=3.0, reset=2.0, off_delay=3 * S),
        Frozen(tag=tag, window=5 * S, band=0.0),
    ]


def walk(seed: int, seconds: int) -> list[float]:
    """Long calm stretches, ramps, steps, spikes and rests."""
    draw, value, out = np.random.default_rng(seed), 0.0, []
    while len(out) < seconds:
        shape, length = draw.integers(0, 5), int(draw.integers(5, 40))
        drift = draw.choice([-0.6, 0.3, 0.6]) if shape == 1 else 0.0
        value += draw.choice([-5.0, 5.0]) if shape == 2 else 0.0
        for k in range(length):
            value = float(np.clip(value + drift, -12, 12))
            noise = 0.0 if shape == 3 else draw.normal(0, 0.2)
            out.append(value + noise + (6.0 if shape == 4 and k == 3 else 0.0))
    return out[:seconds]


@pytest.mark.parametrize("seed", range(6))
def test_the_short_way_and_the_twin_say_the_same_over_calm_and_storm(seed: int) -> None:
    rules, draw = everything(0) + everything(1), np.random.default_rng(seed)
    bank, world, values = Bank(2, rules, [4 * S, 0]), World(TWINS, 2, rules, [4 * S, 0]), walk(seed, 500)
    seen = 0
    for second, value in enumerate(values):
        rows = rows_of(*[(t, second, value if t == 0 else -value) for t in range(2) if draw.random() < 0.95])
        if draw.random() < 0.03:
            rows["quality"] = draw.choice([67, 131])
            rows["value"][rows["quality"] >= 128] = np.nan
        now = START + second * S
        found = plain(bank.feed(rows, len(rows), now))
        wanted = [tuple(getattr(e, f) for f in FIELDS) for e in world.feed(rows, now)]
        assert len(found) == len(wanted), (second, found, wanted)
        for a, b in zip(found, wanted, strict=True):
            assert a == pytest.approx(b, rel=1e-6, abs=1e-9, nan_ok=True)
        seen += len(found)
    assert seen > 40


@pytest.mark.parametrize("seed", range(3))
def test_any_split_gives_the_same_bytes(seed: int) -> None:
    """One input of many rows, or one row an input, each with engine time as of its last row."""
    rules, values = everything(0), walk(seed, 300)
    rows = rows_of(*[(0, s, v) for s, v in enumerate(values)])
    banks = [Bank(1, rules), Bank(1, rules)]
    found: list[list[Any]] = [[], []]
    for k in range(len(rows)):
        found[0] += plain(banks[0].feed(rows[k : k + 1].copy(), 1, int(rows["received"][k])))
    for k in range(0, len(rows), 7):
        piece = rows[k : k + 7].copy()
        found[1] += sorted(
            plain(banks[1].feed(piece, len(piece), int(piece["received"][-1]))), key=lambda e: e[3]
        )
    assert sorted(map(repr, found[0])) == sorted(map(repr, found[1]))
    assert banks[0].dump() == banks[1].dump()


@pytest.mark.parametrize("seed", range(3))
def test_a_window_keeps_within_its_reach_and_a_wide_one_changes_nothing(seed: int) -> None:
    """Beside a bank whose reaches are found anew at every bucket: calm, storms, gaps and bad quality."""
    rules, draw = everything(0)[2:5], np.random.default_rng(seed)
    kept, anew = Bank(1, rules, [4 * S]), Bank(1, rules, [4 * S])
    memory: Any = kept.families["common"]._memory  # type: ignore[attr-defined]  # what no edge shows
    windows, reaches, wide = memory["windows"], memory["reaches"], 0
    for second, value in enumerate(walk(seed, 1000)):
        rows = rows_of((0, second, value))[: int(draw.random() > (0.3 if second % 400 > 350 else 0.0))]
        rows["quality"] = draw.choice([0, 67, 131], p=[0.98, 0.01, 0.01])
        now = START + second * S
        found = plain(kept.feed(rows, len(rows), now))
        anew.families["common"]._memory["windows"]["whole"] = 0  # type: ignore[attr-defined]
        assert repr(found) == repr(plain(anew.feed(rows, len(rows), now)))
        for win, reach in zip(windows, reaches, strict=True):
            means = memory["means"][win["first"] : win["first"] + win["slots"]]
            if win["whole"]:
                assert (means >= reach["low"]).all()
                assert (means <= reach["high"]).all()
                wide += int(reach["high"] - reach["low"] > np.ptp(means))
    assert wide > 100


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_a_number_enters_no_window(value: float) -> None:
    """A bank without conditioning: GOOD readings that are no numbers."""
    rules = everything(0)[2:]
    plain_bank, bank = Bank(1, rules), Bank(1, rules)
    for second, good in enumerate(walk(1, 120)):
        plain_bank.feed(rows_of((0, second, good)), 1, START + second * S)
        bank.feed(rows_of((0, second, good)), 1, START + second * S)
        bank.feed(rows_of(), 0, START + second * S)
        odd = rows_of((0, second, value))
        odd["source"] += S // 2
        bank.feed(odd, 1, START + second * S + S // 2)
    for name in ("windows", "reaches", "means", "ages"):
        assert bank.dump()[f"common.{name}"] == plain_bank.dump()[f"common.{name}"]


def test_delays_of_many_rules_end_in_their_blocks() -> None:
    tags = 3 * BLOCK
    rules = [Limit(tag=t, trigger=1.0, reset=0.0, on_delay=(1 + t % 5) * S) for t in range(tags)]
    bank = Bank(tags, rules)
    bank.feed(rows_of(*[(t, 0, 0.0) for t in range(tags)]), tags, START)
    beyond = list(range(0, tags, 100))
    bank.feed(rows_of(*[(t, 1, 2.0) for t in beyond]), len(beyond), START + S)
    ended: list[int] = []
    for second in range(2, 8):
        due = bank.next_deadline() <= START + second * S
        edges = bank.feed(rows_of(), 0, START + second * S)
        assert due or len(edges) == 0
        assert all(edges["time"] == START + second * S)
        ended += edges["rule"].tolist()
    assert sorted(ended) == beyond
    assert bank.next_deadline() == lo.NEVER


def test_a_window_goes_along_with_its_rule_also_into_a_longer_one() -> None:
    """A trend added beside a rate shares its window: the rate goes on as if nothing had been."""
    rate = Rate(tag=0, trigger=0.5, reset=0.25, window=8 * S, buckets=8)
    trend = Trend(tag=0, limit=50.0, horizon=40 * S, window=12 * S, buckets=12)
    old, new = Bank(1, [rate]), Bank(1, [trend, rate])
    alone = Bank(1, [rate])
    for second in range(20):
        for bank in (old, alone):
            bank.feed(rows_of((0, second, 0.01 * second)), 1, START + second * S)
    new.carry_over(old, [(0, 0)], [(1, 0)])
    raised = []
    for second in range(20, 40):
        rows = rows_of((0, second, float(second)))
        raised.append([plain(b.feed(rows, 1, START + second * S)) for b in (alone, new)])
    edges = [([e[1:] for e in a], [e[1:] for e in b if e[0] == 1]) for a, b in raised]
    assert all(repr(a) == repr(b) for a, b in edges)
    assert any(a for a, _ in edges)


def test_rows_the_kernel_cannot_read_are_refused() -> None:
    bank = Bank(1, [State(tag=0, values=(1,))])
    rows = rows_of((0, 0, 1.0), (0, 1, 1.0), (0, 2, 1.0))
    with pytest.raises(ValueError, match="without gaps"):
        bank.feed(rows[::2], 1, START)
    with pytest.raises(ValueError, match="4 rows of 3"):
        bank.feed(rows, 4, START)
