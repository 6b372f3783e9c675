"""Frames and replies without a network."""

import struct

import pytest

from simulators.errors import BadFrame
from simulators.image import Table
from simulators.modbus.frames import Frame, FrameBuffer
from simulators.modbus.pdu import respond
from simulators.tags import ModbusBinding
from tests.unit.simulators.wire import image_of, plain_image

FRAMES = [Frame(1, 1, b"\x03\x00\x00\x00\x02"), Frame(65535, 247, b"\x2b"), Frame(0, 0, bytes(253))]
BYTES = b"".join(frame.encoded() for frame in FRAMES)


def test_frames_come_out_whole_however_they_go_in() -> None:
    assert FrameBuffer().feed(BYTES) == FRAMES
    single = FrameBuffer()
    assert [frame for byte in BYTES for frame in single.feed(bytes([byte]))] == FRAMES
    for cut in range(len(BYTES)):
        halves = FrameBuffer()
        assert halves.feed(BYTES[:cut]) + halves.feed(BYTES[cut:]) == FRAMES


@pytest.mark.parametrize(
    "junk",
    [b"\x00\x01\x00\x05\x00\x06\x01", b"\x00\x01\x00\x00\x00\x01\x01", b"\x00\x01\x00\x00\x01\x00\x01"],
)
def test_what_is_no_modbus_is_said_to_be_none(junk: bytes) -> None:
    with pytest.raises(BadFrame):
        FrameBuffer().feed(junk)


@pytest.mark.parametrize(
    ("pdu", "reply"),
    [
        (struct.pack(">BHH", 3, 0, 2), bytes([3, 4, 0, 100, 0, 101])),
        (struct.pack(">BHH", 3, 9, 1), bytes([3, 2, 0, 109])),
        (struct.pack(">BHH", 3, 9, 2), b"\x83\x02"),
        (struct.pack(">BHH", 4, 0, 1), b"\x84\x02"),
        (struct.pack(">BHH", 3, 0, 0), b"\x83\x03"),
        (struct.pack(">BHH", 3, 0, 126), b"\x83\x03"),
        (struct.pack(">BHH", 1, 0, 2001), b"\x81\x03"),
        (b"\x03\x00", b"\x83\x03"),
        (b"\x2b\x0e\x01\x00", b"\xab\x01"),
    ],
)
def test_replies(pdu: bytes, reply: bytes) -> None:
    assert respond(pdu, plain_image()) == reply


@pytest.mark.parametrize("function", [5, 6, 8, 15, 16, 21, 22, 23])
def test_nothing_can_be_written(function: int) -> None:
    assert respond(bytes([function, 0, 0, 0, 1]), plain_image()) == bytes([function | 0x80, 1])


def test_bits_are_packed_lowest_address_first() -> None:
    image = image_of(*((ModbusBinding("d", 1, 2, a), float(a in (0, 3, 9))) for a in range(10)))
    assert respond(struct.pack(">BHH", 2, 0, 10), image) == bytes([2, 2, 0b00001001, 0b00000010])
    assert respond(struct.pack(">BHH", 2, 3, 7), image) == bytes([2, 1, 0b01000001])


def test_holes_are_zero_or_refused() -> None:
    table = Table({0: 7, 5: 8})
    assert [table.exception(0, 6, gaps) for gaps in ("zero", "refuse")] == [0, 2]
    assert [table.exception(5, 2, gaps) for gaps in ("zero", "refuse")] == [2, 2]


def test_one_broken_register_breaks_every_read_that_touches_it() -> None:
    table = Table(dict.fromkeys(range(10), 1), {4: 2})
    assert [table.exception(*span, "zero") for span in ((0, 4), (0, 5), (4, 1), (5, 5))] == [0, 2, 2, 0]
