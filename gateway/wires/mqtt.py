"""MQTT 3.1.1 and 5.0 of at most QoS 1: packets out, packets in. No I/O.

Only what a client sends and is sent. Section numbers are those of the OASIS standard, MQTT 5.0.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from gateway.model.errors import Retry

V311: Final = 4
V5: Final = 5

CONNACK: Final = 0x20
PUBLISH: Final = 0x30
PUBACK: Final = 0x40
SUBACK: Final = 0x90
PINGRESP: Final = 0xD0
DISCONNECT: Final = 0xE0
PINGREQ: Final = b"\xc0\x00"
GOODBYE: Final = b"\xe0\x00"
NO_LOCAL: Final = 0x04
"""Subscription option: do not send us what we publish (3.8.3.1)."""
NEW_ONLY: Final = 0x10
"""Subscription option: retained messages come only with a new subscription, not with each reconnect."""

LONGEST: Final = (1 << 28) - 1
"""Bytes of the longest packet behind its length (1.5.5)."""

#: property id -> bytes of its value; 0 = variable byte integer, -1 = string or binary, -2 = pair of strings (2.2.2.2)
_PROPERTIES: Final = {
    **dict.fromkeys((0x01, 0x17, 0x19, 0x24, 0x25, 0x28, 0x29, 0x2A), 1),
    **dict.fromkeys((0x13, 0x21, 0x22, 0x23), 2),
    **dict.fromkeys((0x02, 0x11, 0x18, 0x27), 4),
    0x0B: 0,
    **dict.fromkeys((0x03, 0x08, 0x09, 0x12, 0x15, 0x16, 0x1A, 0x1C, 0x1F), -1),
    0x26: -2,
}
SERVER_KEEP_ALIVE: Final = 0x13
REASON_STRING: Final = 0x1F
SESSION_EXPIRY: Final = 0x11
RECEIVE_MAXIMUM: Final = 0x21
MAXIMUM_PACKET_SIZE: Final = 0x27

#: what brokers say, by version 5 code (4.13) and by version 3.1.1 CONNACK code (3.2.2.3 there)
REASONS: Final = {
    0x80: "unspecified error",
    0x81: "malformed packet",
    0x82: "protocol error",
    0x84: "unsupported protocol version",
    0x85: "client identifier not valid",
    0x86: "bad user name or password",
    0x87: "not authorized",
    0x88: "server unavailable",
    0x89: "server busy",
    0x8A: "banned",
    0x8B: "server shutting down",
    0x8C: "bad authentication method",
    0x8D: "keep alive timeout",
    0x8E: "session taken over: another client has the same client_id",
    0x8F: "topic filter invalid",
    0x90: "topic name invalid",
    0x93: "receive maximum exceeded",
    0x95: "packet too large",
    0x96: "message rate too high",
    0x97: "quota exceeded",
    0x98: "administrative action",
    0x99: "payload format invalid",
    0x9A: "retained messages not supported",
    0x9B: "QoS not supported",
    0x9E: "shared subscriptions not supported",
    0xA2: "wildcard subscriptions not supported",
}
_CONNECT_311: Final = {1: 0x84, 2: 0x85, 3: 0x88, 4: 0x86, 5: 0x87}
FOR_A_PERSON: Final = frozenset({0x84, 0x85, 0x86, 0x87, 0x8A, 0x8C})
"""Refusals that waiting does not mend."""


class Broken(Retry):
    """The broker broke the protocol: close the connection."""


def reason(code: int) -> str:
    """For people."""
    return REASONS.get(code, f"code {code}")


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker publishes for a client that is gone without a word, at QoS 1."""

    topic: str
    payload: bytes
    retain: bool = False


@dataclass(frozen=True, slots=True)
class Login:
    """What CONNECT says. ``expiry_s`` seconds the broker keeps the session after a loss (0: not at all)."""

    client_id: str
    version: int = V5
    keep_alive_s: int = 30
    expiry_s: int = 86_400
    receive_maximum: int = 1000
    max_packet: int = 1 << 20
    username: str | None = None
    password: bytes | None = None
    will: Will | None = None


def varint(value: int) -> bytes:
    """Variable byte integer (1.5.5)."""
    out = bytearray()
    while True:
        value, low = value >> 7, value & 0x7F
        out.append(low | (0x80 if value else 0))
        if not value:
            return bytes(out)


def _text(value: str | bytes) -> bytes:
    raw = value.encode() if isinstance(value, str) else value
    if len(raw) > 0xFFFF:
        raise ValueError(f"{len(raw)} bytes do not fit an MQTT string")
    return len(raw).to_bytes(2) + raw


