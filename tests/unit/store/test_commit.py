"""Journal, inputs and what rides along: committed together, there again after a restart."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable

import pytest

from gateway.model.inputs import Numbered, Readings
from gateway.model.wire import parse
from gateway.store import Head, Store, Ticket, open_reader
from gateway.store.canonical import ZERO, canonical, chain_hash
from tests.unit.store import make
from tests.unit.store.make import T0

Open = Callable[..., Store]


def test_a_new_store_is_empty(opened: Open) -> None:
    store = opened(epoch="beef")
    assert (store.epoch, store.head, store.previous) == ("beef", Head(0, ZERO, 0, "beef"), None)
    assert (store.last_input, store.records(0, 10), list(store.inputs(0))) == ((0, 0), [], [])
    assert (store.snapshots(), store.cursor("x"), store.config("y"), store.config_in_use()) == (
        [],
        0,
        None,
        None,
    )


def test_records_are_the_exact_chained_bytes(opened: Open) -> None:
    store = opened()
    commit = store.commit([make.tick(1)], [make.event(value=1.0), make.event(value=0.1)], T0)
    assert commit.durable
    prev = ZERO
    for seq, record in enumerate(commit.records, 1):
        body = json.loads(record.data)
        assert canonical(body) == record.data
        assert (body.pop("prev_hash"), body.pop("hash")) == (prev, record.hash)
        assert chain_hash(prev, canonical(body)) == record.hash
        assert (body["seq"], record.seq, body["epoch"], body["gateway"]) == (seq, seq, store.epoch, "gw-01")
        prev = record.hash
    assert store.head == Head(2, prev, commit.records[-1].recorded, store.epoch)


def test_recorded_strictly_increases_whatever_the_clock_does(opened: Open) -> None:
    store = opened()
    times = [T0, T0, T0 - 5, T0 + 100]
    records = [
        r
        for n, at in enumerate(times, 1)
        for r in store.commit([make.tick(n)], [make.event()] * 2, at).records
    ]
    recorded = [r.recorded for r in records]
    assert all(a < b for a, b in itertools.pairwise(recorded))
    assert recorded[-2] == T0 + 100


def test_everything_is_there_after_a_restart(opened: Open) -> None:
    store = opened()
    inputs = [make.tick(1, T0), make.readings(2, T0 + 7), make.tick(3, T0 + 3)]
    records = store.commit(inputs, [make.event()], T0).records
    store.commit([make.tick(4, T0 + 5)], [], T0)
    store.set_cursors({"county.events": 1})
    before = (store.epoch, store.head, store.last_input)
    store.close()
    again = opened(now=T0 + 10)
    assert (again.epoch, again.head, again.last_input) == before
    assert again.last_input == (4, T0 + 7 + 1_000_000)
    assert [(r.seq, r.recorded, r.hash, r.data) for r in again.records(0, 9)] == [
        (r.seq, r.recorded, r.hash, r.data) for r in records
    ]
    assert again.records(0, 9) == [parse(r.data) for r in records]
    assert list(again.inputs(0)) == [*inputs, make.tick(4, T0 + 5)]
    assert again.cursor("county.events") == 1
    assert again.note == ""


def test_inputs_and_records_are_read_from_any_place(opened: Open) -> None:
    store = opened()
    for n in range(0, 300, 3):
        store.commit([make.tick(n + i) for i in (1, 2, 3)], [make.event(n=n + 1)], T0)
    for after in (0, 1, 2, 3, 150, 298, 299, 300, 500):
        assert [i.number for i in store.inputs(after)] == list(range(after + 1, 301))
    assert [r.seq for r in store.records(40, 7)] == list(range(41, 48))


def test_a_hole_in_the_numbers_is_a_bug_and_changes_nothing(opened: Open) -> None:
    store = opened()
    store.commit([make.tick(1)], [], T0)
    for wrong in ([make.tick(3)], [make.tick(1)], [make.tick(2), make.tick(4)]):
        with pytest.raises(ValueError, match="was due"):
            store.commit(wrong, [make.event()], T0)
    assert (store.last_input[0], store.head.seq) == (1, 0)


def test_an_event_json_cannot_carry_is_a_bug_and_changes_nothing(opened: Open) -> None:
    store = opened()
    with pytest.raises(ValueError, match="safe integer"):
        store.commit([make.tick(1)], [make.event(), make.event(detail={"ns": T0})], T0)
    assert (store.last_input[0], store.head.seq) == (0, 0)
    assert store.commit([make.tick(1)], [make.event()], T0).durable


def test_events_without_inputs_and_nothing_at_all(opened: Open) -> None:
    store = opened()
    assert store.commit([], [make.event()], T0).records[0].seq == 1
    assert store.commit([], [], T0).records == []
    store.close()
    assert opened().head.seq == 1


def test_configs_are_kept_whole_and_the_one_in_use_is_known(opened: Open) -> None:
    store = opened()
    store.keep_config("aa", b"one")
    assert store.config("aa") == b"one"
    assert store.config_in_use() is None
    store.commit([make.tick(1)], [], T0)
    assert store.config_in_use() == "aa"
    store.keep_config("bb", b"two")
    assert store.config_in_use() == "aa", "no input has been judged by it yet"
    store.close()
    again = opened()
    assert (again.config("aa"), again.config("bb"), again.config_in_use()) == (b"one", b"two", "aa")


def test_dead_letters_are_kept_and_bounded(
    opened: Open, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.store.plant.MAX_DEAD_LETTERS", 3)
    store = opened()
    for n in range(5):
        store.dead_letter("tsdb.readings", f"reason {n}", bytes([n]), T0 + n)
        store.commit([make.tick(n + 1)], [], T0)
    with open_reader(store.folder) as reader:
        letters = reader.dead_letters(10)
    assert [(x.time, x.output, x.reason, x.data) for x in letters] == [
        (T0 + n, "tsdb.readings", f"reason {n}", bytes([n])) for n in (4, 3, 2)
    ]


def test_a_reader_beside_the_writer_sees_what_is_committed(opened: Open) -> None:
    store = opened()
    store.commit([make.readings(1)], [make.event()], T0)
    with store.reader() as reader:
        assert reader.head_seq == 1
        store.commit([make.tick(2)], [make.event()], T0)
        assert reader.head == store.head
        assert reader.records(0, 5) == store.records(0, 5)
        assert [i.number for i in reader.inputs(0)] == [1, 2]
        with pytest.raises(Exception, match="readonly"):
            reader._plant.execute("DELETE FROM journal")


def test_closing_twice_is_fine(opened: Open) -> None:
    store = opened()
    store.close()
    store.close()


def test_a_batch_comes_back_exactly(opened: Open) -> None:
    store = opened()
    batch = make.batch(500)
    store.commit([Numbered(1, Readings(batch))], [], T0)
    (again,) = store.inputs(0)
    assert isinstance(again.input, Readings)
    assert again.input.batch.to_bytes() == batch.to_bytes()


def test_what_the_disk_has_just_answered_does_not_leave_a_second_time(opened: Open) -> None:
    """The commit is done, and before its caller can be told, the caller loses patience."""
    store, ticket = opened(), Ticket()
    done = store.commit([make.tick(1)], [make.event()], T0, ticket)
    left, gaps = store.leave_early(ticket, [make.tick(1)], [make.event()], T0 + 1)
    assert ([r.data for r in left], gaps) == ([r.data for r in done.records], [])
    assert store.commit([make.tick(2)], [make.event(n=2)], T0 + 2).records[0].seq == 2
    assert [r.seq for r in store.records(0, 9)] == [1, 2]
