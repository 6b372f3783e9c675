"""Transports without sockets, and what becomes of an answer on the way: nothing, or one of the faults."""

from __future__ import annotations

import asyncio
import random
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from gateway.sources.modbus.ascii import lrc
from gateway.sources.modbus.frames import AREAS
from gateway.sources.modbus.rtu import crc
from tests.lies.plant import Device

FRAMINGS = ("tcp", "rtu", "ascii")


@dataclass(frozen=True)
class Said:
    """An answer on its way: pieces with the seconds before each; ``drop``: then the connection breaks."""

    pieces: tuple[tuple[float, bytes], ...]
    drop: bool = False


@dataclass
class Talk:
    """Everything about one answer that a fault may change."""

    framing: str
    transaction: int
    unit: int
    pdu: bytes
    timeout_s: float
    rng: random.Random

    def wire(
        self, *, unit: int | None = None, transaction: int | None = None, pdu: bytes | None = None
    ) -> bytes:
        """The whole frame, right but for what is given."""
        body = bytes([self.unit if unit is None else unit]) + (self.pdu if pdu is None else pdu)
        if self.framing == "rtu":
            return body + crc(body)
        if self.framing == "ascii":
            return b":" + (body + lrc(body)).hex().upper().encode() + b"\r\n"
        number = self.transaction if transaction is None else transaction & 0xFFFF
        return struct.pack(">HHH", number, 0, len(body)) + body

    @property
    def head(self) -> int:
        """Bytes of the frame before its data."""
        return {"tcp": 9, "rtu": 3, "ascii": 7}[self.framing]


Fault = Callable[[Talk], Said]


def _whole(data: bytes, after: float = 0.01) -> Said:
    return Said(((after, data),))


def right(talk: Talk) -> Said:
    return _whole(talk.wire(), talk.rng.uniform(0.001, 0.05))


def mute(talk: Talk) -> Said:
    return Said(())


def slow(talk: Talk) -> Said:
    return _whole(talk.wire(), talk.timeout_s * talk.rng.uniform(0.5, 0.95))


def late(talk: Talk) -> Said:
    return _whole(talk.wire(), talk.timeout_s * talk.rng.uniform(1.01, 6.0))


def wrong_transaction(talk: Talk) -> Said:
    return _whole(talk.wire(transaction=talk.transaction + talk.rng.choice((-2, -1, 7000))))


def wrong_unit(talk: Talk) -> Said:
    return _whole(talk.wire(unit=(talk.unit + talk.rng.choice((1, 2, 3))) % 256))


def wrong_function(talk: Talk) -> Said:
    function = talk.rng.choice([f for f in (1, 2, 3, 4) if f != talk.pdu[0]])
    return _whole(talk.wire(pdu=bytes([function]) + talk.pdu[1:]))


def short(talk: Talk) -> Said:
    """Fewer registers than asked for, in a frame that is right in itself."""
    data = talk.pdu[2:-2]
    return _whole(talk.wire(pdu=bytes([talk.pdu[0], len(data)]) + data))


def long(talk: Talk) -> Said:
    data = (talk.pdu[2:] + b"\x12\x34")[:252]
    data = data if len(data) != len(talk.pdu) - 2 else data[:-2]
    return _whole(talk.wire(pdu=bytes([talk.pdu[0], len(data)]) + data))


def truncated(talk: Talk) -> Said:
    whole = talk.wire()
    return _whole(whole[: talk.rng.randrange(1, len(whole))])


def bad_check(talk: Talk) -> Said:
    """A wrong CRC or LRC; over TCP, which has none, a byte of the head."""
    whole = bytearray(talk.wire())
    if talk.framing == "tcp":
        whole[talk.rng.choice((2, 3, 4, 6, 7, 8))] ^= 1 << talk.rng.randrange(8)
    elif talk.framing == "rtu":
        whole[-talk.rng.choice((1, 2))] ^= 1 << talk.rng.randrange(8)
    else:
        whole[-3] = ord("0123456789ABCDEF"[(int(chr(whole[-3]), 16) + talk.rng.randrange(1, 16)) % 16])
    return _whole(bytes(whole))


def garbled(talk: Talk) -> Said:
    """A burst of up to 16 bits anywhere (a CRC finds all of these), one character of ASCII, the head over TCP."""
    whole = bytearray(talk.wire())
    if talk.framing == "tcp":
        whole[:9] = talk.rng.randbytes(9)
        whole[2] |= 0x80  # a protocol that is not Modbus: random bytes may by chance be a right head
    elif talk.framing == "rtu":
        at = talk.rng.randrange(len(whole) - 1)
        burst = int.from_bytes(whole[at : at + 2]) ^ talk.rng.randrange(1, 1 << 16)
        whole[at : at + 2] = burst.to_bytes(2)
    else:
        at = talk.rng.randrange(1, len(whole) - 2)
        whole[at] = talk.rng.choice([c for c in b"0123456789ABCDEFabcz:\xff" if c != whole[at]])
    return _whole(bytes(whole))


