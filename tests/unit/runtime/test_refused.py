"""Readings that are refused: told once, exactly, whatever is tried again or killed meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import pytest

from gateway.model.errors import Retry
from gateway.model.events import EventKind
from gateway.model.inputs import Numbered
from gateway.model.ports import Chunk, ReadingLane
from gateway.runtime.machine import Machine
from gateway.store import Identity, Store, open_reader
from tests.unit.runtime.rig import Ear, Rig, plant, running


class Database(Ear):
    """Takes readings; what it does with each chunk the test says, one after another, and at last it takes all."""

    def __init__(self, *answers: str) -> None:
        super().__init__("db.readings")
        self.lane = "readings"
        self.answers = list(answers)
        self.refuses: Callable[[Chunk], bool] = lambda _: False
        self.rows = 0

    async def run(self, lane: ReadingLane) -> None:  # type: ignore[override]
        while True:
            chunk = await lane.next()
            assert chunk is not None
            answer = self.answers.pop(0) if self.answers else "take"
            rows = len(chunk.batch)
            if "refuse" in answer:
                lane.reject(
                    ["x"] * rows, f"no {rows}", int(chunk.batch.source.min()), int(chunk.batch.source.max())
                )
            if "gone" in answer:
                raise Retry("gone", after=0.0)
            self.rows += rows if answer == "take" else 0
            lane.advance(chunk.id)


def gaps(machine: Machine) -> list[tuple[str, int]]:
    records = machine.store.records(0, 10_000)
    found = [r.event.detail for r in records if r.event.event is EventKind.GAP]
    return [(str(d["who"]), int(d["count"])) for d in found]


async def played(folder: Path, database: Database) -> tuple[int, list[tuple[str, int]]]:
    """(readings taken, gap records) after one reading and all of the database's moods."""
    async with running(folder, plant(), ear=database) as rig:
        rig.say("L", 5.0)
        await rig.until(lambda: rig.machine.outputs[0].lane.cursor > 0)
        await settled(rig)
        return database.rows, gaps(rig.machine)


async def settled(rig: Rig) -> None:
    """Everything told is committed: a later input is."""
    done = asyncio.Event()
    rig.say("L", 5.0, done=done.set)
    await rig.until(done.is_set)


async def test_refused_and_then_taken_is_not_lost(tmp_path: Path) -> None:
    rows, told = await played(tmp_path, Database("refuse, gone"))
    assert rows >= 1
    assert told == []
    with open_reader(tmp_path) as reader:
        assert reader.dead_letters(10) == []


async def test_refused_again_and_again_is_told_once(tmp_path: Path) -> None:
    _, told = await played(tmp_path, Database("refuse, gone", "refuse, gone", "refuse"))
    assert told == [("db.readings", 1)]
    with open_reader(tmp_path) as reader:
        assert [(x.output, x.reason) for x in reader.dead_letters(10)] == [("db.readings", "no 1")]


@pytest.fixture
def on_disk(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """After every transaction: the cursor and the number of gap records that a kill would leave."""
    seen: list[tuple[int, int]] = []
    commit = Store.commit

    def watched(self: Store, inputs: list[Numbered], *args: Any, **kwargs: Any) -> Any:
        done = commit(self, inputs, *args, **kwargs)
        db = apsw.Connection(str(self.folder / "plant.db"), flags=apsw.SQLITE_OPEN_READONLY)
        place = db.execute("SELECT position FROM cursors WHERE name = 'db.readings'").fetchall()
        gaps = db.execute(
            'SELECT count(*) FROM journal WHERE CAST(data AS TEXT) LIKE \'%"event":"gap"%\''
        ).fetchall()[0][0]
        seen.append((place[0][0] if place else 0, gaps))
        db.close()
        return done

    monkeypatch.setattr(Store, "commit", watched)
    return seen


async def test_the_gap_record_and_the_cursor_are_one_commit(
    tmp_path: Path, on_disk: list[tuple[int, int]]
) -> None:
    _, told = await played(tmp_path, Database("refuse"))
    assert told == [("db.readings", 1)]
    assert {gaps for place, gaps in on_disk if place} == {1}, "never past it without having told"
    assert {place for place, gaps in on_disk if gaps} - {0}, "never told without being past it"
    assert all(place for place, gaps in on_disk if gaps)


def test_the_same_letter_of_a_commit_made_again_stands_once(tmp_path: Path) -> None:
    """What rides along with a commit is called again when a bug ended it; another line, or another time, is another."""
    store = Store.open(tmp_path, Identity("gw", "341524", "s"), now=1, reserve_bytes=1 << 16)
    for data, time in ((b"a", 5), (b"a", 5), (b"b", 5), (b"a", 6)):
        store.dead_letter("db.readings", "400: no", data, time)
    store.flush(10)
    store.dead_letter("db.readings", "400: no", b"a", 5)
    store.flush(11)
    store.close()
    with open_reader(tmp_path) as reader:
        assert sorted((x.data, x.time) for x in reader.dead_letters(9)) == [(b"a", 5), (b"a", 6), (b"b", 5)]
