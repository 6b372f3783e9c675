"""An older version on a newer folder: it reads what it can, refuses what it cannot, and goes back when told to."""

from __future__ import annotations

import json
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from gateway.model.errors import Misconfigured
from gateway.store import Store, rollback
from gateway.store.verify import verify_journal
from tests.unit.store import make
from tests.unit.store.make import T0

Open = Callable[..., Store]


class Newer(StrEnum):
    """Words that this version does not have."""

    PROPHESIED = "prophesied"


def put(store: Store, *kinds: Any, rule: str = "L.H") -> None:
    for kind in kinds:
        number = store.last_input[0] + 1
        event = make.event(T0 + number, n=number, rule=rule)
        event = event if kind is None else event._replace(event=kind)
        store.commit([make.readings(number, T0 + number)], [event], T0 + number)
        store.spool.append(number, number, make.batch(5, T0 + number))


def newer(opened: Open, *kinds: Any) -> Path:
    """A folder of three records of ours, and then of ``kinds``, closed by a version with other words."""
    store = opened()
    put(store, None, None, None)
    store.set_cursors({"county.events": 2, "tsdb.readings": 99})
    put(store, *kinds, rule="L.HH")
    store.set_cursors({"county.alarms": store.head.seq})
    store.remember("words", "of a newer version")
    store.close()
    return store.folder


def bytes_of(store: Store) -> list[bytes]:
    return [r.data for r in store.records(0, 99)]


def test_what_can_be_read_is_simply_gone_on_with(opened: Open) -> None:
    folder = newer(opened, None, None)
    assert rollback.look(folder) is None
    assert rollback.set_aside(folder) is None
    store = opened()
    assert (store.note, store.head.seq) == ("", 5)
    assert store.remembered("words") == {"": rollback.WORDS}, "read once, not at each start"
    put(store, None)
    assert verify_journal(folder).ok


def test_what_cannot_be_read_is_refused_and_the_command_named(opened: Open) -> None:
    folder = newer(opened, None, Newer.PROPHESIED, None)
    before = (folder / "plant.db").read_bytes()
    with pytest.raises(Misconfigured, match=r"from seq 5 on.*prophesied.*fengsui rollback") as caught:
        opened()
    assert "Nothing was changed" in str(caught.value)
    assert (folder / "plant.db").read_bytes() == before
    found = rollback.look(folder)
    assert found is not None
    assert found.seq == 5


def test_it_is_set_aside_whole_and_a_new_epoch_says_so(opened: Open) -> None:
    folder = newer(opened, None, Newer.PROPHESIED, None)
    with pytest.raises(Misconfigured):
        opened()
    done = rollback.set_aside(folder)
    assert done is not None
    assert (done.first, done.last, done.raised) == (5, 6, ("L.HH",))
    assert done.missing == {"county.events": 2}
    lines = done.file.read_bytes().splitlines()
    assert [json.loads(line)["seq"] for line in lines] == [5, 6]
    assert json.loads(lines[0])["event"] == "prophesied"
    store = opened(adopt=done.why)
    assert store.epoch != done.epoch
    assert "seq 5 to 6" in store.note
    assert "raised in them: L.HH" in store.note
    assert store.previous is not None
    assert (store.previous.epoch, store.previous.seq) == (done.epoch, 4)
    assert (store.head.seq, store.last_input[0]) == (4, 4), "judging begins where the journal ends"
    doubtful = store._writer.db.execute("SELECT what, number, data FROM doubtful").fetchall()
    assert [(what, number) for what, number, _ in doubtful] == [
        ("record", 5),
        ("record", 6),
        ("inputs", 5),
        ("inputs", 6),
    ]
    assert [data for what, _, data in doubtful if what == "record"] == lines, "byte by byte"
    put(store, None, None)
    assert [r.seq for r in store.records(0, 99)] == [1, 2, 3, 4, 5, 6]
    assert verify_journal(folder).ok
    store.close()
    again = opened()
    assert (again.note, again.epoch) == ("", store.epoch)


def test_killed_before_the_epoch_began_it_begins_with_the_next_start(opened: Open) -> None:
    folder = newer(opened, Newer.PROPHESIED)
    assert rollback.set_aside(folder) is not None
    store = opened()
    assert "the journal ends at seq 3" in store.note
    put(store, None)
    assert verify_journal(folder).ok


def test_an_epoch_that_the_newer_version_began_goes_with_it(opened: Open, tmp_path: Path) -> None:
    folder = newer(opened, None)
    store = opened(adopt="adopted by a newer version")
    put(store, Newer.PROPHESIED, None)
    store.remember("words", "of a newer version")
    store.close()
    done = rollback.set_aside(folder)
    assert done is not None
    store = opened(adopt=done.why)
    assert store.previous is not None
    assert store.previous.seq == 4
    put(store, None)
    assert [r.seq for r in store.records(0, 99)] == [1, 2, 3, 4, 5], "no hole"
    assert verify_journal(folder).ok


def test_a_folder_of_which_nothing_can_be_read_is_left_alone(opened: Open) -> None:
    store = opened()
    put(store, Newer.PROPHESIED)
    store.remember("words", "x")
    store.close()
    before = (store.folder / "plant.db").read_bytes()
    with pytest.raises(Misconfigured, match="use another folder"):
        rollback.set_aside(store.folder)
    assert (store.folder / "plant.db").read_bytes() == before


def test_a_gateway_that_runs_is_not_rolled_back(opened: Open, tmp_path: Path) -> None:
    store = opened()
    with pytest.raises(Misconfigured, match="in use"):
        rollback.set_aside(store.folder)
    with pytest.raises(Misconfigured, match=r"no plant\.db"):
        rollback.look(tmp_path)


def test_the_folder_is_as_it_was_when_the_file_cannot_be_written(opened: Open) -> None:
    folder = newer(opened, Newer.PROPHESIED)
    (folder / f"journal-4-4-{_epoch(folder)}.jsonl").mkdir()
    with pytest.raises(Misconfigured, match="cannot be rolled back"):
        rollback.set_aside(folder)
    assert verify_journal(folder).records == 4


def _epoch(folder: Path) -> str:
    from gateway.store import open_reader

    with open_reader(folder) as reader:
        return reader.head.epoch
