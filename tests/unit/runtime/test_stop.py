"""What a stop delivers."""

from __future__ import annotations

from pathlib import Path

from gateway.model.ports import EventLane
from tests.unit.runtime.rig import Ear, running


class Resting(Ear):
    """An output that lets events gather for an hour behind each delivery."""

    async def run(self, lane: EventLane) -> None:
        while True:
            records = await lane.next(100)
            self.records += records
            lane.advance(records[-1].seq)
            await lane.rest(3600.0)


async def test_a_stop_judges_commits_and_delivers_what_was_received_and_no_output_rests(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, ear=Resting()) as rig:
        await rig.until(lambda: rig.events, 30)
        rig.say("L", 20.0)
    assert rig.told("L.H") == ["raised"]
