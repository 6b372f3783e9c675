"""The kinds over several tags where random streams seldom come: long runs, learned models, windows that fill."""

import math
from typing import Any

import numpy as np
import pytest

from detectors import layout as lo
from detectors import program as op
from detectors.bank import Bank
from detectors.kinds.groups import Balance, Deviation, Expression, Multivariate, Spread, StateLimit
from tests.unit.detectors.streams import START, S
from tests.unit.detectors.twin import World
from tests.unit.detectors.twins_groups import TWINS, Model, paulson

GOOD, FROZEN, LOST = 0, 67, 131


def rows(at: float, *values: float, quality: int = GOOD) -> np.ndarray:
    """One reading of each tag in turn, ``at`` seconds after the start; NaN leaves a tag out."""
    when = START + int(at * S)
    found = [(when, when, v, t, quality, lo.JUDGED, 0) for t, v in enumerate(values) if not math.isnan(v)]
    return np.array(found, lo.ROW)


def told(bank: Any, at: float, *values: float, quality: int = GOOD) -> list[tuple[int, float]]:
    """(condition, number) of each edge."""
    found = bank.feed(given := rows(at, *values, quality=quality), len(given), START + int(at * S))
    return [(int(e["after"]), float(e["value"])) for e in found]


def agree(rule: Any, inputs: list[tuple[np.ndarray, int]], tags: int) -> int:
    """Edges of the bank, which are those of the twin."""
    bank, world, count = Bank(tags, [rule]), World(TWINS, tags, [rule], [0] * tags), 0
    for given, now in inputs:
        found, wanted = bank.feed(given, len(given), now), world.feed(given, now)
        assert [(int(e["time"]), int(e["after"]), int(e["quality"])) for e in found] == [
            (e.time, e.after, e.quality) for e in wanted
        ]
        assert [float(e["value"]) for e in found] == pytest.approx(
            [e.value for e in wanted], rel=1e-9, nan_ok=True
        )
        count += len(found)
    return count


def test_a_long_balance_agrees_with_its_twin() -> None:
    random, total = np.random.default_rng(7), 0
    for side, gain in (("both", 1.0), ("low", 2.0), ("high", 0.5)):
        rule = Balance(
            volume=0, inflows=(1,), outflows=(2,), trigger=4.0, reset=2.0, window=8 * S, cells=4, per=10 * S,
            gain=gain, side=side, volume_u=0.1, flow_u=0.01, bridge=3 * S, on_delay=S, off_delay=S,
        )  # fmt: skip
        inputs, at, level = [], 0.0, 50.0
        for _ in range(400):
            at += float(random.choice([0.5, 1.0, 1.5, 2.0, 2.5, 5.0], p=[0.3, 0.3, 0.2, 0.1, 0.08, 0.02]))
            level += random.normal(0, 0.4)
            quality = int(random.choice([GOOD, FROZEN, LOST], p=[0.94, 0.03, 0.03]))
            given = rows(at, level, abs(random.normal(3, 1)), abs(random.normal(3, 1)), quality=quality)
            inputs.append((given, START + int(at * S)))
        total += agree(rule, inputs, 3)
    assert total > 60


def test_a_leak_is_found_and_its_size_is_right() -> None:
    rule = Balance(
        volume=0, inflows=(1,), outflows=(2,), trigger=1.0, reset=0.5, window=600 * S, per=3600 * S, side="low",
        volume_u=0.05, flow_u=0.01,
    )  # fmt: skip
    bank, volume, raised = Bank(3, [rule]), 500.0, None
    for second in range(0, 3600, 5):
        leak = 36.0 if second >= 1200 else 0.0  # m3/h, 6 m3 in ten minutes
        volume += (60.0 - 20.0 - leak) / 3600 * 5
        for condition, value in told(bank, second, volume, 60.0, 20.0):
            raised = (second, value) if condition == lo.IS_ACTIVE else raised
    assert raised is not None
    assert (
        1300 <= raised[0] <= 1500
    )  # 1.1 m3 and the uncertainty of 0.3 m3 are gone after 150 s, then the cell ends
    bank.feed(given := rows(3605, volume, 60.0, 20.0), len(given), START + 3605 * S)
    # A window full of leak: 6 m3 less what is uncertain (2 x sqrt(2 x 0.05^2 + (0.01 x 13.33)^2)).
    assert bank.present([0], 0)["value"][0] == pytest.approx(
        -6 + 2 * math.sqrt(0.005 + 0.1333333**2), rel=1e-2
    )


