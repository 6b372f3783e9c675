"""What is published: which record on which topics in what order, and the bodies of the retained topics. Pure.

Bodies of events are the journal's exact bytes and are never made here.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from gateway.model.commands import Actor
from gateway.model.events import Event, Occurrence, Record
from gateway.model.ports import LiveState, Present
from gateway.model.quality import quality_name
from gateway.model.times import NEVER, NS, iso
from gateway.sinks.mqtt.topics import Topics

LATE: Final = 30 * NS
"""A record older than this when it is sent is marked as late."""
LISTED: Final = 100
"""Longest list of tags in ``level``; the full number stands beside it."""
STATUS_EVERY_S: Final = 60


@dataclass(frozen=True, slots=True)
class Message:
    """One publish at QoS 1. ``late_s`` travels as MQTT 5 user properties ``backfill`` and ``late_s``."""

    topic: str
    payload: bytes
    retain: bool = False
    late_s: float | None = None


@dataclass(frozen=True, slots=True)
class Will:
    """Who says what when it is gone."""

    gateway: str
    epoch: str
    connected_at: int


def to_json(value: dict[str, Any]) -> bytes:
    """Compact UTF-8 JSON; empty fields (None, "", empty list or object) are left out at the top."""
    return orjson.dumps({k: v for k, v in value.items() if v not in (None, "", [], {})})


def announced(event: Event) -> bool:
    """Goes to alarms or faults."""
    return event.announced


def event_topics(topics: Topics, event: Event) -> list[str]:
    """The topic of the event's level and of every level its occurrence has had, highest first."""
    levels = set(event.levels) | ({event.level} if event.level else set())
    return [
        topics.announcement(level, event.installation, event.tag, fault=event.fault)
        for level in sorted(levels, reverse=True)
    ]


def by_level(records: Iterable[Record]) -> list[Record]:
    """Announced records, highest level first, of a level the process before faults, then by seq.

    All events of one occurrence travel at the highest level it reaches among them, so that none overtakes another.
    """
    chosen = [r for r in records if announced(r.event)]
    top: dict[str, int] = {}
    for r in chosen:
        top[r.event.id] = max(top.get(r.event.id, 0), r.event.level or 0)
    return sorted(chosen, key=lambda r: (-top[r.event.id], r.event.fault, r.seq))


def lateness(record: Record, now: int) -> float | None:
    """Seconds since it was recorded, when that is late; else None."""
    return round((now - record.recorded) / NS, 3) if now - record.recorded > LATE else None


def announcements(topics: Topics, record: Record, now: int) -> list[Message]:
    """The record's exact bytes on each of its topics."""
    late = lateness(record, now)
    return [Message(topic, record.data, late_s=late) for topic in event_topics(topics, record.event)]


def state_messages(
    topics: Topics, present: Present, only: set[str] | None, known: Collection[str]
) -> dict[str, bytes]:
    """Topic -> body of what is open; empty for topics of ``known`` (on the broker) where nothing is open.

    ``only`` limits it to those topics; None: all.
    """
    open_now: dict[str, list[Occurrence]] = {}
    for each in present.occurrences:
        topic = topics.state(each.installation, each.tag, each.rule)
        if (only is None or topic in only) and not (each.shadow or each.axes.recorded_only):
            open_now.setdefault(topic, []).append(each)
    wanted = {topic: state_body(present, found) for topic, found in open_now.items()}
    gone = known if only is None else only.intersection(known)
    wanted.update({topic: b"" for topic in sorted(gone) if topic not in wanted})
    return wanted


def state_body(present: Present, occurrences: Sequence[Occurrence]) -> bytes:
    """Current occurrence and branches of one rule, oldest first."""
    first = occurrences[0]
    head = {"rule": first.rule, "name": first.name, "installation": first.installation, "tag": first.tag}
    return to_json({**_head("state", present), **head, "occurrences": [_occurrence(o) for o in occurrences]})


def level_body(present: Present) -> bytes:
    """Live and base level of the site and of each installation, with the cause."""
    site, *rest = present.levels
    places = [{"installation": s.installation, **_live(s)} for s in rest]
    return to_json({**_head("level", present), "live": _live(site), "installations": places})


