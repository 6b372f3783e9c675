"""What was on the wire beside the value, out of the last poll: nothing is asked for it."""

from __future__ import annotations

from gateway.sources.modbus.frames import DeviceException, Question
from gateway.sources.modbus.group import Group
from gateway.sources.modbus.look import NO_NUMBER, NOT_YET, REFUSED, SILENT
from gateway.sources.modbus.plan import Area, Kind, Limits, Order, Point

HOLDING = Area.HOLDING
BOUND = (
    (4, Point(HOLDING, 0, Kind.UINT16)),
    (5, Point(HOLDING, 2, Kind.FLOAT32, Order.CDAB)),
    (6, Point(Area.COIL, 9, Kind.BIT)),
    (7, Point(HOLDING, 500, Kind.UINT16)),
    (8, Point(HOLDING, 6, Kind.FLOAT32)),
)
REGISTERS = bytes.fromhex("2444 ffff 0000 4148 0000 0000 7fc0 0000".replace(" ", ""))
"""12.5 with its words swapped; a NaN"""


async def answering(ask: Question) -> bytes:
    """Coil 9 is on; nothing is at 500."""
    if ask.function == 1:
        return b"\x01"
    if ask.address >= 500:
        raise DeviceException(2)
    return REGISTERS


async def polled() -> Group:
    group = Group(1, 1_000_000_000, BOUND, Limits())
    await group.poll(answering, lambda: 42, 1_000_000_000)
    return group


async def test_registers_beside_the_number_they_mean() -> None:
    group = await polled()
    found = {tag: group.raw(tag) for tag, _ in BOUND}
    told = {tag: (f.raw, f.value, f.at) for tag, f in found.items() if f is not None}
    assert told[4] == ("2444", 9284.0, 42)
    assert told[5] == ("0000 4148", 12.5, 42)
    assert told[6] == ("1", 1.0, 42)
    assert told[8] == ("7fc0 0000", None, 42)
    assert found[8] is not None
    assert found[8].note == NO_NUMBER
    refused = found[7]
    assert refused is not None
    assert (refused.raw, refused.value, refused.note) == ("", None, REFUSED)
    assert group.raw(99) is None


async def test_before_the_first_poll_and_after_a_failed_one() -> None:
    fresh = Group(1, 1_000_000_000, BOUND, Limits())
    first = fresh.raw(4)
    assert first is not None
    assert (first.raw, first.note) == ("", NOT_YET)
    group = await polled()
    turn = group.turn(50)
    group.done(turn, 60)
    failed = group.raw(4)
    assert failed is not None
    assert failed.note == SILENT
