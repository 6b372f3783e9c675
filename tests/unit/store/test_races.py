"""Two threads and a disk that answers at the worst moment: one chain, nothing twice, nothing lost."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.model.events import Record
from gateway.model.times import NS
from gateway.store import Store, Ticket
from gateway.store.instance import Instance, InstanceFile
from gateway.store.verify import verify_journal
from gateway.store.writer import Writer
from tests.unit.store import make
from tests.unit.store.conftest import Disk
from tests.unit.store.make import T0

Open = Callable[..., Store]


class Gate:
    """The store's gate; ``then`` is called once, when it was left for the ``nth`` time."""

    def __init__(self, real: Any, nth: int, then: Callable[[], None]) -> None:
        self._real, self._left, self._then = real, nth, then

    def __enter__(self) -> None:
        self._real.acquire()

    def __exit__(self, *_: object) -> None:
        self._real.release()
        self._left -= 1
        if self._left == 0:
            self._then()


def commit(store: Store, ticket: Ticket | None = None) -> list[Record]:
    number = store.last_input[0] + 1
    at = T0 + number * 2 * NS
    return store.commit([make.readings(number, at)], [make.event(at, n=number)], at, ticket).records


@pytest.mark.parametrize("nth", range(1, 6))
def test_a_decision_that_leaves_at_any_moment_of_its_own_commit_is_journalled_as_it_left(
    opened: Open, nth: int
) -> None:
    store = opened()
    sent = {r.seq: r.data for r in commit(store)}
    ticket, number = Ticket(), 2
    inputs, events = [make.readings(number, T0 + 4 * NS)], [make.event(T0 + 4 * NS, n=number)]
    left: list[Record] = []

    def leaves() -> None:
        left.extend(store.leave_early(ticket, inputs, events, T0 + 5 * NS)[0])

    real: Any = store._gate
    store._gate = Gate(real, nth, leaves)  # type: ignore[assignment]
    records = store.commit(inputs, events, T0 + 4 * NS, ticket).records
    store._gate = real
    sent |= {r.seq: r.data for r in left or records}
    for _ in range(3):
        sent |= {r.seq: r.data for r in commit(store)}
    assert store.durable
    assert {r.seq: r.data for r in store.records(0, 99)} == sent
    assert verify_journal(store.folder).ok, verify_journal(store.folder).text()
    assert [i.number for i in store.inputs(0)] == list(range(1, 6))


def test_what_was_overtaken_is_handed_out_once(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk has taken the commit after all, with other bytes than left: until they are written over, ours count."""
    store = opened()
    commit(store)
    ticket, number = Ticket(), 2
    inputs, events = [make.readings(number, T0 + 4 * NS)], [make.event(T0 + 4 * NS, n=number)]
    left: list[Record] = []
    real = Writer._attempt

    def attempt(writer: Writer, work: Any, now: int) -> bool:
        done = real(writer, work, now)
        if not left:
            left.extend(store.leave_early(ticket, inputs, events, T0 + 5 * NS)[0])
        return done

    monkeypatch.setattr(Writer, "_attempt", attempt)
    store.commit(inputs, events, T0 + 4 * NS, ticket)
    assert [(r.seq, r.data) for r in store.records(0, 9)][1:] == [(2, left[0].data)]
    assert [r.seq for r in store.records(0, 1)] == [1]
    assert store.catch_up(T0 + 9 * NS)
    assert [(r.seq, r.data) for r in store.records(0, 9)][1:] == [(2, left[0].data)]


def test_what_leaves_while_the_backlog_is_written_is_kept(
    opened: Open, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the end of writing the backlog and forgetting it there is a moment, too."""
    store = opened()
    disk.mode = "full"
    commit(store)
    disk.mode = None
    backlog, left = store._writer.backlog, list[Record]()

    class Groups(list):  # type: ignore[type-arg]
        """Slicing it is the moment."""

        def __getitem__(self, key: Any) -> Any:
            found = super().__getitem__(key)
            if isinstance(key, slice) and not left:
                inputs, events = [make.tick(2, T0 + 9 * NS)], [make.event(T0 + 9 * NS, n=2)]
                left.append(_later(store, inputs, events))
            return found

    backlog._groups = Groups(backlog._groups)
    store.catch_up(T0 + 9 * NS)
    store.catch_up(T0 + 19 * NS)
    if not left:
        commit(store)
    assert [r.seq for r in store.records(0, 9)] == [1, 2]
    assert [i.number for i in store.inputs(0)] == [1, 2]


def _later(store: Store, inputs: Any, events: Any) -> Record:
    return store.leave_early(Ticket(), inputs, events, T0 + 9 * NS)[0][0]


def test_the_end_of_a_danger_that_instance_never_heard_of_costs_nothing(
    opened: Open, disk: Disk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``instance`` refused to be told; later it hears how far the journal is, and a kill comes after more alarms."""
    store = opened()
    commit(store)
    disk.mode = "fsync"
    commit(store)
    disk.mode = None
    real = InstanceFile._write
    told = Counter[str]()

    def write(file: InstanceFile, content: Instance) -> None:
        told["over"] += not content.at_risk
        if told["over"] == 1:
            told["over"] += 1
            raise OSError("not now")
        real(file, content)

    monkeypatch.setattr(InstanceFile, "_write", write)
    commit(store)
    assert told["over"] > 1
    store._mark()
    for _ in range(3):
        commit(store)
    shutil.copytree(store.folder, tmp_path / "killed")
    again = opened("killed", adopt=True)
    assert [r.data for r in again.records(0, 99)] == [r.data for r in store.records(0, 99)]
    assert again.last_input == store.last_input


def test_a_mark_of_danger_that_comes_late_costs_nothing(opened: Open, disk: Disk, tmp_path: Path) -> None:
    """The thread that marks the danger hung with the disk; meanwhile all was written."""
    store = opened()
    commit(store)
    disk.mode = "fsync"
    commit(store)
    disk.mode = None
    commit(store)
    assert store.durable
    store.mark_risk()
    store._mark()
    commit(store)
    shutil.copytree(store.folder, tmp_path / "killed")
    again = opened("killed", adopt=True)
    assert [r.data for r in again.records(0, 99)] == [r.data for r in store.records(0, 99)]
    store.close()
    assert opened().note == "", "and no new epoch"


def test_words_that_are_no_unicode_hold_up_no_commit(opened: Open) -> None:
    store = opened()
    store.dead_letter("out", "told in \udcff bytes" + "x" * 10_000, b"d", T0)
    assert commit(store)
    assert store.durable
    store.close()
    with opened().reader() as reader:
        (letter,) = reader.dead_letters(9)
    assert letter.reason.startswith("told in \\udcff bytes")
    assert len(letter.reason) <= 2_000
