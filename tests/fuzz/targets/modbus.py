"""Modbus: streams of answers over TCP, RTU and ASCII, late answers, decoded values, address cells."""

from __future__ import annotations

import math

import numpy as np

from gateway.model.quality import Quality
from gateway.sources.modbus.address import Notation, parse
from gateway.sources.modbus.ascii import AsciiFrames
from gateway.sources.modbus.decode import Decoder
from gateway.sources.modbus.doubts import Doubts, Verdict
from gateway.sources.modbus.frames import DeviceException, Frames, Garbled, answer, question
from gateway.sources.modbus.plan import Area, Kind, Order, Point, plan
from gateway.sources.modbus.rtu import RtuFrames, crc
from tests.fuzz.target import Target

ASKED = question(17, Area.HOLDING, 107, 3)
OLDER = question(17, Area.HOLDING, 500, 5)
_PDU = b"\x03\x06\x02\x2b\x00\x00\x00\x64"
_BODY = b"\x11" + _PDU


def _tcp(data: bytes) -> None:
    cutter = Frames()
    try:
        for piece in _pieces(data):
            for frame in cutter.feed(piece):
                taken = answer(ASKED, frame)
                if len(taken) != ASKED.size or frame.unit != 17:
                    raise AssertionError("a value was taken from a wrong answer")
    except (Garbled, DeviceException):
        return


def _pieces(data: bytes) -> list[bytes]:
    """The first byte says where the stream is cut."""
    at = 1 + (data[0] if data else 0) % max(1, len(data))
    return [data[1:at], data[at:]]


def _serial(cutter: RtuFrames | AsciiFrames, data: bytes) -> None:
    doubts, first = Doubts(), (data or b"\0")[0]
    if first >= 0x80:
        doubts.unanswered(OLDER)
    sent = cutter.request(ASKED)
    if first & 0x40:
        cutter.expect(sent)
        if cutter.feed(sent) or not (cutter.echoed and cutter.empty):
            raise AssertionError("our own question was taken for an answer")
    for piece in (*_pieces(data), b""):
        try:
            for frame in cutter.feed(piece) if piece else cutter.settle():
                if frame.unit == 17 and doubts.sort(ASKED, frame) is Verdict.ANSWER:
                    _taken(answer(ASKED, frame))
        except DeviceException:
            continue
        except Garbled:
            if not cutter.empty:
                raise AssertionError("half a frame is kept after an error") from None


def _taken(data: bytes) -> None:
    if len(data) != ASKED.size:
        raise AssertionError("a value was taken from an answer of another length")


_POINTS = [
    *(
        Point(Area.HOLDING, 8 * k, kind, order, length=8 if kind is Kind.STRING else 0)
        for k, (kind, order) in enumerate((k, o) for k in Kind if k is not Kind.BIT for o in Order)
    ),
    Point(Area.HOLDING, 3, Kind.BIT, bit=5),
    Point(Area.HOLDING, 600, Kind.STRING, length=6, codes=(("RUN", 1.0), ("STOP", 0.0))),
    Point(Area.HOLDING, 610, Kind.UINT16, codes=(("1", 0.0), ("2", 1.0))),
]
_DECODER = Decoder(_POINTS, plan(_POINTS))


def _values(data: bytes) -> None:
    whole = (data * (_DECODER.size // max(1, len(data)) + 1) + bytes(_DECODER.size))[: _DECODER.size]
    value = _DECODER.decode(whole)
    if value.dtype != np.float64 or len(value) != len(_POINTS):
        raise AssertionError("other columns than points")
    if not all(q in (Quality.NOT_A_NUMBER, Quality.MALFORMED) for q in _DECODER.why.tolist()):
        raise AssertionError("a value that is no number would not be BAD")
    if value[-1] not in (0.0, 1.0) and not math.isnan(value[-1]):
        raise AssertionError("a code that is not in the enumeration became a number")


def _cell(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    for notation in Notation:
        try:
            found = parse(text, notation)
        except ValueError as error:
            if "allowed: " not in str(error):
                raise AssertionError("an error that does not say what is allowed") from error
            continue
        if found.unit > 255 or found.point.end > 0x10000:
            raise AssertionError(f"an address out of the device: {found}")


_WORDS = [b"\x11\x03\x06", b"\x11\x83\x02", b"\x00\x00\x00\x09\x11", b"\x00\x01\x00\x00"]
TCP = Target("modbus-tcp", _tcp, [b"\x05\x00\x01\x00\x00\x00\x09" + _BODY], ["sources/modbus/frames"], _WORDS)
RTU = Target(
    "modbus-rtu",
    lambda data: _serial(RtuFrames(), data),
    [b"\x05" + _BODY + crc(_BODY), b"\x85\x11\x83\x02" + crc(b"\x11\x83\x02")],
    ["sources/modbus/rtu", "sources/modbus/doubts", "sources/modbus/frames"],
    [*_WORDS, _BODY + crc(_BODY), b"\x11\x83\x02" + crc(b"\x11\x83\x02")],
)
ASCII = Target(
    "modbus-ascii",
    lambda data: _serial(AsciiFrames(), data),
    [b"\x05:" + (_BODY + bytes([-sum(_BODY) & 255])).hex().upper().encode() + b"\r\n"],
    ["sources/modbus/ascii", "sources/modbus/doubts", "sources/modbus/frames"],
    [b":", b"\r\n", b":11830269\r\n", b"110306"],
)
VALUES = Target(
    "modbus-values",
    _values,
    [bytes(range(16)), b"RUN\0\0\0", b"12.5", bytes.fromhex("0018021d0d1e7530"), b"\x7f\xc0\x00\x00"],
    ["sources/modbus/decode", "sources/modbus/convert"],
    [b"RUN", b"1e9", b"\xff\xff", b"\x12\x34"],
    longest=64,
)
CELLS = Target(
    "modbus-address",
    _cell,
    [b"1:holding:0:float32:CDAB", b"1:40001.3:bit", b"255:input:1F:string8:BADC{RUN=1 STOP=0}"],
    ["sources/modbus/address"],
    [b":holding", b":coil", b"{1=0}", b":string", b":bcd16", b".15", b"465536", b"40001"],
    longest=120,
)
