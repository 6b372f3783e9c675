"""MQTT 3.1.1 and 5.0 as a broker needs them, QoS 0 and 1. Pure. Section numbers: OASIS MQTT 5.0.

Written for the simulator alone: nothing is shared with the product, so that a mistake cannot hide on both sides.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from simulators.errors import BadFrame

CONNECT, CONNACK, PUBLISH, PUBACK = 0x10, 0x20, 0x30, 0x40
SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK = 0x80, 0x90, 0xA0, 0xB0
PINGREQ, PINGRESP, DISCONNECT = 0xC0, 0xD0, 0xE0
V5 = 5
TAKEN_OVER = 0x8E
SERVER_BUSY, SERVER_UNAVAILABLE = 0x89, 3
"""of version 5 (4.13) and of 3.1.1 (3.2.2.3 there)"""
LONGEST = 1 << 20


@dataclass(frozen=True)
class Hello:
    """What CONNECT says."""

    client_id: str
    version: int
    clean: bool


@dataclass(frozen=True)
class Publication:
    """One message."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    number: int = 0
    again: bool = False


class Buffer:
    """Bytes in, (first byte, body) out."""

    def __init__(self) -> None:
        self._data = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Whole packets so far.

        Raises:
            BadFrame: a length that cannot be.
        """
        self._data += data
        while (whole := self._whole()) is not None:
            head, length = whole
            first, body = self._data[0], bytes(self._data[head : head + length])
            del self._data[: head + length]
            yield first, body

    def _whole(self) -> tuple[int, int] | None:
        """Length of head and body of the first packet; None: it is not all here."""
        length = 0
        for place, byte in enumerate(self._data[1:5]):
            length |= (byte & 0x7F) << (7 * place)
            if byte < 0x80:
                if length > LONGEST:
                    raise BadFrame(f"a packet of {length} bytes")
                return (place + 2, length) if len(self._data) >= place + 2 + length else None
        if len(self._data) >= 5:
            raise BadFrame("a length that does not end")
        return None


class Fields:
    """Reads one body from its front."""

    def __init__(self, body: bytes) -> None:
        self._body, self._at = body, 0

    def take(self, count: int) -> bytes:
        """The next bytes.

        Raises:
            BadFrame: there are not so many.
        """
        piece = self._body[self._at : self._at + count]
        if len(piece) < count:
            raise BadFrame("a packet that is shorter than it says")
        self._at += count
        return piece

    def number(self) -> int:
        """Two bytes."""
        return int.from_bytes(self.take(2), "big")

    def text(self) -> str:
        """A string with its length before it."""
        return self.take(self.number()).decode("utf-8", "replace")

    def properties(self, version: int) -> None:
        """Skipped: none of them changes what this broker does."""
        length, place, byte = 0, 0, 0x80
        while version == V5 and byte >= 0x80:
            byte = self.take(1)[0]
            length |= (byte & 0x7F) << place
            place += 7
        self.take(length)

    def rest(self) -> bytes:
        """All that is left."""
        return self.take(len(self._body) - self._at)

    @property
    def more(self) -> bool:
        """Something is left."""
        return self._at < len(self._body)


def read_connect(body: bytes) -> Hello:
    """3.1. User and password are anybody's."""
    fields = Fields(body)
    fields.text()
    version, flags = fields.take(2)
    fields.number()
    fields.properties(version)
    return Hello(fields.text(), version, bool(flags & 0x02))


def read_publish(first: int, body: bytes, version: int) -> Publication:
    """3.3."""
    fields, qos = Fields(body), first >> 1 & 3
    topic = fields.text()
    number = fields.number() if qos else 0
    fields.properties(version)
    return Publication(topic, fields.rest(), qos, bool(first & 1), number, bool(first & 8))


def read_subscribe(body: bytes, version: int) -> tuple[int, list[tuple[str, int]]]:
    """3.8: packet id, and (filter, QoS)."""
    fields = Fields(body)
    number = fields.number()
    fields.properties(version)
    asked = []
    while fields.more:
        asked.append((fields.text(), fields.take(1)[0] & 3))
    return number, asked


def read_number(body: bytes) -> int:
    """Packet id of PUBACK."""
    return Fields(body).number()


def packet(first: int, body: bytes) -> bytes:
    """With its length (2.1.4)."""
    length, out = len(body), bytearray([first])
    while True:
        length, low = length >> 7, length & 0x7F
        out.append(low | (0x80 if length else 0))
        if not length:
            return bytes(out) + body


def connack(version: int, code: int = 0, *, present: bool = False) -> bytes:
    """3.2."""
    return packet(CONNACK, bytes([present, code]) + (b"\0" if version == V5 else b""))


def suback(version: int, number: int, codes: bytes) -> bytes:
    """3.9."""
    return packet(SUBACK, struct.pack(">H", number) + (b"\0" if version == V5 else b"") + codes)


def unsuback(version: int, number: int, count: int) -> bytes:
    """3.11."""
    return packet(UNSUBACK, struct.pack(">H", number) + (bytes(1 + count) if version == V5 else b""))


def puback(number: int) -> bytes:
    """3.4, the short form that both versions know."""
    return packet(PUBACK, struct.pack(">H", number))


def publish(version: int, said: Publication) -> bytes:
    """3.3."""
    first = PUBLISH | said.again << 3 | said.qos << 1 | said.retain
    topic = said.topic.encode()
    number = struct.pack(">H", said.number) if said.qos else b""
    return packet(
        first,
        struct.pack(">H", len(topic)) + topic + number + (b"\0" if version == V5 else b"") + said.payload,
    )


def goodbye(version: int, code: int) -> bytes:
    """3.14: a broker's last word, of version 5 only."""
    return packet(DISCONNECT, bytes([code])) if version == V5 else b""


def fits(asked: str, topic: str) -> bool:
    """4.7: ``+`` is one level, ``#`` all that follow."""
    filters, levels = asked.split("/"), topic.split("/")
    for place, part in enumerate(filters):
        if part == "#":
            return True
        if place >= len(levels) or part not in ("+", levels[place]):
            return False
    return len(filters) == len(levels)
