"""MQTT: packets, JSON and plain payloads."""

from __future__ import annotations

import json

from gateway.sources.mqtt import packets
from gateway.sources.mqtt.decode import QualityPath, TimePath, Topic, compile_path
from tests.fuzz.target import Target

_TOPIC = Topic(
    (0,),
    ((1, compile_path("v")), (2, compile_path('a[0]["b"]'))),
    TimePath(("ts",), "ms"),
    QualityPath(("q",), frozenset({"192"}), frozenset({"64"})),
)
_ISO = Topic((), ((1, ("v",)),), TimePath(("ts",), "iso"), None)
_SHORT = Topic((), ((1, ("v",)),), TimePath(("ts",), "ms"), None)


def _json(data: bytes) -> None:
    rows = _TOPIC.rows(data, 1, retained=False) + _ISO.rows(data, 1, retained=True)
    short = _SHORT.row(data)
    rows += [] if short is None else [short]
    for _, source, value, quality in rows:
        if quality < 128 and (value - value != 0.0 or not 0 < source < 1 << 63):
            raise AssertionError(f"a value that may be judged: {value} at {source}")


JSON = Target(
    "mqtt-json",
    _json,
    [
        json.dumps({"ts": 1_700_000_000_123, "v": 1.5, "q": 192, "a": [{"b": True}]}).encode(),
        b'{"ts":"2026-11-22T08:00:00.5+08:00","v":"1e3","q":"64","a":[{"b":null}]}',
        b"12.5",
        b"true",
    ],
    ["sources/mqtt/decode"],
    [b'"v"', b'"ts"', b"null", b"1e999", b"-", b"NaN", b'"a"', b"[", b"{", b"99999999999999999999"],
)


def _packets(data: bytes) -> None:
    version = packets.V5 if data[:1] < b"\x80" else packets.V311
    cutter = packets.Packets(1024)
    try:
        for piece in (data[1 : 1 + len(data) // 2], data[1 + len(data) // 2 :]):
            for first, body, _ in cutter.feed(piece):
                _packet(first, body, version)
    except packets.Broken:
        return


def _packet(first: int, body: bytes, version: int) -> None:
    kind = first & 0xF0
    if kind == packets.PUBLISH:
        topic, number, at = packets.publish(first, body, version)
        if at > len(body) or not 0 <= number < 1 << 16 or len(topic) > len(body):
            raise AssertionError("a packet that reaches out of its body")
    elif first == packets.CONNACK:
        packets.connack(body, version)
    elif first == packets.SUBACK:
        packets.suback(body, version)
    elif first == packets.DISCONNECT:
        packets.disconnect(body)


PACKETS = Target(
    "mqtt-packets",
    _packets,
    [
        b"\0\x30\x07\0\x01a\0\x31\x2e\x35",
        b"\xff\x32\x08\0\x01a\0\x09\x31\x2e\x35",
        b"\0\x20\x06\x01\0\x03\x13\0\x1e",
        b"\0\x90\x04\0\x01\0\x01",
        b"\0\xe0\x02\x8e\0",
        b"\0\x32\x10\0\x01a\0\x09\x05\x23\0\x01\x01\x00\x31\x2e\x35",
    ],
    ["sources/mqtt/packets"],
    [b"\x30", b"\x32", b"\x90", b"\x20", b"\xff\xff\xff\x7f", b"\x80\x80\x80\x80", b"\x1f\0\x02ab", b"\x26"],
)
