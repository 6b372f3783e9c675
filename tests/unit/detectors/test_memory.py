"""Rebuilding without a snapshot: a number made anew from the stored readings of its memory is the number it was."""

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from detectors import layout as lo
from detectors.bank import Bank
from detectors.kinds import KINDS, Params, tags_of
from detectors.kinds.memory import MEMORIES, Memory, memory_of
from tests.unit.detectors.families import RULES
from tests.unit.detectors.streams import START, TAGS, S, holds, streams

seeds = st.integers(0, 10_000)
Stream = Sequence[tuple[np.ndarray, int]]
FORGETFUL = sorted(name for name, kind in KINDS.items() if MEMORIES[kind] is not MEMORIES[KINDS["cusum"]])
"""kinds that do not depend on all of their past"""


EAGER = {"trend"}
"""kinds that may raise on a window that is not full yet, and then stay: beside what was, an alarm too many"""


def test_every_kind_says_how_far_it_looks_back() -> None:
    assert set(MEMORIES) == set(KINDS.values())


def decided(rule: Any) -> Params:
    """The rule without delays and hysteresis: what it says now is what its number says now."""
    names = {f.name for f in fields(rule)}
    plain = {name: 0 for name in ("on_delay", "off_delay") if name in names and name != "dwell"}
    if {"trigger", "reset"} <= names:
        plain["reset"] = rule.trigger
    if "longest" in names:  # and never reached at the very moment of a reading, where holding is neither
        plain["longest"] = plain["reset"] = rule.longest - S // 3
    made: Params = replace(rule, **plain)
    return made


def dense(seed: int) -> Stream:
    """A tag's reading nearly every second: enough for windows that want most of their buckets filled."""
    draw, value, inputs = np.random.default_rng(seed), np.zeros(TAGS), []
    for second in range(90):
        now = START + second * S
        value += draw.integers(-1, 2, TAGS)
        here = np.flatnonzero(draw.random(TAGS) < 0.95)
        rows = [(now, now, value[t], t, 128 if draw.random() < 0.01 else 0, lo.JUDGED, 0) for t in here]
        inputs.append((np.array(rows, lo.ROW), now))
    return inputs


def certain(stream: Stream) -> Stream:
    """No reading is UNCERTAIN: one that may not clear leaves a rule as it was, however long ago that began."""
    for rows, _ in stream:
        doubtful = (rows["quality"] >= 64) & (rows["quality"] < 128)
        rows["quality"][doubtful] = 0
        rows["flags"] &= ~np.uint8(lo.HELD)
    return stream


def begins(stream: Stream, rule: Params, memory: Memory) -> int:
    """The input from which the memory of the rule can be made anew."""
    seen = [
        (index, row)
        for index, (rows, _) in enumerate(stream)
        for row in rows
        if row["flags"] & lo.JUDGED and row["quality"] < 64
    ]
    mine = {tag: [(i, int(r["source"])) for i, r in seen if r["tag"] == tag] for tag in tags_of(rule)}
    if not all(mine.values()):
        return 0
    bound = min(rows[-1][1] for rows in mine.values()) - memory.time
    first = [max([i for i, source in rows if source <= bound], default=0) for rows in mine.values()]
    few = [rows[-memory.readings][0] if len(rows) >= memory.readings else 0 for rows in mine.values()]
    return min(*first, *few)


@pytest.mark.parametrize("kind", FORGETFUL)
def test_made_anew_from_its_memory_it_says_the_same_or_nothing(kind: str) -> None:
    known: list[bool] = []

    @given(data=st.data())
    @settings(max_examples=100, deadline=None)
    def check(data: Any) -> None:
        rule, hold = decided(data.draw(RULES[kind])), data.draw(holds)
        assume(not memory_of(rule).learned)
        stream = certain(data.draw(streams(longest=40) | seeds.map(dense)))
        cut = data.draw(st.integers(0, len(stream)))
        whole, anew = Bank(TAGS, [rule], hold), Bank(TAGS, [rule], hold)
        since = begins(stream[:cut], rule, memory_of(rule))
        judged = False
        for index, (rows, now) in enumerate(stream):
            whole.feed(rows, len(rows), now)
            if index >= since:
                anew.feed(rows, len(rows), now)
            was, is_ = int(whole.conditions()[0]), int(anew.conditions()[0])
            judged |= was != lo.IS_UNKNOWN  # before that the whole one is as young as the other
            if index >= cut - 1 and judged:
                more = {lo.IS_ACTIVE} if kind in EAGER else set()
                assert is_ in {was, lo.IS_UNKNOWN} | more, (since, cut, index)
                known.append(is_ != lo.IS_UNKNOWN and since > 0)

    check()
    assert any(known)


def test_a_bank_without_a_snapshot_knows_nothing_and_says_so() -> None:
    """Not normal: what is not known yet is unknown."""
    bank = Bank(1, [KINDS["limit"](tag=0, trigger=1.0, reset=0.5)])
    assert bank.conditions().tolist() == [lo.IS_UNKNOWN]
    rows = np.array([(START, START, 0.0, 0, 0, lo.JUDGED, 0)], lo.ROW)
    bank.feed(rows, 1, START + S)
    assert bank.conditions().tolist() == [lo.IS_NORMAL]
