"""What every kind of detector promises. Kinds are found in the registry: a new one is tested by being there."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors import layout as lo
from detectors.bank import VERSION, Bank
from detectors.kinds import KINDS, Discrepancy, Limit, Vote
from tests.unit.detectors import kinds_common, kinds_groups, kinds_statistics
from tests.unit.detectors.families import RULES, TWINS, any_rule
from tests.unit.detectors.streams import START, TAGS, S, holds, streams
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
kinds = pytest.mark.parametrize("kind", sorted(KINDS))


def plain(edges: Any) -> Any:
    return [tuple(e[f].item() for f in FIELDS) for e in edges]


def run(bank: Any, stream: Any) -> Any:
    return [plain(bank.feed(rows, len(rows), now)) for rows, now in stream]


def test_every_kind_is_drawn_has_a_twin_and_is_documented() -> None:
    assert set(RULES) == set(KINDS)
    assert set(TWINS) == set(KINDS.values())
    assert all("Bad quality:" in (k.__doc__ or "") for k in KINDS.values())


@kinds
@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_twin_agrees(kind: Any, data: Any) -> None:
    rules, hold = data.draw(st.lists(RULES[kind], min_size=1, max_size=3)), data.draw(holds)
    bank, world = Bank(TAGS, rules, hold), World(TWINS, TAGS, rules, hold)
    for rows, now in data.draw(streams()):
        found = plain(bank.feed(rows, len(rows), now))
        wanted = [tuple(getattr(e, f) for f in FIELDS) for e in world.feed(rows, now)]
        assert len(found) == len(wanted), (found, wanted)
        for a, b in zip(found, wanted, strict=True):
            assert a == pytest.approx(b, rel=1e-9, abs=1e-9, nan_ok=True)


@kinds
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_snapshot_and_restore_at_every_edge_changes_nothing(kind: Any, data: Any) -> None:
    rules, hold, stream = (
        data.draw(st.lists(RULES[kind], min_size=1, max_size=3)),
        data.draw(holds),
        data.draw(streams()),
    )
    whole = Bank(TAGS, rules, hold)
    wanted = run(whole, stream)
    found, parts = [], Bank(TAGS, rules, hold).dump()
    for rows, now in stream:
        bank = Bank(TAGS, rules, hold)
        bank.load(parts)
        found.append(plain(bank.feed(rows, len(rows), now)))
        parts = bank.dump()
    assert parts == whole.dump()
    assert repr(found) == repr(wanted)


@given(rules=st.lists(st.one_of(*kinds_common.RULES.values()), min_size=1, max_size=6), stream=streams())
@settings(max_examples=60, deadline=None)
def test_a_full_edge_buffer_is_emptied_and_nothing_is_lost(rules: Any, stream: Any) -> None:
    whole, narrow = Bank(TAGS, rules), Bank(TAGS, rules)
    family = narrow.families["common"]
    family._memory["edges"] = family._memory["edges"][: 3 * len(rules) + 4 * len(rules)]
    family._bind()
    assert repr(run(whole, stream)) == repr(run(narrow, stream))
    assert whole.dump() == narrow.dump()


@given(rules=st.lists(any_rule, min_size=1, max_size=5), stream=streams())
@settings(max_examples=60, deadline=None)
def test_all_families_together_agree_with_their_twins(rules: Any, stream: Any) -> None:
    bank, world = Bank(TAGS, rules), World(TWINS, TAGS, rules, [0] * TAGS)
    for rows, now in stream:
        found = plain(bank.feed(rows, len(rows), now))
        wanted = [tuple(getattr(e, f) for f in FIELDS) for e in world.feed(rows, now)]
        assert len(found) == len(wanted)
        assert [f[:4] for f in found] == [w[:4] for w in wanted]


@kinds
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_memory_is_constant_and_input_untouched(kind: Any, data: Any) -> None:
    bank = Bank(TAGS, [data.draw(RULES[kind])])
    size = {k: len(v) for k, v in bank.dump().items()}
    for rows, now in data.draw(streams()):
        before = rows.tobytes()
        bank.feed(rows, len(rows), now)
        assert rows.tobytes() == before
    assert {k: len(v) for k, v in bank.dump().items()} == size


@kinds
@given(data=st.data())
@settings(max_examples=80, deadline=None)
def test_bad_quality_only_makes_unknown(kind: Any, data: Any) -> None:
    """After any history, BAD readings of all tags: whatever was known is unknown, and nothing is raised or cleared."""
    rules = data.draw(st.lists(RULES[kind], min_size=1, max_size=3))
    bank, stream = Bank(TAGS, rules), data.draw(streams())
    run(bank, stream)
    newest = max([int(rows["source"].max(initial=0)) for rows, _ in stream] + [stream[-1][1]])
    bank.feed(np.zeros(0, lo.ROW), 0, newest + 100 * S)  # delays that run come to their end
    rows = np.array(
        [(newest + 100 * S, newest + 100 * S, np.nan, t, 131, lo.JUDGED, 0) for t in range(TAGS)], lo.ROW
    )
    edges = bank.feed(rows, TAGS, newest + 100 * S)
    of_them = edges[
        edges["time"] == newest + 100 * S
    ]  # (an earlier bucket of a rate is closed by any reading)
    assert set(of_them["after"].tolist()) <= {lo.IS_UNKNOWN}
    assert all(e["quality"] == 131 for e in of_them)
    assert all(e["quality"] < 128 for e in edges if e["time"] < newest + 100 * S)
    again = bank.feed(rows, 0, newest + 10_000 * S)
    assert len(again) == 0  # nothing runs out while unknown


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"vote"}))
@given(data=st.data())
@settings(max_examples=80, deadline=None)
def test_uncertain_never_clears(kind: Any, data: Any) -> None:
    """Any history, then only UNCERTAIN readings: what is active stays so."""
    rule, stream = data.draw(RULES[kind]), data.draw(streams())
    bank = Bank(TAGS, [rule])
    run(bank, stream)
    clock = max([int(rows["source"].max(initial=0)) for rows, _ in stream] + [stream[-1][1]])
    bank.feed(rows_of(clock + S, 67, [0.0] * TAGS), TAGS, clock + S)
    active = bank.conditions()[0] == lo.IS_ACTIVE
    for step in range(2, 20):
        values = [float(data.draw(st.integers(-5, 5))) for _ in range(TAGS)]
        edges = bank.feed(rows_of(clock + step * S, 67, values), TAGS, clock + step * S)
        if active:
            assert lo.IS_NORMAL not in edges["after"].tolist()
            # (an unnamed state, or an expression, may have no verdict at all)
            assert bank.conditions()[0] == lo.IS_ACTIVE or kind in kinds_groups.MAY_HAVE_NO_NUMBER


def rows_of(when: int, quality: int, values: list[float]) -> np.ndarray:
    return np.array([(when, when, v, t, quality, lo.JUDGED, 0) for t, v in enumerate(values)], lo.ROW)


@kinds
@given(data=st.data(), outage=st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_an_outage_moves_every_timer(kind: Any, data: Any, outage: Any) -> None:
    """The same stream after an outage, everything later by it: the same edges, later by it (rates see a real gap)."""
    if kind in kinds_common.LOOK_BACK | kinds_groups.LOOK_BACK | kinds_statistics.LOOK_BACK:
        outage = 0
    rules, hold = data.draw(st.lists(RULES[kind], min_size=1, max_size=3)), data.draw(holds)
    stream, cut = data.draw(streams()), data.draw(st.integers(0, 10))
    plain_bank, shifted = Bank(TAGS, rules, hold), Bank(TAGS, rules, hold)
    for rows, now in stream[:cut]:
        assert repr(plain(plain_bank.feed(rows, len(rows), now))) == repr(
            plain(shifted.feed(rows, len(rows), now))
        )
    shifted.shift(outage * S)
    for rows, now in stream[cut:]:
        later = rows.copy()
        later["source"] += outage * S
        later["received"] += outage * S
        a, b = plain_bank.feed(rows, len(rows), now), shifted.feed(later, len(later), now + outage * S)
        assert (a["time"] + outage * S).tolist() == b["time"].tolist()
        assert a["after"].tolist() == b["after"].tolist()


def test_a_fresh_bank_answers() -> None:
    bank = Bank(2, [None, Limit(tag=1, trigger=1.0, reset=0.5)])
    assert len(bank.feed(np.zeros(0, lo.ROW), 0, START)) == 0
    assert bank.next_deadline() == lo.NEVER


def test_state_of_another_shape_is_refused_whole() -> None:
    bank, other = (
        Bank(2, [Limit(tag=1, trigger=1.0, reset=0.5)]),
        Bank(3, [Limit(tag=1, trigger=1.0, reset=0.5)]),
    )
    before = bank.dump()
    with pytest.raises(ValueError, match="tags"):
        bank.load(other.dump())
    assert bank.dump() == before
    assert VERSION.startswith("detectors/")


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Limit(tag=0, trigger=1.0, reset=2.0), "beyond trigger"),
        (lambda: Limit(tag=0, trigger=1.0, reset=0.0, low=True), "beyond trigger"),
        (lambda: Limit(tag=0, trigger=float("nan"), reset=0.0), "finite"),
        (lambda: Limit(tag=0, trigger=1.0, reset=0.0, on_delay=-1), "negative"),
        (lambda: KINDS["rate"](tag=0, trigger=1.0, reset=0.0, window=60, buckets=61), "buckets"),
        (lambda: KINDS["state"](tag=0, values=()), "no values"),
        (lambda: KINDS["trend"](tag=0, limit=1.0, horizon=9 * S, window=8 * S), "buckets"),
        (lambda: KINDS["trend"](tag=0, limit=1.0, horizon=200 * S, window=40 * S), "up to 4 windows"),
        (lambda: KINDS["trend"](tag=0, limit=1.0, horizon=S, window=40 * S, confidence=0.4), "allowed 0.5"),
        (lambda: KINDS["spike"](tag=0, trigger=1.0, reset=2.0), "allowed 0 < reset"),
        (lambda: KINDS["frozen"](tag=0, window=0), "allowed more than 0"),
        (lambda: Bank(1, [KINDS["frozen"](tag=0, window=w) for w in (S, 2 * S)]), "allowed one of each"),
        (lambda: Discrepancy(command=0, feedback=1, tolerance=1.0, reset=2.0), "allowed"),
        (lambda: Vote(tags=(0, 0), needed=1, trigger=1.0, reset=0.0), "different"),
        (lambda: Vote(tags=(0, 1), needed=3, trigger=1.0, reset=0.0), "allowed 1..2"),
        (lambda: Vote(tags=(0, 1), needed=1, trigger=1.0, reset=0.0, degrade="x"), "allowed trip"),
        (lambda: Bank(1, [Limit(tag=1, trigger=1.0, reset=0.0)]), "looks at tags"),
        (lambda: Bank(1, [], [-1]), "negative"),
    ],
)
def test_settings_that_cannot_be_are_refused_and_say_what_is_allowed(make: Any, says: Any) -> None:
    with pytest.raises(ValueError, match=says):
        make()
