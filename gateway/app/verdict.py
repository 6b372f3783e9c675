"""What arrived against what should have: from messages and the simulator's truth, never the gateway's word."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any

from gateway.model.times import NS, parse_iso


@dataclass(frozen=True, slots=True)
class Message:
    """One MQTT message as a subscriber got it; ``at`` is plant seconds since the scenario's start."""

    topic: str
    payload: bytes
    at: float


@dataclass(slots=True)
class _Seen:
    """One occurrence as the subscriber saw it."""

    rule: str
    tag: str
    fault: bool
    raised_at: float
    decided_s: float
    level: str
    value: float | None
    quality: str
    members: list[str] = field(default_factory=list)
    cleared_at: float | None = None
    ended_s: float = inf


def occurrences(messages: Sequence[Message], start: int) -> dict[str, _Seen]:
    """Occurrences by id from the messages of ``alarms/`` and ``faults/``; an event that came twice is one event."""
    seen: dict[str, _Seen] = {}
    for message in messages:
        parts = message.topic.split("/")
        if len(parts) < 6 or parts[5] not in ("alarms", "faults"):
            continue
        event = json.loads(message.payload)
        if event["event"] == "raised" and event["id"] not in seen:
            seen[event["id"]] = _raised(event, message, start)
        elif event["event"] == "cleared" and event["id"] in seen and seen[event["id"]].cleared_at is None:
            seen[event["id"]].cleared_at = message.at
            seen[event["id"]].ended_s = _decided(event, start)
    return seen


def _raised(event: Mapping[str, Any], message: Message, start: int) -> _Seen:
    return _Seen(
        rule=event["rule"],
        tag=event["tag"],
        fault=bool(event["fault"]),
        raised_at=message.at,
        decided_s=_decided(event, start),
        level=event["level"],
        value=event.get("value"),
        quality=event.get("quality", ""),
        members=event.get("members", []),
    )


def _decided(event: Mapping[str, Any], start: int) -> float:
    return (parse_iso(event["time"]) - start) / NS


def judge(messages: Sequence[Message], truth: Mapping[str, Any], start: int) -> dict[str, Any]:
    """The demo's report.

    Args:
        truth: the simulator's report (``expect`` with resolved raise windows and ends, ``allow``, ``seconds``).
        start: plant time of the scenario's start, ns.

    ``expected`` counts what should have been raised by now; ``missed`` of them never arrived (at its level and on
    its side, process or fault); ``false`` arrived and was not to; ``late`` arrived after its window; ``not_ended``
    should have ended by now and did not. ``alarms`` has a row for each expected alarm. ``raised_while_saturated`` names
    the process alarms that stood while the tag's true value was beyond its range, ``not_held_while_saturated`` those
    that did not, or that ended before the value was back: a large leak must not look like a repaired one.
    """
    now = float(truth["seconds"])
    arrived = sorted(occurrences(messages, start).values(), key=lambda s: s.raised_at)
    seen = [s for s in arrived if s.decided_s <= now]  # the truth says nothing of what came after it
    rows, used = [], set()
    for expected in truth["expect"]:
        mine = [s for s in seen if (s.rule, s.tag) == (expected["rule"], expected["tag"])]
        allowed = mine[: max(1, len(expected["active"]))] if expected["active"] else []
        used |= {id(s) for s in allowed}
        rows.append(_row(expected, allowed, now))
    harmless = {(a["rule"], a["tag"]) for a in truth["allow"]}
    false = [s for s in seen if id(s) not in used and (s.rule, s.tag) not in harmless]
    return {
        **_counts(rows),
        "false": len(false),
        "false_list": [_brief(s) for s in false],
        "sensor_faults_raised_faults_only": not any(not s.fault for s in false),
        **_saturated(rows),
        "alarms": rows,
    }


def _row(expected: Mapping[str, Any], mine: Sequence[_Seen], now: float) -> dict[str, Any]:
    first = mine[0] if mine else None
    window = expected["raise"]
    due = window is not None and now >= window[1]
    right = (
        first is not None
        and first.level == expected["level"]
        and first.fault == (expected["kind"] == "fault")
    )
    right = right and set(expected["members"]) <= set(first.members if first else ())
    must_end = bool(expected["must_end"] and expected["end"] is not None and now >= expected["end"])
    return {
        "id": expected["id"],
        "tag": expected["tag"],
        "rule": expected["rule"],
        "level": expected["level"],
        "kind": expected["kind"],
        "due": due,
        "raised": right,
        "window_s": window,
        "cause_s": expected["active"][0][0] if expected["active"] else None,
        "decided_s": round(first.decided_s, 1) if first else None,
        "arrived_s": round(first.raised_at, 1) if first else None,
        "late": bool(due and first and window and first.decided_s > window[1]),
        "early": bool(first and window and first.decided_s < window[0]),
        "ended_s": round(mine[-1].cleared_at, 1) if mine and mine[-1].cleared_at is not None else None,
        "not_ended": must_end and any(s.cleared_at is None for s in mine),
        "held_while_saturated": _held(expected["beyond_range"], mine),
        "value": first.value if first else None,
        "quality": first.quality if first else None,
    }


def _counts(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    due = [r for r in rows if r["due"]]
    return {
        "expected": len(due),
        "raised": sum(r["raised"] for r in due),
        "missed": sum(not r["raised"] for r in due),
        "late": sum(r["late"] for r in due),
        "early": sum(r["early"] for r in rows),
        "not_ended": sum(r["not_ended"] for r in rows),
    }


def _saturated(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Whether a reading beyond the range or one just below it raised the alarm depends on when the device was asked.

    So what counts is that the alarm stands until the true value is back.
    """
    return {
        "raised_while_saturated": sorted(str(r["rule"]) for r in rows if r["held_while_saturated"]),
        "not_held_while_saturated": sorted(
            str(r["rule"]) for r in rows if r["held_while_saturated"] is False
        ),
    }


def _held(beyond: Sequence[Sequence[float | None]], mine: Sequence[_Seen]) -> bool | None:
    """Whether an occurrence stood at the end of every stay beyond the range; None when there was no whole stay."""
    ends = [end for _, end in beyond if end is not None]
    return all(any(s.decided_s <= end <= s.ended_s for s in mine) for end in ends) if ends else None


def _brief(seen: _Seen) -> dict[str, Any]:
    return {"rule": seen.rule, "tag": seen.tag, "level": seen.level, "arrived_s": round(seen.raised_at, 1)}


def good(report: Mapping[str, Any]) -> bool:
    """What the demo's exit code says."""
    faults = ("missed", "false", "late", "not_ended", "early", "not_held_while_saturated")
    return not any(report[each] for each in faults)