def connect(login: Login) -> bytes:
    """CONNECT (3.1) that keeps the session unless ``expiry_s`` is 0."""
    flags = 0x02 if login.expiry_s == 0 else 0
    properties, payload = b"", _text(login.client_id)
    if login.will is not None:
        flags |= 0x0C | 0x20 * login.will.retain
        payload += b"\0" if login.version == V5 else b""
        payload += _text(login.will.topic) + _text(login.will.payload)
    if login.username is not None:
        flags |= 0x80
        payload += _text(login.username)
    if login.password is not None:
        flags |= 0x40
        payload += _text(login.password)
    if login.version == V5:
        inner = struct.pack(
            ">BIBHBI",
            SESSION_EXPIRY,
            login.expiry_s,
            RECEIVE_MAXIMUM,
            login.receive_maximum,
            MAXIMUM_PACKET_SIZE,
            login.max_packet,
        )
        properties = varint(len(inner)) + inner
    body = (
        _text("MQTT") + struct.pack(">BBH", login.version, flags, login.keep_alive_s) + properties + payload
    )
    return b"\x10" + varint(len(body)) + body


def subscribe(
    packet_id: int, filters: Sequence[str], qos: int, version: int, options: int = NEW_ONLY
) -> bytes:
    """SUBSCRIBE (3.8); ``options`` are said on version 5 only."""
    option = qos | (options if version == V5 else 0)
    body = packet_id.to_bytes(2) + (b"\0" if version == V5 else b"")
    body += b"".join(_text(each) + bytes([option]) for each in filters)
    return b"\x82" + varint(len(body)) + body


def pubacks(packet_ids: Sequence[int]) -> bytes:
    """PUBACK (3.4) of each, in order; the short form is success in both versions."""
    words = [0x4002] * (2 * len(packet_ids))
    words[1::2] = packet_ids
    return struct.pack(f">{len(words)}H", *words)


def announce(packet_id: int, topic: str, payload: bytes, *, retain: bool, properties: bytes | None) -> bytes:
    """PUBLISH (3.3) at QoS 1; ``properties`` as of :func:`user_properties`, None on version 3.1.1.

    Raises:
        ValueError: topic or message longer than MQTT can say.
    """
    more = b"" if properties is None else varint(len(properties)) + properties
    head = _text(topic) + packet_id.to_bytes(2) + more
    size = len(head) + len(payload)
    if size > LONGEST:
        raise ValueError(f"{size} bytes do not fit an MQTT packet")
    return (b"\x33" if retain else b"\x32") + varint(size) + head + payload


def user_properties(pairs: Mapping[str, str]) -> bytes:
    """User properties (3.3.2.3.7) for :func:`announce`."""
    return b"".join(b"\x26" + _text(name) + _text(value) for name, value in pairs.items())


def _may_be_sent() -> bytes:
    """First byte -> 1 where a broker may send it (2.1.2, 2.1.3). What is no packet may announce 200 MB."""
    plain = {CONNACK, PUBACK, 0x50, 0x62, 0x70, SUBACK, 0xB0, PINGRESP, DISCONNECT, 0xF0}
    kinds = range(256)
    return bytes(k in plain or (k & 0xF0 == PUBLISH and k & 0x06 != 0x06) for k in kinds)


_SENT: Final = _may_be_sent()


class Packets:
    """Cuts a byte stream into (first byte, body). Bodies over ``max_packet`` are skipped but for their first bytes.

    A skipped packet comes as (first byte, its first bytes) with ``cut`` True, so that a poisonous message can be
    acknowledged and does not come back for ever.
    """

    HEAD_KEPT: Final = 0x10100  # a topic of 64 kB and the packet id

    def __init__(self, max_packet: int) -> None:
        self._max = max_packet
        self._rest = b""
        self._skip = 0

    def silence(self) -> str:
        """Why no whole packet comes, for people. What is under way may be false: its length swallows all behind it."""
        if not self._skip and not self._rest:
            return "the broker is silent"
        return "no whole packet comes: a false length, or a message too large for this line (keep_alive, max_packet)"

    def feed(self, data: bytes) -> list[tuple[int, bytes, bool]]:
        """Packets completed by ``data``: (first byte, body, cut).

        Raises:
            Broken: a length or a kind that MQTT does not have; seen at once, not when a whole packet has come.
        """
        if self._skip:
            passed = min(self._skip, len(data))
            self._skip -= passed
            data = data[passed:]
        rest = self._rest + data if self._rest else data
        found: list[tuple[int, bytes, bool]] = []
        at, size = 0, len(rest)
        while size - at >= 2:
            if not _SENT[rest[at]]:
                raise Broken("not a packet that a broker sends")
            length, start = rest[at + 1], at + 2
            if length & 0x80:
                length, start = _length(rest, at + 1)
                if start < 0:
                    break
            if length > self._max and (size - start >= min(length, self.HEAD_KEPT)):
                found.append((rest[at], rest[start : min(start + length, start + self.HEAD_KEPT)], True))
                at = min(start + length, size)
                self._skip = start + length - at
            elif start + length > size:
                break
            else:
                found.append((rest[at], rest[start : start + length], False))
                at = start + length
        self._rest = rest[at:]
        return found