def test_a_quiet_tank_raises_nothing_while_it_is_filled() -> None:
    rule = Balance(
        volume=0, inflows=(1,), trigger=0.5, reset=0.2, window=600 * S, per=3600 * S, volume_u=0.05
    )
    bank, volume = Bank(2, [rule]), 100.0
    for second in range(0, 7200, 10):
        flow = 90.0 if 1800 <= second < 5400 else 0.0
        assert lo.IS_ACTIVE not in [c for c, _ in told(bank, second, volume, flow)]
        volume += flow / 3600 * 10
    assert bank.conditions()[0] == lo.IS_NORMAL


def test_an_outage_begins_the_window_anew() -> None:
    rule = Balance(volume=0, inflows=(1,), trigger=0.5, reset=0.2, window=60 * S, per=3600 * S, bridge=10 * S)
    bank = Bank(2, [rule])
    for second in range(0, 100, 5):
        told(bank, second, 5.0, 0.0)
    assert bank.conditions()[0] == lo.IS_NORMAL
    assert told(bank, 100, math.nan, 0.0, quality=LOST) == [(lo.IS_UNKNOWN, 0.0)]
    known = [s for s in range(130, 300, 5) if told(bank, s, 4.0, 0.0)]  # a metre less, but nobody saw it go
    assert known == [190]  # a whole window after 130
    assert bank.conditions()[0] == lo.IS_NORMAL


def test_a_long_multivariate_agrees_with_its_twin() -> None:
    random, total = np.random.default_rng(11), 0
    mixing = random.normal(size=(5, 2))
    for statistic, smooth, weight in (
        ("both", False, 1.0),
        ("t2", True, 0.2),
        ("q", True, 1.0),
        ("t2", False, 0.1),
    ):
        rule = Multivariate(
            tags=(0, 1, 2, 3, 4),
            weight=weight,
            shrink=0.1 * smooth,
            relearn=10 if weight == 0.1 else 0, learn=100 * S, confidence=0.99, keep=0.8, smooth=smooth,
            statistic=statistic,
            on_delay=S, off_delay=2 * S,
        )  # fmt: skip
        inputs = []
        for second in range(600):
            x = mixing @ random.normal(size=2) + 0.1 * random.normal(size=5)
            x[2] += 1.5 * (300 <= second < 330 or 450 <= second < 460)
            quality = int(random.choice([GOOD, FROZEN, LOST], p=[0.97, 0.02, 0.01]))
            inputs.append((rows(second, *x, quality=quality), START + second * S))
        total += agree(rule, inputs, 5)
    assert total > 30


def test_after_a_change_it_learns_the_new_means_and_finds_the_next() -> None:
    random = np.random.default_rng(4)
    rule = Multivariate(
        tags=(0, 1), learn=400 * S, statistic="t2", keep=1.0, weight=0.1, relearn=40, trigger=2.0
    )
    bank, raised, cleared = Bank(2, [rule]), [], []
    for second in range(2000):
        level = 3.0 * (second >= 800) + 3.0 * (second >= 1400)
        for condition, _ in told(bank, second, *(random.normal(size=2) + level)):
            raised += [second] if condition == lo.IS_ACTIVE else []
            cleared += [second] if condition == lo.IS_NORMAL else []
    assert len(raised) == 2
    assert 800 < raised[0] < 810
    assert 1400 < raised[1] < 1410
    assert cleared[1:] == [raised[0] + 41, raised[1] + 41]


@pytest.mark.parametrize("statistic", ["t2", "both"])
def test_a_plant_that_stands_still_teaches_nothing(statistic: str) -> None:
    """What was learned from it has no limit: the rule goes on learning, unknown, and is not normal for ever."""
    random, rule = np.random.default_rng(5), Multivariate(tags=(0, 1), learn=50 * S, statistic=statistic)
    bank, inputs = Bank(2, [rule]), []
    for second in range(100):
        told(bank, second, 5.0, 7.0)
        inputs.append((rows(second, 5.0, 7.0), START + second * S))
    assert bank.conditions()[0] == lo.IS_UNKNOWN
    for second in range(100, 300):
        x = 5.0 + random.normal(size=2) + 40.0 * (second >= 250)
        told(bank, second, *x)
        inputs.append((rows(second, *x), START + second * S))
    assert bank.conditions()[0] == lo.IS_ACTIVE
    assert agree(rule, inputs, 2) > 0


