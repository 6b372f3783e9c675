"""The table: what goes wrong on which wires, and what must come of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

MODBUS: Final = ("tcp", "tls", "rtu-tcp", "ascii-tcp", "rtu", "ascii")
MQTT: Final = ("mqtt-5", "mqtt-3.1.1", "mqtt-tls")
WIRES: Final = (*MODBUS, *MQTT)
FRAMED: Final = MODBUS[2:]
BLINDS: Final = "blinds"
"""tags BAD and the alarm unknown as long as it lasts"""
FLICKERS: Final = "flickers"
"""unknown at some time, known at others"""
HARMLESS: Final = "harmless"
"""tags GOOD and the alarm known throughout"""
DOUBTS: Final = "doubts"
"""tags UNCERTAIN: the alarm holds, and could not clear"""
EITHER: Final = "either"
"""may be seen or not; it is over when it is over"""


@dataclass(frozen=True)
class Row:
    """``kind`` and ``params`` are of the simulators' catalogue; delays in ``params`` as shares of the timeout."""

    name: str
    wires: Sequence[str]
    kind: str
    params: Mapping[str, float] = field(default_factory=dict)
    must: str = BLINDS


@dataclass(frozen=True)
class Times:
    """Seconds: settings of the source, and how long a fault is left in force once it was seen."""

    period_s: float
    timeout_s: float
    retry_max_s: float
    reprobe_s: float
    keep_alive_s: float
    max_age_s: float
    hold_s: float
    patience_s: float


DEFAULT: Final = Times(1.0, 1.0, 5.0, 600.0, 30.0, 5.0, 10.0, 90.0)
"""Modbus settings as the product has them; keep-alive of MQTT too."""
QUICK: Final = Times(0.1, 0.4, 0.2, 1.0, 2.0, 1.5, 0.05, 60.0)
"""for the tests; as long as a machine that is busy elsewhere needs not to be the slow one itself"""
SHARES: Final = frozenset({"delay_s"})
"""parameters that are given in timeouts"""

ROWS: Final = (
    Row("mute", MODBUS, "silent"),
    Row("slow", MODBUS, "latency", {"delay_s": 0.4}, HARMLESS),
    Row("late", MODBUS, "latency", {"delay_s": 2.5}),
    Row("exception codes", MODBUS, "exceptions", {"code": 4}),
    Row("busy", MODBUS, "exceptions", {"code": 6}),
    Row("gateway: target failed", MODBUS, "exceptions", {"code": 11}),
    Row("garbled", MODBUS, "garbage"),
    Row("cut short", MODBUS, "truncated"),
    Row("too few registers", MODBUS, "short"),
    Row("too many registers", MODBUS, "long"),
    Row("bad CRC or LRC", FRAMED, "bad-crc"),
    Row("wrong transaction id", MODBUS[:2], "wrong-id"),
    Row("wrong unit", MODBUS, "wrong-unit"),
    Row("byte by byte", MODBUS, "split", {"gap_s": 0.0}, HARMLESS),
    Row("junk behind the answer", MODBUS, "trailing", {}, EITHER),
    Row("echo of our own question", FRAMED, "echo", {}, HARMLESS),
    Row("connection dropped", MODBUS, "drop"),
    Row("dropped in the middle of an answer", MODBUS, "drop-mid"),
    Row("half open", MODBUS, "half-open"),
    Row("port refused or pulled out", MODBUS, "refuse"),
    Row("broker restart", MQTT, "broker-restart"),
    Row("broker restart, sessions forgotten", MQTT, "broker-restart", {"forget": 1}),
    Row("broker hangs, half open", MQTT, "broker-half-open"),
    Row("broker busy", MQTT, "broker-busy", {}, HARMLESS),
    Row("session taken over", MQTT, "broker-takeover", {"every_s": 0.4}, FLICKERS),
    Row("broker mute", MQTT, "broker-mute"),
    Row("broker slow", MQTT, "broker-slow", {"delay_s": 0.05}, HARMLESS),
    Row("byte by byte", MQTT, "broker-split", {"gap_s": 0.0}, HARMLESS),
    Row("broker sends garbage", MQTT, "broker-garbage"),
    Row("dropped in the middle of a message", MQTT, "broker-drop-mid"),
    Row("wrong packet ids", MQTT, "broker-wrong-id"),
    Row("duplicates", MQTT, "broker-duplicate", {}, HARMLESS),
    Row("publisher mute", MQTT, "mqtt-silence"),
    Row("garbled payloads", MQTT, "mqtt-garbage"),
    Row("messages late", MQTT, "mqtt-slow", {"delay_s": 8.0}, FLICKERS),
    Row("out of order", MQTT, "mqtt-shuffle", {"of": 3}, HARMLESS),
    Row("retained stale values", MQTT, "mqtt-stale"),
    Row("wrong names", MQTT, "mqtt-wrong-id"),
    Row("flood", MQTT, "mqtt-flood", {"times": 50}, HARMLESS),
    Row("device clock 2 h behind", MQTT, "mqtt-clock", {"offset_s": -7200}),
    Row("device clock 2 h ahead", MQTT, "mqtt-clock", {"offset_s": 7200}, DOUBTS),
)
STEPS: Final = (
    ("gateway clock 1 h ahead", 3600),
    ("gateway clock back again", 0),
    ("gateway clock 1 h behind", -3600),
)
"""Steps of the machine's own clock, for all wires at once; each may blind for a poll (``EITHER``)."""
