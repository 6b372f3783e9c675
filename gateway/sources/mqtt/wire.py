"""Sparkplug B payloads as the fields we need. The message shapes are the specification's (Sparkplug 3.0, 6.4.1).

Field numbers are facts of the wire and stand here as a table; protobuf's own parser does the rest. What we do not read
(data sets, templates, metadata) is left out of the table: the parser steps over unknown fields.
"""

from dataclasses import dataclass
from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from gateway.sources.mqtt.paths import Malformed

_TYPES: Final = {"u64": 4, "u32": 13, "bool": 8, "str": 9, "f32": 2, "f64": 1}
"""our words -> FieldDescriptorProto.Type"""
_VALUE: Final = "value"
_SHAPES: Final[dict[str, tuple[tuple[int, str, str, bool, bool], ...]]] = {
    # (number, name, type, repeated, one of the value fields)
    "Property": (
        (2, "is_null", "bool", False, False),
        (3, "int_value", "u32", False, True),
        (4, "long_value", "u64", False, True),
        (8, "string_value", "str", False, True),
    ),
    "Properties": ((1, "keys", "str", True, False), (2, "values", "Property", True, False)),
    "Metric": (
        (1, "name", "str", False, False),
        (2, "alias", "u64", False, False),
        (3, "timestamp", "u64", False, False),
        (4, "datatype", "u32", False, False),
        (7, "is_null", "bool", False, False),
        (9, "properties", "Properties", False, False),
        (10, "int_value", "u32", False, True),
        (11, "long_value", "u64", False, True),
        (12, "float_value", "f32", False, True),
        (13, "double_value", "f64", False, True),
        (14, "boolean_value", "bool", False, True),
        (15, "string_value", "str", False, True),
    ),
    "Payload": (
        (1, "timestamp", "u64", False, False),
        (2, "metrics", "Metric", True, False),
        (3, "seq", "u64", False, False),
    ),
}
_PACKAGE: Final = "fengsui.sparkplug"


def _payload_class() -> Any:
    file = descriptor_pb2.FileDescriptorProto(
        name="fengsui/sparkplug.proto", package=_PACKAGE, syntax="proto2"
    )
    for name, fields in _SHAPES.items():
        message = file.message_type.add(name=name)
        if any(each[4] for each in fields):
            message.oneof_decl.add(name=_VALUE)
        for number, field, kind, repeated, chosen in fields:
            made = message.field.add(name=field, number=number, label=3 if repeated else 1)
            if kind in _TYPES:
                made.type = _TYPES[kind]  # type: ignore[assignment]  # an enum of the stubs
            else:
                made.type, made.type_name = 11, f".{_PACKAGE}.{kind}"  # type: ignore[assignment]
            if chosen:
                made.oneof_index = 0
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.Payload"))


_Payload: Final = _payload_class()


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. ``kind`` is the name of the value field that was sent, empty for none of those we read."""

    name: str
    alias: int | None
    timestamp: int | None
    """ms since 1970"""
    datatype: int
    """0: not said"""
    null: bool
    quality: int | None
    kind: str
    value: float | str | None


@dataclass(frozen=True, slots=True)
class Payload:
    """One message."""

    timestamp: int | None
    seq: int | None
    metrics: tuple[Metric, ...]


def parse(data: bytes) -> Payload:
    """Bytes as a payload.

    Raises:
        Malformed: they are none.
    """
    raw = _Payload()
    try:
        raw.ParseFromString(data)
        metrics = tuple(_metric(each) for each in raw.metrics)
    except (DecodeError, UnicodeDecodeError) as error:
        raise Malformed(f"not a Sparkplug payload: {error}") from error
    return Payload(
        raw.timestamp if raw.HasField("timestamp") else None,
        raw.seq if raw.HasField("seq") else None,
        metrics,
    )


def _metric(raw: Any) -> Metric:
    kind = raw.WhichOneof(_VALUE) or ""
    return Metric(
        raw.name,
        raw.alias if raw.HasField("alias") else None,
        raw.timestamp if raw.HasField("timestamp") else None,
        raw.datatype,
        raw.is_null,
        _quality(raw.properties) if raw.HasField("properties") else None,
        kind,
        getattr(raw, kind) if kind else None,
    )


def _quality(properties: Any) -> int | None:
    """The property ``Quality``: 192 good, 0 bad, 500 stale (Sparkplug 3.0, 6.4.1.3)."""
    for key, value in zip(properties.keys, properties.values, strict=False):
        if key == "Quality":
            kind = value.WhichOneof(_VALUE)
            return int(getattr(value, kind)) if kind in ("int_value", "long_value") else -1
    return None
