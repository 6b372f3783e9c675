"""Dead letters: refused once, kept with the words, given again when a person says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.model.commands import Actor
from gateway.model.errors import Refused, Retry
from gateway.model.ports import EventLane
from gateway.store import open_reader
from tests.unit.runtime.rig import Ear, Rig, running

WHO = Actor("li", "李敏")


class Picky(Ear):
    """Refuses events of one rule; or is gone when it is asked for the first letter."""

    refuses = "L.H"
    gone = False

    async def run(self, lane: EventLane) -> None:
        while True:
            records = await lane.next(100)
            if self.gone and any(r.event.rule == "L.H" for r in records):
                self.gone = False
                raise Retry("gone")
            for record in records:
                if record.event.rule == self.refuses:
                    lane.reject(record, "no such topic")
                else:
                    self.records.append(record)
            lane.advance(records[-1].seq)


async def refused(rig: Rig, folder: Path) -> int:
    rig.say("L", 13.0)
    await rig.until(lambda: rig.told(""))
    await rig.until(lambda: any(e.event.value == "gap" for e in rig.events))
    with open_reader(folder) as reader:
        (letter,) = reader.dead_letters(10)
    assert (letter.output, letter.reason) == ("ear.alarms", "no such topic")
    return letter.id


async def test_a_mended_output_gets_it_again_once(tmp_path: Path) -> None:
    ear = Picky()
    async with running(tmp_path, ear=ear) as rig:
        letter = await refused(rig, tmp_path)
        ear.refuses, ear.gone = "none", True
        assert await rig.machine.retry_letters([letter], WHO) == 1
        await rig.until(lambda: rig.told("L.H") == ["raised"])
        rig.say("L", 5.0)
        await rig.until(lambda: "cleared" in rig.told("L.H"))
        assert rig.told("L.H") == ["raised", "cleared"]
    with open_reader(tmp_path) as reader:
        assert reader.dead_letters(10) == []


async def test_one_that_is_refused_again_is_a_new_letter(tmp_path: Path) -> None:
    async with running(tmp_path, ear=Picky()) as rig:
        letter = await refused(rig, tmp_path)
        await rig.machine.retry_letters([letter], WHO)
        rig.say("L", 5.0)
        await rig.until(lambda: sum(e.event.value == "gap" for e in rig.events) == 2)
        details = [e.detail for e in rig.events if e.event.value == "gap"]
    with open_reader(tmp_path) as reader:
        again = reader.dead_letters(10)
    assert [x.reason for x in again] == ["no such topic"] * 2, "of the alarm once more, and of its end"
    assert all(x.id > letter for x in again)
    assert [d["count"] for d in details] == [1, 1], "no second gap record for the same alarm"


async def test_what_cannot_be_given_again_is_refused(tmp_path: Path) -> None:
    async with running(tmp_path, ear=Picky()) as rig:
        with pytest.raises(Refused, match="no dead letter 7"):
            await rig.machine.retry_letters([7], WHO)
        with pytest.raises(Refused, match="1 to 1000"):
            await rig.machine.retry_letters([], WHO)
        store = rig.machine.store
        store.dead_letter("engine", "cannot be judged", b"x", 1)
        store.flush(1)
        with pytest.raises(Refused, match="no output that runs now"):
            await rig.machine.retry_letters([1], WHO)