def offline_body(who: Will) -> bytes:
    """The last will; also published when the gateway stops in order."""
    return to_json(
        {
            "schema": "fengsui.status/1",
            "state": "offline",
            "gateway": who.gateway,
            "epoch": who.epoch,
            "connected_at": iso(who.connected_at),
        }
    )


def status_body(present: Present, connected_at: int) -> bytes:
    """The retained status; older than ``expected_every_s`` (and some patience) it is worth nothing."""
    s = present.status
    oldest = s.oldest_unsent_alarm
    numbers = {
        "tags": {"good": s.tags_good, "uncertain": s.tags_uncertain, "bad": s.tags_bad},
        "head": {"seq": present.head_seq, "hash": present.head_hash},
        "backlog": s.backlog,
        "oldest_unsent_alarm": iso(oldest) if oldest is not None else None,
        "disk_free": s.disk_free,
        "disk_days": s.disk_days,
        "history_from": iso(s.history_from) if s.history_from is not None else None,
        "clock_offset_s": s.clock_offset_s,
        "clock_synchronised": s.clock_synchronised,
        "certificate_days": s.certificate_days,
        "troubles": list(s.troubles),
        "durable": s.durable,
        "exercise": s.exercise,
    }
    times = {"time": iso(s.time), "started": iso(s.started), "connected_at": iso(connected_at)}
    config = {"version": s.version, "config": present.site.config_hash, "expected_every_s": STATUS_EVERY_S}
    head = _head("status", present)
    del head["seq"]
    return to_json({**head, "state": s.state, **times, **config, **numbers})


def status_news(present: Present) -> tuple[object, ...]:
    """What must differ for ``status`` to be worth publishing again before its time."""
    s = present.status
    unsent = s.oldest_unsent_alarm is not None
    return (s.state, s.durable, s.troubles, present.site.config_hash, unsent, s.exercise)


def _head(kind: str, present: Present) -> dict[str, Any]:
    site = present.site
    return {
        "schema": f"fengsui.{kind}/1",
        "gateway": site.gateway,
        "epoch": present.epoch,
        "seq": present.head_seq,
        "time": iso(present.time),
        "county": site.county,
        "site": site.id,
    }


def _live(state: LiveState) -> dict[str, Any]:
    lists = {
        "cause": state.cause,
        "blinded": state.blinded,
        "not_judged": state.not_judged,
        "unjudged": state.unjudged,
        "suppressed": state.suppressed,
        "modifiers": state.modifiers,
    }
    out: dict[str, Any] = {"level": state.level.value, "base": state.base.word, "since": iso(state.since)}
    for name, items in lists.items():
        if items:
            out[name] = list(items[:LISTED])
            out[f"{name}_count"] = len(items)
    return out


def _who(actor: Actor | None) -> dict[str, str] | None:
    return {"id": actor.id, "name": actor.name, "role": actor.role} if actor else None


def _occurrence(o: Occurrence) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "id": o.id,
        "n": o.n,
        "rule_version": o.rule_version,
        "kind": o.kind,
        "description": o.description,
        "class": o.cls,
        "unit": o.unit,
        "level": o.level.word,
        "levels": [x.word for x in o.levels],
        "priority": o.priority,
        "onset": iso(o.onset),
        "raised": iso(o.raised),
        "changed": iso(o.changed),
        "isa": o.isa,
        "value": o.value,
        "limit": o.limit,
        "reset": o.reset,
        "quality": quality_name(o.quality),
        "guidance": o.guidance,
        "members": list(o.members),
        "comment": o.comment,
        "acknowledged_by": _who(o.acknowledged_by),
        "until": iso(o.until) if o.until < NEVER else None,
        "set_aside_by": _who(o.set_aside_by),
        "reason": o.reason,
        "permit": o.permit,
        "calibrating": o.calibrating or None,
        "aside_for": o.aside_for,
        "first_out": o.first_out or None,
        "group": o.group,
        "due": iso(o.due) if o.due < NEVER else None,
        "report_due": iso(o.report_due) if o.report_due < NEVER else None,
    }
    kept = {k: v for k, v in fields.items() if v not in (None, "", [])}
    return {**kept, "fault": o.fault, "axes": o.axes.as_json()}
