"""The catalogue of faults, as data: what each kind acts on, its parameters and their defaults."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from simulators.errors import BadData


@dataclass(frozen=True)
class Kind:
    """A kind of fault: its target (tag, device, mqtt or broker), parameters with defaults, and one line of meaning."""

    target: str
    params: Mapping[str, float]
    meaning: str


# Milliampere defaults: NAMUR NE 43 signals failure at <= 3.6 mA or >= 21.0 mA.
KINDS: dict[str, Kind] = {
    "failure-low": Kind("tag", {"ma": 3.5}, "4-20 mA transmitter signals failure low"),
    "failure-high": Kind("tag", {"ma": 21.8}, "4-20 mA transmitter signals failure high"),
    "frozen": Kind("tag", {}, "the value stays what it was at onset"),
    "stuck": Kind("tag", {"value": 0.0}, "the value is `value`, whatever the plant does (stuck feedback)"),
    "drift": Kind("tag", {"per_h": 1.0}, "the value moves away by `per_h` tag units an hour"),
    "bias": Kind("tag", {"by": 1.0}, "the value is off by a constant `by` tag units"),
    "noise": Kind("tag", {"sigma": 1.0}, "extra Gaussian noise of `sigma` tag units"),
    "spike": Kind("tag", {"height": 1.0, "every_s": 30.0, "width_s": 1.0}, "short pulses added to the value"),
    "nan": Kind("tag", {}, "a float tag is not a number (JSON null on MQTT)"),
    "exception": Kind("tag", {"code": 2.0}, "any read that touches the tag's address answers this exception"),
    "silence": Kind("tag", {}, "an MQTT tag is no longer published"),
    "wrong-clock": Kind("tag", {"offset_s": -7200.0}, "an MQTT tag's source time is off by `offset_s`"),
    "silent": Kind("device", {"unit": 0.0}, "requests are read, never answered (`unit` 0 = all units)"),
    "latency": Kind("device", {"delay_s": 0.5, "unit": 0.0}, "answers come `delay_s` wall seconds late"),
    "exceptions": Kind("device", {"code": 4.0, "unit": 0.0}, "every request answers this exception"),
    "garbage": Kind("device", {"bytes": 16.0, "unit": 0.0}, "random bytes in place of each answer"),
    "truncated": Kind(
        "device", {"drop": 3.0, "unit": 0.0}, "the last `drop` bytes of each answer are missing"
    ),
    "short": Kind(
        "device",
        {"by": 1.0, "unit": 0.0},
        "each answer has `by` registers fewer than asked for, in a right frame",
    ),
    "long": Kind(
        "device",
        {"by": 1.0, "unit": 0.0},
        "each answer has `by` registers more than asked for, in a right frame",
    ),
    "bad-crc": Kind("device", {"unit": 0.0}, "the CRC or LRC of each answer is wrong (RTU and ASCII)"),
    "wrong-id": Kind("device", {"by": 1.0, "unit": 0.0}, "the transaction id of each answer is off by `by`"),
    "wrong-unit": Kind("device", {"by": 1.0, "unit": 0.0}, "the unit id of each answer is off by `by`"),
    "split": Kind(
        "device", {"gap_s": 0.005, "unit": 0.0}, "answers come one byte at a time, `gap_s` wall s apart"
    ),
    "echo": Kind(
        "device", {}, "each request comes back before its answer (an RS-485 adapter that hears itself)"
    ),
    "trailing": Kind("device", {"bytes": 5.0, "unit": 0.0}, "junk bytes follow each answer"),
    "drop": Kind("device", {"unit": 0.0}, "the connection is closed instead of an answer"),
    "drop-mid": Kind(
        "device",
        {"after": 4.0, "unit": 0.0},
        "the connection is closed after the first `after` bytes of an answer",
    ),
    "refuse": Kind(
        "device", {}, "the port is closed (a serial port is gone): open connections end, new ones are refused"
    ),
    "half-open": Kind("device", {}, "connections are accepted and kept, nothing is read or answered"),
    "mqtt-silence": Kind("mqtt", {}, "the publisher stays connected and publishes nothing"),
    "mqtt-drop": Kind("mqtt", {}, "the publisher is disconnected from the broker"),
    "mqtt-garbage": Kind("mqtt", {}, "payloads are not JSON and not numbers"),
    "mqtt-duplicate": Kind("mqtt", {}, "each message is published twice"),
    "mqtt-clock": Kind("mqtt", {"offset_s": -7200.0}, "all source times are off by `offset_s`"),
    "mqtt-slow": Kind("mqtt", {"delay_s": 30.0}, "messages leave `delay_s` plant seconds late, in order"),
    "mqtt-shuffle": Kind("mqtt", {"of": 4.0}, "messages leave in groups of `of`, the newest first"),
    "mqtt-stale": Kind("mqtt", {}, "retained messages that repeat what was said at onset, time and all"),
    "mqtt-wrong-id": Kind("mqtt", {}, "messages go to a topic that is nobody's (`-x` behind it)"),
    "mqtt-flood": Kind("mqtt", {"times": 200.0}, "each message is sent `times` times, QoS 0"),
    "broker-restart": Kind(
        "broker",
        {"forget": 0.0},
        "the broker is away: connections end, new ones are refused (`forget` 1: it comes back without its sessions)",
    ),
    "broker-half-open": Kind("broker", {}, "connections are accepted and kept, nothing is read or answered"),
    "broker-busy": Kind("broker", {}, "who connects is refused: busy; connections that stand go on"),
    "broker-takeover": Kind(
        "broker",
        {"every_s": 1.0},
        "another client takes over each subscriber's session every `every_s` wall s",
    ),
    "broker-mute": Kind("broker", {}, "pings are answered, no message is passed on"),
    "broker-slow": Kind("broker", {"delay_s": 0.2}, "each message is passed on `delay_s` wall s late"),
    "broker-split": Kind(
        "broker", {"gap_s": 0.005}, "messages come one byte at a time, `gap_s` wall s apart"
    ),
    "broker-garbage": Kind("broker", {"bytes": 16.0}, "random bytes in place of each message"),
    "broker-drop-mid": Kind("broker", {"after": 4.0}, "the connection ends after `after` bytes of a message"),
    "broker-wrong-id": Kind(
        "broker", {}, "QoS 1 messages have packet id 0, a subscription is confirmed by a wrong id"
    ),
    "broker-duplicate": Kind("broker", {}, "each message is passed on twice, the second as sent again"),
}


@dataclass(frozen=True)
class Fault:
    """One fault in force: plant seconds since which, and parameters completed with defaults."""

    id: str
    kind: str
    target: str
    since_s: float
    params: Mapping[str, float] = field(default_factory=dict)

    def applies_to(self, unit: int) -> bool:
        """Whether a device fault concerns this unit."""
        return self.params.get("unit", 0.0) in (0.0, float(unit))

    def described(self) -> dict[str, Any]:
        """For JSON."""
        return {"id": self.id, "kind": self.kind, "target": self.target, "since_s": self.since_s,
                "params": dict(self.params)}  # fmt: skip


def make_fault(fault_id: str, kind: str, target: str, since_s: float, params: Mapping[str, Any]) -> Fault:
    """Check kind and parameters against the catalogue and fill in the defaults."""
    if kind not in KINDS:
        raise BadData(f"fault {fault_id}: unknown kind {kind!r}; allowed: {', '.join(KINDS)}")
    known = KINDS[kind].params
    unknown = sorted(set(params) - set(known))
    if unknown:
        raise BadData(
            f"fault {fault_id}: {kind} has no {', '.join(unknown)}; it has: {', '.join(known) or 'none'}"
        )
    return Fault(fault_id, kind, target, since_s, {**known, **{k: float(v) for k, v in params.items()}})