def test_q_alone_of_tags_that_have_nothing_in_common_is_never_known() -> None:
    """All components are kept, so none is left over that could be judged."""
    random, rule = np.random.default_rng(6), Multivariate(tags=(0, 1), learn=50 * S, statistic="q", keep=1.0)
    bank = Bank(2, [rule])
    for second in range(200):
        told(bank, second, *random.normal(size=2))
    assert bank.conditions()[0] == lo.IS_UNKNOWN


def test_a_fault_that_breaks_the_correlation_is_beyond_q_and_not_t2() -> None:
    random = np.random.default_rng(3)
    banks = {
        s: Bank(3, [Multivariate(tags=(0, 1, 2), learn=500 * S, statistic=s, smooth=True)])
        for s in ("t2", "q")
    }
    alarms: dict[str, list[int]] = {"t2": [], "q": []}
    for second in range(1500):
        drive = random.normal()
        x = [drive, 2 * drive, -drive] + 0.05 * random.normal(size=3)
        x[1] += 0.6 * (second >= 1200)  # small beside its own movement of 2, large beside what the others say
        for name, bank in banks.items():
            alarms[name] += [second for c, _ in told(bank, second, *x) if c == lo.IS_ACTIVE]
    assert [s for s in alarms["q"] if s < 1200] == []
    assert 1200 <= alarms["q"][0] <= 1210
    assert alarms["t2"] == []


