"""The ledger: which step of an event's delivery came when, and what can still be said without it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.model.errors import Misconfigured
from gateway.store import Identity, Store
from gateway.store.ledger import FILE, Key, LedgerFile, Stage, Steps, read_ledger

ENDS = {"county.alarms": Stage.ACCEPTED, "county.events": Stage.STORED}


def key(n: int, occurrence: str = "a" * 32) -> Key:
    return Key(occurrence, n, n, "raised", "LT-1.HH", "LT-1", "red", 100, 200)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    store = Store.open(tmp_path, Identity("gw", "341524", "s"), now=1, reserve_bytes=4096)
    store.set_cursors({"county.alarms": 2})
    store.close()
    return tmp_path


def test_each_step_keeps_its_first_time(folder: Path) -> None:
    file = LedgerFile(folder, ENDS, 1)
    file.write([key(3)], {("a" * 32, 3, "county.alarms"): Steps(sent=300)})
    file.write([key(3)], {("a" * 32, 3, "county.alarms"): Steps(sent=400, accepted=410)})
    file.write([], {("a" * 32, 3, "county.events"): Steps(sent=300, accepted=301, stored=302)})
    file.close()
    told = read_ledger(folder).as_json()
    (event,) = told["events"]
    assert told["outputs"] == {
        "county.alarms": {"ends_at": "accepted"},
        "county.events": {"ends_at": "stored"},
    }
    assert event["outputs"]["county.alarms"]["sent"].endswith("00.000000300Z")
    assert event["outputs"]["county.alarms"]["accepted"].endswith("00.000000410Z")
    assert event["outputs"]["county.alarms"]["stage"] == "accepted"
    assert event["outputs"]["county.events"]["stage"] == "stored"


def test_what_the_cursor_has_passed_is_settled_though_its_time_is_lost(folder: Path) -> None:
    file = LedgerFile(folder, ENDS, 1)
    steps = {("a" * 32, n, "county.alarms"): Steps(sent=300) for n in (2, 3)}
    file.write([key(2), key(3)], steps)
    file.close()
    found = read_ledger(folder)
    assert [found.stage(e, "county.alarms") for e in found.entries] == [Stage.SENT, Stage.ACCEPTED]
    assert found.stage(found.entries[0], "county.events") is Stage.WAITING


def test_a_refusal_has_the_words_of_the_other_side(folder: Path) -> None:
    file = LedgerFile(folder, ENDS, 1)
    file.write([key(1)], {("a" * 32, 1, "county.alarms"): Steps(sent=1, refused="not authorised (135)")})
    file.close()
    found = read_ledger(folder, ids=["aa"])
    assert found.stage(found.entries[0], "county.alarms") is Stage.REFUSED
    assert not read_ledger(folder, ids=["bb"]).entries


def test_it_is_bounded_and_the_newest_stay(folder: Path) -> None:
    file = LedgerFile(folder, ENDS, 1, keep=10)
    for n in range(1, 31):
        file.write([key(n)], {("a" * 32, n, "county.alarms"): Steps(sent=n)})
    file.close()
    assert [e.key.n for e in read_ledger(folder).entries] == list(range(30, 20, -1))


def test_a_damaged_one_is_moved_aside_and_begun_anew(folder: Path) -> None:
    (folder / FILE).write_bytes(b"this is no database" * 100)
    with pytest.raises(Misconfigured):
        read_ledger(folder)
    LedgerFile(folder, ENDS, 7).close()
    assert not read_ledger(folder).entries
    assert (folder / f"{FILE}.damaged-7").read_bytes().startswith(b"this is no")