def noise(talk: Talk) -> Said:
    """Junk that is no frame, then the answer."""
    junk = bytes(talk.rng.randrange(0x90, 0x100) for _ in range(talk.rng.randrange(1, 20)))
    return Said(((0.005, junk), (0.005, talk.wire())))


def refused(talk: Talk) -> Said:
    code = talk.rng.choice((1, 2, 3, 4, 5, 6, 8, 10, 11, 77))
    return _whole(talk.wire(pdu=bytes([talk.pdu[0] | 0x80, code])))


def split(talk: Talk) -> Said:
    whole = talk.wire()
    return Said(tuple((0.001, whole[k : k + 1]) for k in range(len(whole))))


def doubled(talk: Talk) -> Said:
    return _whole(talk.wire() * 2)


def drop(talk: Talk) -> Said:
    whole = talk.wire()
    return Said(((0.01, whole[: talk.rng.randrange(len(whole))]),), drop=True)


FAULTS: dict[str, Fault] = {
    f.__name__.replace("_", "-"): f
    for f in (
        mute, slow, late, wrong_transaction, wrong_unit, wrong_function, short, long, truncated, bad_check, garbled,
        noise, refused, split, doubled, drop,
    )
}  # fmt: skip


@dataclass
class Bus:
    """The wire's far end: units that answer one after the other, each answer through ``fault`` first."""

    framing: str
    devices: dict[int, Device]
    timeout_s: float
    rng: random.Random
    pick: Callable[[], Fault] = lambda: right
    """the fate of the next answer"""
    half_open: bool = False
    refusing: bool = False
    echoes: bool = False
    """an RS-485 adapter that hears itself: every question comes back at once"""
    _free_at: dict[int, float] = field(default_factory=dict)
    _open: list[Pipe] = field(default_factory=list)

    def connect(self, protocol: asyncio.Protocol) -> None:
        """A new connection; what the line still has to say comes to it."""
        pipe = Pipe(self, protocol)
        self._open.append(pipe)
        protocol.connection_made(pipe)

    def hang_up(self) -> None:
        for pipe in list(self._open):
            pipe.abort()

    def closed(self, pipe: Pipe) -> None:
        if pipe in self._open:
            self._open.remove(pipe)

    def asked(self, pipe: Pipe, data: bytes) -> None:
        if self.half_open:
            return
        loop = asyncio.get_running_loop()
        if self.echoes:
            loop.call_soon(self._deliver, pipe, data)
        talk = self._talk(data)
        if talk is None:
            return
        fault = self.pick()
        if len(talk.pdu) == 2 and fault in _NEED_DATA:
            fault = right
        at = max(loop.time(), self._free_at.get(talk.unit, 0.0))
        if self.framing != "tcp" and at > loop.time() and fault in _FORGED:
            fault = right
        said = fault(talk)
        for after, piece in said.pieces:
            at += after
            loop.call_at(at, self._deliver, pipe, piece)
        if said.drop:
            loop.call_at(at, pipe.abort)
        self._free_at[talk.unit] = at

    def _deliver(self, pipe: Pipe, piece: bytes) -> None:
        """Over TCP an answer dies with its connection; a serial server says it to whoever is connected now."""
        ends = self._open if self.framing != "tcp" else [p for p in self._open if p is pipe]
        for end in ends:
            end.protocol.data_received(piece)

    def _talk(self, data: bytes) -> Talk | None:
        transaction, body = 0, data[:-2]
        if self.framing == "tcp":
            transaction, body = int.from_bytes(data[:2]), data[6:]
        elif self.framing == "ascii":
            body = bytes.fromhex(data[1:-4].decode())
        unit, function, address, count = struct.unpack(">BBHH", body)
        device = self.devices.get(unit)
        if device is None:
            return None
        area = AREAS[function]
        if device.refuses(area, address, count):
            pdu = bytes([function | 0x80, 2])
        else:
            found = device.read(area, address, count, asyncio.get_running_loop().time())
            pdu = bytes([function, len(found)]) + found
        return Talk(self.framing, transaction, unit, pdu, self.timeout_s, self.rng)


_FORGED = (short, long, wrong_function, wrong_unit)
"""Frames that are right in themselves and name another question. Late as well, no serial line could tell them apart."""
_NEED_DATA = (short, long, wrong_function, bad_check, refused)


class Pipe(asyncio.Transport):
    """Our end of a connection."""

    def __init__(self, bus: Bus, protocol: asyncio.Protocol) -> None:
        super().__init__()
        self._bus, self.protocol, self._closing = bus, protocol, False

    def is_closing(self) -> bool:
        return self._closing

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._closing:
            self._bus.asked(self, bytes(data))

    def abort(self) -> None:
        if not self._closing:
            self._closing = True
            self._bus.closed(self)
            asyncio.get_running_loop().call_soon(self.protocol.connection_lost, None)
