"""Every fault of the field on every wire, through a whole gateway in process: source, intake, engine, journal on disk.

While it lasts tags are BAD and the standing alarm is unknown; afterwards it is known again, in one life of the source;
nothing is cleared, closed or raised anew. The table and the checks are those of ``python -m benchmarks.field_faults``.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from benchmarks.field_faults.__main__ import measure
from benchmarks.field_faults.faults import BLINDS, MODBUS, MQTT, QUICK, ROWS, STEPS, WIRES
from benchmarks.field_faults.trial import failed
from simulators.faults import KINDS


@pytest.mark.parametrize("wires", [MODBUS, MQTT], ids=["modbus", "mqtt"])
async def test_every_fault_is_seen_and_over_without_a_restart(wires: Sequence[str]) -> None:
    found = await measure(wires, QUICK)
    assert [(f.wire, f.fault, f.wrong) for f in failed(found)] == []
    assert len(found) == sum(w in row.wires for row in ROWS for w in wires) + len(STEPS) * len(wires)
    assert all(f.seen_s is not None and f.back_s is not None for f in found if f.must == BLINDS)


def test_the_table_has_every_fault_of_the_catalogue() -> None:
    """All that the simulators can do to a device, a broker or what publishes to it."""
    tried = {row.kind for row in ROWS}
    same = {"mqtt-drop", "mqtt-duplicate"}  # to a subscriber as mqtt-silence, and as broker-duplicate
    assert tried == {name for name, kind in KINDS.items() if kind.target != "tag"} - same
    assert set(WIRES) == {wire for row in ROWS for wire in row.wires}
