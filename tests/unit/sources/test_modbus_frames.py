from __future__ import annotations

import ast
import struct
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import gateway
from gateway.sources.modbus.ascii import AsciiFrames, lrc
from gateway.sources.modbus.frames import (
    FUNCTIONS,
    DeviceException,
    Frame,
    Frames,
    Garbled,
    Question,
    answer,
    question,
)
from gateway.sources.modbus.plan import Area
from gateway.sources.modbus.rtu import RtuFrames, crc

ASKED = question(17, Area.HOLDING, 0x6B, 3)
DATA = bytes.fromhex("022b00000064")


def frame(transaction: int, unit: int, pdu: bytes, protocol: int = 0) -> bytes:
    return struct.pack(">HHHB", transaction, protocol, 1 + len(pdu), unit) + pdu


RIGHT = frame(1, 17, b"\x03\x06" + DATA)


def test_the_example_of_the_standard() -> None:
    """MODBUS Application Protocol V1.1b3, 6.3: read holding registers 108-110."""
    assert ASKED.wire == bytes.fromhex("0000 0006 11 03 006b 0003")
    assert RIGHT[2:9] == ASKED.head
    assert RIGHT[9:] == DATA


@pytest.mark.parametrize(
    ("area", "address", "count"),
    [
        (Area.HOLDING, 0, 126),
        (Area.COIL, 0, 2001),
        (Area.INPUT, 0, 0),
        (Area.INPUT, 65535, 2),
        (Area.COIL, -1, 1),
    ],
)
def test_a_question_outside_the_standard_is_never_asked(area: Area, address: int, count: int) -> None:
    with pytest.raises(ValueError, match="cannot ask"):
        question(1, area, address, count)


@pytest.mark.parametrize("chunk", [1, 2, 7, 8, 14, 15, 100])
def test_frames_come_out_the_same_however_they_arrive(chunk: int) -> None:
    stream, frames = RIGHT + frame(2, 9, b"\x83\x02") + RIGHT, Frames()
    found = [f for k in range(0, len(stream), chunk) for f in frames.feed(stream[k : k + chunk])]
    assert [(f.transaction, f.unit, len(f.pdu)) for f in found] == [(1, 17, 8), (2, 9, 2), (1, 17, 8)]
    assert frames.empty


@pytest.mark.parametrize(
    ("unit", "pdu", "says"),
    [
        (18, b"\x03\x06" + DATA, "unit 18 answered"),
        (17, b"\x04\x06" + DATA, "function 4 answered"),
        (17, b"\x03\x04" + DATA[:4], "asked for 6 bytes, got 4"),
        (17, b"\x03\x06" + DATA[:4], "got 4 and a count of 6"),
        (17, b"\x03\x06" + DATA + b"\0\0", "got 8"),
        (17, b"\x03\x04" + DATA, "count of 4"),
        (17, b"\x03", "a count of no"),
        (17, b"\x84\x02", "function 132"),
        (17, b"\x83", "function 131"),
        (17, b"\x83\x02\x00", "function 131"),
    ],
)
def test_an_answer_to_another_question_is_not_taken(unit: int, pdu: bytes, says: str) -> None:
    with pytest.raises(Garbled, match=says):
        answer(ASKED, Frame(1, unit, pdu))


def test_an_exception_says_its_code() -> None:
    with pytest.raises(DeviceException, match="illegal data address") as refused:
        answer(ASKED, Frame(1, 17, b"\x83\x02"))
    assert refused.value.code == 2


@given(st.lists(st.binary(max_size=300), max_size=20))
@example([b"\0\0\0\0\0\1\1"])
@example([b"\0\0\0\0\xff\xff\1"])
@example([b"\0\0\0\0\0\2\1\x83", RIGHT])
def test_no_bytes_end_in_anything_but_frames_silence_or_our_own_error(chunks: list[bytes]) -> None:
    frames = Frames()
    try:
        for chunk in chunks:
            for found in frames.feed(chunk):
                _judge(found)
    except Garbled:
        return


