"""Every fault of the field on every wire, through a whole gateway in process: source, intake, engine, journal on disk.

While it lasts tags are BAD and the standing alarm is unknown; afterwards it is known again, in one life of the source;
nothing is cleared, closed or raised anew. The table and the checks are those of ``python -m benchmarks.field_faults``.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from benchmarks.field_faults.__main__ import measure
from benchmarks.field_faults.faults import BLINDS, QUICK, ROWS, STEPS, WIRES
from benchmarks.field_faults.peers import peer
from benchmarks.field_faults.trial import failed, reading, rig
from gateway.model.events import Condition
from gateway.model.levels import LiveLevel
from simulators.faults import KINDS


@pytest.mark.alone
@pytest.mark.timeout(400)
async def test_every_fault_is_seen_and_over_without_a_restart() -> None:
    """All wires beside each other: most of the time is waiting."""
    found = await measure(WIRES, QUICK)
    assert [(f.wire, f.fault, f.wrong) for f in failed(found)] == []
    assert len(found) == sum(len(row.wires) for row in ROWS) + len(STEPS) * len(WIRES)
    assert all(f.seen_s is not None and f.back_s is not None for f in found if f.must == BLINDS)


async def test_a_device_that_is_away_at_the_start_is_a_fault_and_is_read_when_it_comes(
    tmp_path: Path,
) -> None:
    """The gateway starts all the same, says what it cannot see, and needs nobody when the device comes."""
    async with peer("tcp", QUICK, tmp_path) as other:
        other.put("refuse", {})
        await asyncio.sleep(0.1)
        async with reading(other, "tcp", QUICK, tmp_path) as made:

            def lost() -> set[str]:
                open_ = made.machine.present().occurrences
                return {
                    o.rule for o in open_ if o.kind == "link" and o.axes.condition is not Condition.NORMAL
                }

            assert await made.until(lambda: bool(lost())) is not None
            assert made.conditions() == {None}, "nothing is judged, and nothing is called normal"
            assert made.machine.present().levels[0].level is LiveLevel.NO_VIEW
            other.mend()
            assert await made.until(lambda: made.well) is not None
            assert await made.until(lambda: not lost()) is not None


async def test_a_dead_unit_says_nothing_of_the_same_number_on_another_line(tmp_path: Path) -> None:
    """Unit 1 of one line is mute; unit 1 of another is read on, in the same process."""
    folders = [tmp_path / name for name in ("one", "other")]
    for folder in folders:
        folder.mkdir()
    async with rig("rtu-tcp", QUICK, folders[0]) as one, rig("rtu-tcp", QUICK, folders[1]) as other:
        one.peer.put("silent", {"unit": 1})
        assert await one.until(lambda: Condition.UNKNOWN in one.conditions()) is not None
        before = len(other.ear.records)
        await asyncio.sleep(1.0)
        assert other.well
        assert other.told(before) == []
        one.peer.mend()
        assert await one.until(lambda: one.well) is not None


def test_the_table_has_every_fault_of_the_catalogue() -> None:
    """All that the simulators can do to a device, a broker or what publishes to it."""
    tried = {row.kind for row in ROWS}
    same = {"mqtt-drop", "mqtt-duplicate"}  # to a subscriber as mqtt-silence, and as broker-duplicate
    assert tried == {name for name, kind in KINDS.items() if kind.target != "tag"} - same
    assert set(WIRES) == {wire for row in ROWS for wire in row.wires}
