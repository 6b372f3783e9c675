"""Requests answered from an image: function codes 1 to 4, everything else is an exception.

A write, like any other function this device does not have, answers exception 1 (illegal function).
"""

import struct

from simulators.image import Image, Table

ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE = 1, 2, 3
WRITES = frozenset({5, 6, 15, 16, 21, 22, 23})
# Most items in one read (Modbus Application Protocol V1.1b3, 6.1 to 6.4).
MOST = {1: 2000, 2: 2000, 3: 125, 4: 125}


def exception(function: int, code: int) -> bytes:
    """An exception reply."""
    return bytes([(function | 0x80) & 0xFF, code & 0xFF])


def respond(pdu: bytes, image: Image, gaps: str = "zero") -> bytes:
    """The reply to one request."""
    function = pdu[0]
    if function not in MOST:
        return exception(function, ILLEGAL_FUNCTION)
    if len(pdu) != 5:
        return exception(function, ILLEGAL_VALUE)
    address, count = struct.unpack(">HH", pdu[1:])
    if not 1 <= count <= MOST[function]:
        return exception(function, ILLEGAL_VALUE)
    if code := image[function].exception(address, count, gaps):
        return exception(function, code)
    return _data(function, image[function], address, count)


def _data(function: int, table: Table, address: int, count: int) -> bytes:
    cells = [table.cells.get(a, 0) for a in range(address, address + count)]
    body = _bits(cells) if function in (1, 2) else struct.pack(f">{count}H", *cells)
    return bytes([function, len(body)]) + body


def _bits(cells: list[int]) -> bytes:
    """Eight to a byte, the lowest address in the lowest bit."""
    number = sum(cell << place for place, cell in enumerate(cells))
    return number.to_bytes((len(cells) + 7) // 8, "little")