@given(st.binary(min_size=1, max_size=253), st.integers(0, 65535), st.integers(0, 255), st.data())
def test_well_framed_nonsense_is_framed_right_and_judged(
    pdu: bytes, tid: int, unit: int, data: st.DataObject
) -> None:
    stream = frame(tid, unit, pdu)
    at = data.draw(st.integers(0, len(stream)))
    frames = Frames()
    found = frames.feed(stream[:at]) + frames.feed(stream[at:])
    assert found == [Frame(tid, unit, pdu)]
    _judge(found[0])


def _judge(found: Frame) -> None:
    try:
        taken = answer(ASKED, found)
    except (Garbled, DeviceException):
        return
    assert len(taken) == 6
    assert found.unit == 17


def test_only_reading_functions_exist() -> None:
    """Promise 6, one half: every request there is has a reading function code."""
    assert sorted(FUNCTIONS.values()) == [1, 2, 3, 4]
    assert {question(1, area, 0, 1).wire[5] for area in Area} == {1, 2, 3, 4}


def test_there_is_one_place_that_sends_and_it_sends_questions() -> None:
    """Promise 6, the other half: TCP sends a question, serial lines a framed one, a port what it is given."""
    sent = []
    senders = ("write", "writelines", "send", "sendall", "sendto")
    for file in (Path(gateway.__file__).parent / "sources" / "modbus").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            call = node if isinstance(node, ast.Call) else None
            if call and isinstance(call.func, ast.Attribute) and call.func.attr in senders:
                sent.append((file.name, ast.unparse(call.args[-1])))
    assert sorted(sent) == [
        ("client.py", "head + asked.wire"),
        ("port.py", "data"),
        ("port.py", "data"),
        ("wire.py", "self._framing.request(asked)"),
    ]


@given(st.integers(0, 255), st.sampled_from(Area), st.integers(0, 65000), st.integers(1, 125))
def test_serial_framings_send_the_question_and_nothing_else(
    unit: int, area: Area, address: int, count: int
) -> None:
    asked = question(unit, area, address, count)
    said = struct.pack(">BBHH", unit, FUNCTIONS[area], address, count)
    assert RtuFrames.request(asked)[:-2] == said
    assert bytes.fromhex(AsciiFrames.request(asked)[1:-4].decode()) == said


COILS = question(17, Area.COIL, 0x0300, 24)
"""Its RTU and ASCII frames are those of a right answer of three data bytes: 0x03 is the count, 00 00 18 the coils."""


@pytest.mark.parametrize("make", [RtuFrames, AsciiFrames])
@pytest.mark.parametrize("asked", [ASKED, COILS])
@pytest.mark.parametrize("cut", range(0, 18, 3))
def test_an_echo_is_no_answer_however_it_is_cut(
    make: type[RtuFrames | AsciiFrames], asked: Question, cut: int
) -> None:
    frames = make()
    sent = frames.request(asked)
    body = bytes([17, asked.function, asked.size]) + bytes(range(asked.size))
    answered = (
        body + crc(body) if make is RtuFrames else b":" + (body + lrc(body)).hex().upper().encode() + b"\r\n"
    )
    frames.expect(sent)
    stream = sent + answered
    found = [*frames.feed(stream[:cut]), *frames.feed(stream[cut:])]
    assert [f.pdu for f in found] == [body[1:]]
    assert frames.echoed
    assert frames.empty


def test_without_an_adapter_that_echoes_an_answer_may_begin_like_the_question() -> None:
    """Unit 85, coils from 0x01BF, 8 of them, value 0xBF: data and CRC are the next bytes of the question."""
    body, frames = bytes([85, 1, 1, 0xBF]), RtuFrames()
    sent = frames.request(question(85, Area.COIL, 0x01BF, 8))
    assert sent.startswith(body + crc(body))
    frames.expect(sent)
    assert frames.feed(body + crc(body)) == [], "held: two more bytes would make it an echo"
    assert [f.pdu for f in frames.settle()] == [body[1:]]
    assert not frames.echoed


def test_no_echo_changes_nothing() -> None:
    body = b"\x11\x03\x06" + DATA
    frames = RtuFrames()
    frames.expect(frames.request(ASKED))
    assert [f.pdu for f in frames.feed(body + crc(body))] == [body[1:]]
    assert not frames.echoed
    assert frames.settle() == []
