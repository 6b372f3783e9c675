"""Sparkplug B payloads written by hand, field by field: the second implementation that judges the first."""

from __future__ import annotations

import struct
from typing import Any

#: our word -> (field number, wire type) of Metric's value, and how it is written
_VALUES = {
    "int": (10, 0),
    "long": (11, 0),
    "float": (12, 5),
    "double": (13, 1),
    "bool": (14, 0),
    "text": (15, 2),
}


def varint(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def _field(number: int, wire: int, body: bytes) -> bytes:
    return varint(number << 3 | wire) + (varint(len(body)) + body if wire == 2 else body)


def metric(
    name: str = "",
    *,
    alias: int | None = None,
    ms: int | None = None,
    datatype: int = 0,
    null: bool = False,
    quality: int | None = None,
    **value: Any,
) -> bytes:
    """``metric("Level", alias=3, ms=..., datatype=9, float=1.5)``."""
    out = _field(1, 2, name.encode()) if name else b""
    out += b"" if alias is None else _field(2, 0, varint(alias))
    out += b"" if ms is None else _field(3, 0, varint(ms))
    out += _field(4, 0, varint(datatype)) if datatype else b""
    out += _field(7, 0, b"\1") if null else b""
    if quality is not None:
        found = _field(1, 0, b"\3") + _field(3, 0, varint(quality))
        out += _field(9, 2, _field(1, 2, b"Quality") + _field(2, 2, found))
    for kind, given in value.items():
        number, wire = _VALUES[kind]
        form = {"float": "<f", "double": "<d"}.get(kind)
        body = struct.pack(form, given) if form else given.encode() if kind == "text" else varint(int(given))
        out += _field(number, wire, body)
    return out


def payload(*metrics: bytes, seq: int | None = None, ms: int | None = None) -> bytes:
    out = b"" if ms is None else _field(1, 0, varint(ms))
    out += b"".join(_field(2, 2, each) for each in metrics)
    return out + (b"" if seq is None else _field(3, 0, varint(seq)))