def _length(data: bytes, at: int) -> tuple[int, int]:
    """(remaining length, position behind it); position -1: more bytes needed."""
    value = 0
    for k in range(4):
        if at + k >= len(data):
            return 0, -1
        value |= (data[at + k] & 0x7F) << 7 * k
        if not data[at + k] & 0x80:
            return value, at + k + 1
    raise Broken("a length of more than four bytes")


@dataclass(frozen=True, slots=True)
class Connected:
    """CONNACK. ``code`` is a version 5 reason whatever the version; 0 = accepted."""

    session_present: bool
    code: int
    properties: Mapping[int, bytes] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """The broker's own, else the standard's."""
        own = self.properties.get(REASON_STRING, b"").decode(errors="replace")
        return f"{reason(self.code)} ({own})" if own else reason(self.code)


def connack(body: bytes, version: int) -> Connected:
    """Parse CONNACK (3.2).

    Raises:
        Broken: it is not one.
    """
    if len(body) < 2:
        raise Broken("short CONNACK")
    code = body[1]
    if version != V5 or (code and code < 0x80):
        return Connected(bool(body[0] & 1), _CONNECT_311.get(code, 0x80) if code else 0)
    return Connected(bool(body[0] & 1), code, _properties(body, 2)[0] if len(body) > 2 else {})


def suback(body: bytes, version: int) -> tuple[int, bytes]:
    """(packet id, a code for each filter: >= 0x80 refused) (3.9).

    Raises:
        Broken: it is not one.
    """
    if len(body) < 3:
        raise Broken("short SUBACK")
    at = _properties(body, 2)[1] if version == V5 else 2
    return int.from_bytes(body[:2]), body[at:]


def puback(body: bytes, version: int) -> tuple[int, int, str]:
    """(packet id, code: >= 0x80 refused, why in words) (3.4).

    Raises:
        Broken: it is not one.
    """
    if len(body) < 2:
        raise Broken("short PUBACK")
    packet_id = int.from_bytes(body[:2])
    if len(body) == 2 or version != V5:
        return packet_id, 0, ""
    own = _properties(body, 3)[0].get(REASON_STRING, b"") if len(body) > 3 else b""
    return packet_id, body[2], own.decode(errors="replace") or reason(body[2])


def disconnect(body: bytes) -> str:
    """Why the broker says goodbye (3.14); version 3.1.1 brokers never say."""
    return reason(body[0]) if body and body[0] else "the broker closed the connection"


def publish(first: int, body: bytes, version: int) -> tuple[bytes, int, int]:
    """(topic, packet id or 0, position of the payload) of PUBLISH (3.3).

    Raises:
        Broken: it is not one, or of QoS 2, which was not subscribed to.
    """
    size, qos = len(body), first >> 1 & 3
    at = 2 + (body[0] << 8 | body[1]) if size > 1 else size + 1
    topic, packet_id = body[2:at], 0
    if qos and at + 2 <= size:
        packet_id = body[at] << 8 | body[at + 1]
        at += 2
    if qos > 1 or at > size or (qos and not packet_id):
        raise Broken("not a PUBLISH of QoS 0 or 1")
    if version == V5 and at < size and not body[at]:
        at += 1
    elif version == V5:
        # Nothing in the properties concerns a receiver without topic aliases: step over them.
        length, start = _length(body, at)
        if start < 0 or start + length > size:
            raise Broken("properties longer than their packet")
        at = start + length
    return topic, packet_id, at


def _properties(body: bytes, at: int) -> tuple[dict[int, bytes], int]:
    """(id -> raw value, position behind them)."""
    length, at = _length(body, at)
    end = at + length
    if at < 0 or end > len(body):
        raise Broken("properties longer than their packet")
    found: dict[int, bytes] = {}
    while at < end:
        name, start = body[at], at + 1
        at = _behind(body, start, _PROPERTIES.get(name, -3))
        if not start < at <= end:
            raise Broken(f"bad property {name}")
        found[name] = body[start:at] if _PROPERTIES[name] >= 0 else body[start + 2 : at]
    return found, end


def _behind(body: bytes, at: int, kind: int) -> int:
    if kind > 0:
        return at + kind
    if kind == 0:
        return _length(body, at)[1]
    if kind == -3:
        return -1
    for _ in range(-kind):
        at += 2 + int.from_bytes(body[at : at + 2])
    return at