@pytest.mark.parametrize(("confidence", "members"), [(0.99, 3), (0.95, 8)])
def test_false_alarms_of_t2_and_q_are_as_many_as_said(confidence: float, members: int) -> None:
    """On noise alone each statistic is beyond its limit in one sample of 1 / (1 - confidence)."""
    random = np.random.default_rng(5)
    mixing = random.normal(size=(members, members // 2 + 1))
    x = random.normal(size=(6000, members // 2 + 1)) @ mixing.T + 0.3 * random.normal(size=(6000, members))
    for statistic in ("t2", "q"):
        model = Model(
            Multivariate(tags=tuple(range(members)), learn=S, statistic=statistic, confidence=confidence),
            x[:2000],
        )
        beyond = np.mean([model.ratio(v) > 1 for v in x[2000:]])
        assert 0.5 * (1 - confidence) < beyond < 1.7 * (1 - confidence)


@pytest.mark.parametrize(
    ("a", "b", "f"),
    [(1, 60, 7.077), (2, 60, 4.977), (5, 120, 3.174), (3, 1000, 3.801), (10, 30, 2.979)],
)
def test_paulson_is_within_two_per_cent_of_the_table(a: int, b: int, f: float) -> None:
    assert paulson(2.3263478740, a, b) == pytest.approx(f, rel=0.025)


def test_deviation_in_percent_of_span_and_one_side() -> None:
    rule = Deviation(tag=0, reference=1, trigger=5.0, reset=4.0, side="high", span=200.0)
    bank = Bank(2, [rule])
    assert told(bank, 0, 100.0, 100.0) == [(lo.IS_NORMAL, 0.0)]
    assert told(bank, 1, 80.0, 100.0) == []
    assert told(bank, 2, 110.0, 100.0) == [(lo.IS_ACTIVE, 5.0)]
    assert told(bank, 3, 108.0, 100.0) == []
    assert told(bank, 4, math.nan, 101.0) == [(lo.IS_NORMAL, 3.5)]


def test_a_sensor_that_fails_does_not_clear_what_it_had_raised() -> None:
    bank = Bank(3, [Spread(tags=(0, 1, 2), trigger=2.0, reset=1.0, least=2)])
    assert told(bank, 0, 5.0, 5.1, 9.0)[0][0] == lo.IS_ACTIVE
    assert (
        told(bank, 1, math.nan, math.nan, 9.0, quality=LOST) == []
    )  # the two that are left agree, but it holds
    assert told(bank, 2, math.nan, math.nan, 5.2)[0][0] == lo.IS_NORMAL


def test_the_median_tells_which_of_three_is_off() -> None:
    wide = Bank(3, [Spread(tags=(0, 1, 2), trigger=2.0, reset=1.5, measure="median")])
    assert told(wide, 0, 4.0, 5.0, 5.5) == [(lo.IS_NORMAL, 1.0)]
    assert told(wide, 1, 4.0, 5.0, 8.0) == [(lo.IS_ACTIVE, 3.0)]


def test_limits_follow_the_state() -> None:
    rule = StateLimit(
        tag=0, selector=1, states=(1.0, 2.0), triggers=(80.0, 95.0), resets=(78.0, 93.0), free=(3.0,),
        otherwise="strictest",
    )  # fmt: skip
    bank = Bank(2, [rule])
    assert told(bank, 0, 85.0, 2.0)[0][0] == lo.IS_NORMAL
    assert told(bank, 1, 85.0, 1.0)[0][0] == lo.IS_ACTIVE
    assert told(bank, 2, 99.0, 3.0)[0][0] == lo.IS_NORMAL
    assert told(bank, 3, 85.0, 7.0)[0][0] == lo.IS_ACTIVE  # a state nobody named: the strictest
    assert told(bank, 4, math.nan, 1.0, quality=LOST) == []
    assert told(bank, 5, 10.0) == []  # without the state nothing clears


def test_the_same_steps_are_checked_before_they_run() -> None:
    def make(*steps: tuple[int, float]) -> Expression:
        return Expression(
            tags=(0,), steps=tuple(float(x) for s in steps for x in s), points=(2.0, 1.0, 1.0, 0.0, 0.0)
        )

    for steps, says in [
        (((op.LOAD, 1),), "on a stack of 0"),
        (((op.LOAD, 0), (op.ADD, 0)), "on a stack of 1"),
        (((op.LOAD, 0), (op.LOAD, 0)), "one number"),
        (((op.LOAD, 0), (op.JUMP, 0)), "jumps"),
        (((op.LOAD, 0), (99, 0)), "step 1"),
        (((op.LOAD, 0), (op.TABLE, 0)), "must rise"),
        (((op.LOAD, 0), (op.TABLE, 9)), "no table"),
        (((op.PUSH, math.inf),), "step 0"),
        (((op.LOAD, 0), (op.UNLESS, 3), (op.PUSH, 1), (op.PUSH, 1)), "different depth"),
        ((), "0 steps"),
    ]:
        with pytest.raises(ValueError, match=says):
            make(*steps)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Deviation(tag=0, reference=0, trigger=1.0, reset=0.5), "different"),
        (lambda: Deviation(tag=0, reference=1, trigger=1.0, reset=2.0), "allowed 0 <= reset"),
        (lambda: Deviation(tag=0, reference=1, trigger=1.0, reset=1.0, side="up"), "allowed high"),
        (lambda: Spread(tags=(0, 1), trigger=1.0, reset=0.5, least=3), "allowed 0"),
        (lambda: StateLimit(tag=0, selector=1, states=(1.0,), triggers=(), resets=()), "one of each"),
        (lambda: StateLimit(tag=0, selector=1, states=(1.5,), triggers=(1.0,), resets=(1.0,)), "whole"),
        (lambda: StateLimit(tag=0, selector=1, states=(1.0,), triggers=(1.0,), resets=(2.0,)), "beyond"),
        (lambda: Balance(volume=0, inflows=(1,), trigger=1.0, reset=0.5, window=S, per=0), "per above 0"),
        (
            lambda: Balance(volume=0, inflows=(1,), trigger=1.0, reset=0.5, window=S, per=S, bridge=2 * S),
            "bridge",
        ),
        (lambda: Balance(volume=0, trigger=1.0, reset=0.5, window=S, per=S), "2 or more"),
        (lambda: Multivariate(tags=(0, 1), learn=S, keep=0.0), "keep"),
        (lambda: Multivariate(tags=(0, 1), learn=S, least=4), "samples"),
        (lambda: Multivariate(tags=(0, 1), learn=S, weight=0.0), "weight"),
        (lambda: Multivariate(tags=tuple(range(65)), learn=S), "allowed 2..64"),
        (lambda: Expression(tags=(0,), steps=(1.0,)), "pairs"),
    ],
)
def test_group_settings_that_cannot_be_are_refused(make: Any, says: Any) -> None:
    with pytest.raises(ValueError, match=says):
        make()
