"""MQTT: packets; plain, JSON, CBOR and Sparkplug B payloads."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal

import cbor2
import orjson

from gateway.sources.mqtt import cbor
from gateway.sources.mqtt.address import Point, topic_and_path
from gateway.sources.mqtt.decode import QualityPath, TimePath, Topic
from gateway.sources.mqtt.paths import Malformed, compile_path
from gateway.sources.mqtt.sparkplug import Nodes
from gateway.wires import mqtt as packets
from tests.fuzz.target import Target
from tests.helpers.sparkplug import metric, payload

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
    elif first == packets.PUBACK:
        packets.puback(body, version)
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
    ["wires/mqtt"],
    [b"\x30", b"\x32", b"\x90", b"\x20", b"\xff\xff\xff\x7f", b"\x80\x80\x80\x80", b"\x1f\0\x02ab", b"\x26"],
)


def _cbor(data: bytes) -> None:
    for tag, source, value, quality in _CBOR.rows(data, 1, retained=False):
        if quality < 128 and (value - value != 0.0 or not 0 < source < 1 << 63 or tag not in (1, 2, 3)):
            raise AssertionError(f"a value that may be judged: {value} at {source}")


_CBOR = Topic(
    (),
    ((1, ("v",)), (2, compile_path("a[*].v")), (3, compile_path("a[id=x].v"))),
    TimePath(compile_path("a[*].t"), "ms"),
    QualityPath(("q",), frozenset({"192"}), frozenset({"64"})),
    cbor.loads,
)
CBOR = Target(
    "mqtt-cbor",
    _cbor,
    [
        cbor2.dumps({"v": 1.5, "q": 192, "a": [{"id": "x", "v": 2, "t": 1_700_000_000_123}, {"v": None}]}),
        cbor2.dumps(
            {"v": Decimal("1.5"), "a": [{"t": dt.datetime(2026, 11, 22, tzinfo=dt.UTC), "v": 1 << 70}]}
        ),
        cbor2.dumps(12.5),
        b"\xd8\x1c\x81\xd8\x1d\x00",
        b"\xc4\x82\x1a\x3b\x9a\xca\x00\x01",
        b"\xbf\x61v\xf9\x7e\x00\xff",
    ],
    ["sources/mqtt/decode", "sources/mqtt/paths"],
    [
        b"\xc2\x49",
        b"\xc4\x82",
        b"\xd8\x1c",
        b"\xd8\x23",
        b"\xf9\x7c\x00",
        b"\x9f",
        b"\xff",
        b"\x61v",
        b"\xc1\xfb",
    ],
)


def _sparkplug(data: bytes) -> None:
    """The first byte cuts the rest into messages of one edge node; each begins with its kind."""
    nodes = Nodes([(0, Point("G/E", "", "Level")), (1, Point("G/E", "D", "A"))])
    kinds = ("NBIRTH/E", "DBIRTH/E/D", "NDATA/E", "DDATA/E/D", "NDEATH/E", "DDEATH/E/D")
    for piece in data.split(b"\xfe\xfe"):
        if not piece:
            continue
        try:
            said = nodes.message(f"spBv1.0/G/{kinds[piece[0] % 6]}", piece[1:], 1, again=piece[0] > 127)
        except Malformed:
            continue
        for tag, source, value, quality in () if said is None else said.rows:
            if quality < 128 and (value - value != 0.0 or not 0 < source < 1 << 63 or tag not in (0, 1)):
                raise AssertionError(f"a value that may be judged: {value} at {source}")


_BIRTH = payload(
    metric("bdSeq", datatype=4, long=1), metric("Level", alias=1, datatype=9, float=1.5, ms=9), seq=0
)
_DEVICE = payload(metric("A", alias=2, datatype=3, int=5, quality=192), seq=1, ms=9)
SPARKPLUG = Target(
    "mqtt-sparkplug",
    _sparkplug,
    [
        b"\xfe\xfe".join(
            [
                b"\0" + _BIRTH,
                b"\1" + _DEVICE,
                b"\2" + payload(metric(alias=1, float=2.5), seq=2),
                b"\3" + payload(metric(alias=2, int=0xFFFFFFFF), metric("A", null=True), seq=3),
                b"\5" + payload(seq=4),
                b"\4" + payload(metric("bdSeq", datatype=4, long=1)),
            ]
        ),
        b"\2" + payload(metric("Level", text="1.5", datatype=12), seq=9),
    ],
    ["sources/mqtt/sparkplug", "sources/mqtt/wire"],
    [
        b"\xfe\xfe",
        b"\xfe\xfe\2",
        metric(alias=1, double=1.0),
        metric("Level", bool=True),
        b"\x18\x03",
        b"\x52\x05",
    ],
)


def _paths(data: bytes) -> None:
    """An address cell, a line end, a document: JSON, or CBOR behind a NUL."""
    cell, _, document = data.partition(b"\n")
    loads, body = (cbor.loads, document[1:]) if document[:1] == b"\0" else (orjson.loads, document)
    try:
        place = topic_and_path(cell.decode("utf-8", "replace"))
    except ValueError:
        return
    if place.path is None:
        return
    path = place.path
    topic = Topic((), ((0, path), (1, ("v",))), TimePath(path, "ms"), QualityPath(path, _GOOD, _GOOD), loads)
    for tag, source, value, quality in topic.rows(body, 1, retained=False):
        if quality < 128 and (value - value != 0.0 or not 0 < source < 1 << 63 or tag not in (0, 1)):
            raise AssertionError(f"a value that may be judged: {value} at {source}")


_GOOD = frozenset({"192", "1.5"})
PATHS = Target(
    "mqtt-paths",
    _paths,
    [
        b'a#v\n{"v":1.5}',
        b't/+#a[0]["b.c"].d\n{"a":[{"b.c":{"d":2}}],"v":1}',
        b'a#s[*].v\n{"s":[{"v":1700000000123},{"v":null}],"v":3}',
        b'a#s[id=x].v\n{"s":[{"id":"x","v":192},{"id":7,"v":1}]}',
        b"a#s[id=x].v\n\0" + cbor2.dumps({"s": [{"id": 1 << 16000, "v": 1}, {"id": "x", "v": 1 << 9000}]}),
        b"a#v\n\0" + cbor2.dumps({"v": 1 << 12000}),
    ],
    ["sources/mqtt/paths", "sources/mqtt/address", "sources/mqtt/decode"],
    [b"[*]", b"[id=x]", b'["', b"[0]", b".a", b"#", b'"v":', b"[[[", b"\xc2\x59\x07\xd0", b"1e999", b"null"],
)
