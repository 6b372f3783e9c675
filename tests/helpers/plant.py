"""A plant for the console's tests: every state on hand, commands obeyed, readings moved by the test."""

from __future__ import annotations

import asyncio
import itertools
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import orjson

from gateway.console.ports import Columns
from gateway.model.commands import Act, Actor, Command
from gateway.model.errors import Refused
from gateway.model.events import (
    Acknowledgement,
    Axes,
    Condition,
    Disposal,
    Event,
    EventKind,
    Latch,
    Occurrence,
    Record,
    Stamp,
    Suppression,
)
from gateway.model.levels import Level, LiveLevel
from gateway.model.ports import LinkTraffic, LiveState, Present, Status, TagState
from gateway.model.published import body
from gateway.model.quality import Quality
from gateway.model.times import NS, seconds
from tests.helpers.plant_site import site as make_site

UNACK, ACK = Acknowledgement.UNACKNOWLEDGED, Acknowledgement.ACKNOWLEDGED
BEFORE = {"LT-101": 10.95, "TT-101": 39.2, "AT-101": 31.4, "AT-102": 3.1, "AT-201": 7.4, "PT-201": 0.74}
QUALITIES = {
    "AT-101": Quality.SATURATED_HIGH, "TT-101": Quality.FROZEN, "ZT-301": Quality.COMMUNICATION,
    "ZT-302": Quality.COMMUNICATION, "ZT-303": Quality.COMMUNICATION, "RT-301": Quality.NO_DATA,
    "AT-201": Quality.FAILURE_CURRENT_LOW,
}  # fmt: skip


class FakePlant:
    """Implements Plant and CommandPort, and gives history and journal."""

    def __init__(self, extra_tags: int = 0) -> None:
        self.now = time.time_ns
        self.started = self.now() - seconds(7200)
        self.site = make_site(extra_tags)
        self.commands: list[Command] = []
        self.refuse: Exception | None = None
        self.undelivered: dict[str, str] = {}  # alarm -> stage
        self.closed: set[str] = set()  # closed, and the page does not know yet
        self.looks = 0
        self.records: list[Record] = []
        self.alarms: dict[str, Occurrence] = {}
        self.values = {t.id: BEFORE.get(t.id, _rest(t.low, t.high)) for t in self.site.tags}
        self.sources = dict.fromkeys(self.values, self.now())
        self.qualities = {t.id: QUALITIES.get(t.id, Quality.GOOD) for t in self.site.tags}
        self.sources["ZT-302"] -= seconds(340)
        self.status = Status(
            state="online", time=self.now(), started=self.started, version="0.1.0", tags_good=0, tags_uncertain=0,
            tags_bad=0, backlog={"county.alarms": 0, "county.events": 12, "tsdb.readings": 4180},
            disk_free=21_474_836_480, clock_offset_s=0.004,
        )  # fmt: skip
        self._changed = asyncio.Event()
        self._order = itertools.count(1)
        self._levels: tuple[LiveState, ...] = ()
        self._stage_scene()

    # --- Plant -------------------------------------------------------------------------------------------------

    def present(self) -> Present:
        self.looks += 1
        found = [int(q) >> 6 for q in self.qualities.values()]
        status = replace(
            self.status,
            time=self.now(),
            tags_good=found.count(0),
            tags_uncertain=found.count(1),
            tags_bad=found.count(2),
        )
        return Present(
            site=self.site, epoch="e1a2b3c4d5e6f708", head_seq=len(self.records),
            head_hash=self.records[-1].hash if self.records else "", time=status.time,
            occurrences=tuple(self.alarms.values()), levels=self._levels, look=lambda: status,
        )  # fmt: skip

    def tags(self) -> Sequence[TagState]:
        return [self._state(t.id) for t in self.site.tags]

    def traffic(self) -> Sequence[LinkTraffic]:
        errors = {"silent": 2, "garbled": 0, "lost": 1, "refused": 0, "stray": 0}
        line = LinkTraffic(link="plc1", up=True, requests=40, replies=37, errors=errors, rtt=4_000_000)
        return [line, replace(line, link="plc1.1", cycles={NS: 1_020_000_000, 60 * NS: 0}, overdue=3)]

    async def changed(self, timeout: float) -> None:
        try:
            await asyncio.wait_for(self._changed.wait(), timeout)
        except TimeoutError:
            return

    def _state(self, tag: str) -> TagState:
        quality = self.qualities[tag]
        seen = quality is not Quality.NO_DATA
        value = self.values[tag] if int(quality) < 128 else None
        at = self.sources[tag] if seen else 0
        return TagState(tag, value, int(quality), at, at)

    # --- CommandPort -------------------------------------------------------------------------------------------

    async def submit(self, command: Command) -> Sequence[Record]:
        if self.refuse is not None:
            raise self.refuse
        for seen in command.seen:
            if seen.id not in self.alarms or seen.id in self.closed:
                raise Refused(f"no open alarm {seen.id}")  # whole or not at all, as in the core
        self.commands.append(command)
        before = len(self.records)
        if command.act in {Act.ACCESS, Act.CARD_STEP}:
            self.journal_of(EventKind(command.act.value), None, command.actor, detail=dict(command.words))
        for seen in command.seen:
            self._obey(command, seen.id, seen.n)
        return self.records[before:]

    def _obey(self, command: Command, key: str, n: int) -> None:
        old = self.alarms[key]
        kind, axes, isa = obeyed(command, old, n)
        changes: dict[str, object] = {"axes": axes, "n": old.n + 1, "isa": isa}
        if kind is EventKind.ACKNOWLEDGED:
            changes |= {"acknowledged_by": command.actor, "comment": command.comment}
        elif kind in {EventKind.SHELVED, EventKind.OUT_OF_SERVICE}:
            changes |= {"set_aside_by": command.actor, "reason": command.comment, "until": command.until}
        self.alarms[key] = new = old.with_(**changes)
        self.journal_of(kind, new, command.actor, command.comment, dict(command.words))

    # --- history and journal -----------------------------------------------------------------------------------

    def history(self, row: int, start: int, end: int, points: int) -> Columns:
        """A swinging value with a gap, a saturated stretch and a stretch without communication."""
        tag = self.site.tags[row]
        t = np.linspace(start, end, points).astype(np.int64)
        share = np.linspace(0.0, 1.0, points)
        low, high = tag.low or 0.0, tag.high if tag.high is not None else 1.0
        level = self.values[tag.id]
        value = level + (high - low) * 0.06 * np.sin(share * 23) + (high - low) * 0.01 * np.cos(share * 310)
        value -= (high - low) * 0.25 * (1 - share)
        quality = np.zeros(points, np.uint8)
        quality[(share > 0.62) & (share < 0.68)] = Quality.SATURATED_HIGH
        quality[(share > 0.30) & (share < 0.36)] = Quality.COMMUNICATION
        value[(share > 0.30) & (share < 0.36)] = np.nan
        keep = (share < 0.45) | (share > 0.48)
        spread = (high - low) * 0.012
        columns = {
            "time": t,
            "value": value,
            "low": value - spread,
            "high": value + spread,
            "quality": quality,
        }
        return {name: column[keep] for name, column in columns.items()}

    def journal(self, after: int, limit: int) -> list[Record]:
        return [r for r in self.records if r.seq > after][:limit]

    def journal_of(
        self,
        kind: EventKind,
        o: Occurrence | None = None,
        actor: Actor | None = None,
        comment: str = "",
        detail: dict[str, str] | None = None,
    ) -> None:
        """Append one record of an alarm as the store would."""
        fields = {} if o is None else {
            "id": o.id, "n": o.n, "installation": o.installation, "tag": o.tag, "description": o.description,
            "rule": o.rule, "level": o.level, "priority": o.priority, "value": o.value, "limit": o.limit,
            "unit": o.unit, "quality": o.quality, "after": o.axes, "isa": o.isa, "fault": o.fault,
            "members": o.members, "onset": o.onset,
        }  # fmt: skip
        event = Event(
            event=kind, time=self.now(), actor=actor, comment=comment, detail=detail or {}, **fields
        )  # type: ignore[arg-type]
        self.append(event)

    def append(self, event: Event) -> Record:
        """Append one record as the store would."""
        seq, now = len(self.records) + 1, self.now()
        stamp = Stamp(
            gateway="gw-01", county="341524", site="demo", epoch="e1a2b3c4d5e6f708", seq=seq, recorded=now
        )
        data = orjson.dumps({**body(event, stamp), "prev_hash": "0" * 64, "hash": f"{seq:064x}"})
        self.records.append(Record(seq, now, f"{seq:064x}", data, event))
        self._changed.set()
        self._changed = asyncio.Event()
        return self.records[-1]

    # --- what tests do -----------------------------------------------------------------------------------------

    def move(self, tag: str, value: float | None = None, quality: Quality = Quality.GOOD) -> None:
        """A new reading."""
        self.values[tag] = self.values[tag] if value is None else value
        self.qualities[tag] = quality
        self.sources[tag] = self.now()

    def tick(self) -> None:
        """All healthy tags move a little, as a plant does."""
        phase = time.monotonic()
        for i, t in enumerate(self.site.tags):
            if int(self.qualities[t.id]) < 128 and t.high is not None:
                span = t.high - (t.low or 0.0)
                change = span * 0.002 * math.sin(phase / 3 + i)
                self.move(t.id, self.values[t.id] + change, self.qualities[t.id])

    def raise_alarm(self, tag: str, name: str = "HH", /, *, ago: float = 0.0, **changes: object) -> str:
        """Open an occurrence; returns its id."""
        point = self.site.tags[self.site.tag_index[tag]]
        rule = next((r for r in self.site.rules if r.id == f"{tag}.{name}"), None)
        at, number = self.now() - seconds(ago), next(self._order)
        alarm = Occurrence(
            id=f"{number:032x}", rule=f"{tag}.{name}", rule_version="0a1b2c3d4e5f", name=name, tag=tag,
            installation=point.installation, kind=rule.kind.value if rule else "instrument", fault=rule is None,
            shadow=False, description=point.description, cls=point.cls, unit=point.unit,
            level=rule.level if rule else Level.BLUE, levels=(rule.level,) if rule else (Level.BLUE,),
            priority=rule.priority if rule else 3, onset=at, raised=at, changed=at, n=1, axes=Axes(), isa="B",
            value=self.values[tag], limit=rule.trigger if rule else None, reset=rule.reset if rule else None,
            quality=int(self.qualities[tag]),
        )  # fmt: skip
        self.alarms[alarm.id] = alarm.with_(**changes)
        self.journal_of(EventKind.RAISED, self.alarms[alarm.id])
        return alarm.id

    def worsen(self, key: str) -> None:
        """One more event of it: its level rises, and it must be acknowledged again."""
        old = self.alarms[key]
        axes = replace(old.axes, acknowledgement=UNACK)
        self.alarms[key] = old.with_(n=old.n + 1, level=Level.RED, axes=axes, changed=self.now())
        self.journal_of(EventKind.LEVEL_RAISED, self.alarms[key])

    def drop(self, key: str) -> None:
        """Close an occurrence."""
        self.journal_of(EventKind.CLOSED, self.alarms.pop(key))

    def ledger(self, ids: Sequence[str], limit: int) -> Mapping[str, Any]:
        """All delivered and stored, but for what ``undelivered`` says."""
        at = "2026-11-22T01:00:00Z"
        events = []
        for key, o in self.alarms.items():
            stage = self.undelivered.get(key, "stored")
            refused = "not authorised" if stage == "refused" else None
            step = {"stage": stage, "sent": at, "accepted": at, "stored": at, "refused": refused}
            events.append({"id": key, "n": o.n, "outputs": {"county.alarms": step}})
        return {"outputs": {"county.alarms": {"ends_at": "stored"}}, "events": events}

    def levels(self, **levels: LiveLevel) -> None:
        """Set live levels by installation id with ``_`` for ``-``; ``site`` is the site."""
        told = {"" if k == "site" else k.replace("_", "-"): v for k, v in levels.items()}
        self._levels = tuple(replace(s, level=told.get(s.installation, s.level)) for s in self._levels)

    # --- the scene ---------------------------------------------------------------------------------------------

    def _stage_scene(self) -> None:
        self.journal_of(EventKind.STARTED)
        boss = Actor("wangqiang", "王强", "operator", "panel-1")
        branch = Axes(condition=Condition.NORMAL)
        self.raise_alarm("LT-101", "HH", ago=4000, axes=branch, isa="D", n=3, value=10.86)
        red = self.raise_alarm(
            "LT-101", "HH", ago=42, guidance="停止进料，关闭 XV-101；确认相邻储罐液位；通知当班负责人。"
        )
        self.raise_alarm(
            "AT-101", "H", ago=65, level=Level.ORANGE, guidance="佩戴气体检测仪双人到场确认，禁止动火。"
        )
        self.raise_alarm("TT-101", "H", ago=1900, axes=Axes(acknowledgement=ACK), isa="C", n=2, acknowledged_by=boss,
                         comment="喷淋已开")  # fmt: skip
        unknown = Axes(condition=Condition.UNKNOWN, acknowledgement=ACK)
        self.raise_alarm("AT-201", "H", ago=700, axes=unknown, isa="C", n=3, acknowledged_by=boss)
        fault = {"kind": "instrument", "fault": True, "value": None}
        self.raise_alarm("AT-201", "FAULT", ago=610, level=Level.RED, priority=1, quality=129, **fault)
        link = {"tag": "pond-rtu", "kind": "link", "fault": True, "value": None, "level": Level.RED, "unit": "",
                "rule": "pond-rtu.LINK", "installation": "pond", "description": "尾矿库采集终端无应答", "quality": 131,
                "members": ("ZT-301", "ZT-302", "ZT-303", "RT-301")}  # fmt: skip
        self.raise_alarm("ZT-301", "LINK", ago=340, priority=1, **link)
        latched = Axes(condition=Condition.NORMAL, acknowledgement=ACK, latch=Latch.LATCHED)
        self.raise_alarm(
            "PT-201", "HH", ago=5400, axes=latched, isa="F", n=4, acknowledged_by=boss, value=1.23
        )
        self.raise_alarm("AT-501", "H", ago=300, shadow=True, value=27.0)
        self._levels = self._first_levels(red)

    def _first_levels(self, red: str) -> tuple[LiveState, ...]:
        at = self.now() - seconds(42)
        pond = ("ZT-301", "ZT-302", "ZT-303")
        return (
            LiveState("", LiveLevel.RED, Level.RED, at, (red,), (*pond, "AT-201"), ("CH4-401",)),
            LiveState("tank-farm", LiveLevel.RED, Level.ORANGE, at, (red,)),
            LiveState(
                "loading",
                LiveLevel.YELLOW,
                Level.YELLOW,
                at - 700 * NS,
                (self._id_of("AT-201.H"),),
                ("AT-201",),
            ),
            LiveState("pond", LiveLevel.NO_VIEW, Level.ORANGE, at - 300 * NS, pond, pond),
            LiveState("face", LiveLevel.NOT_JUDGED, Level.RED, self.started, ("methane",), (), ("CH4-401",)),
            LiveState("cold", LiveLevel.NORMAL, Level.BLUE, self.started),
        )

    def _id_of(self, rule: str) -> str:
        return next(o.id for o in self.alarms.values() if o.rule == rule)


DISPOSALS = {
    "assign": (EventKind.DISPOSAL_ASSIGNED, Disposal.ASSIGNED),
    "handle": (EventKind.DISPOSAL_HANDLING, Disposal.HANDLING),
    "submit": (EventKind.DISPOSAL_REVIEW, Disposal.REVIEW),
    "settle": (EventKind.DISPOSAL_CLOSED, Disposal.CLOSED),
}
ASIDE = {
    "shelve": (EventKind.SHELVED, Suppression.SHELVED, "G"),
    "remove": (EventKind.OUT_OF_SERVICE, Suppression.OUT_OF_SERVICE, "I"),
    "unshelve": (EventKind.UNSHELVED, Suppression.NONE, "B"),
    "return": (EventKind.RETURNED_TO_SERVICE, Suppression.NONE, "B"),
}


def obeyed(command: Command, old: Occurrence, n: int) -> tuple[EventKind, Axes, str]:
    """What a command does to an occurrence, as far as the page can see."""
    act = command.act.value
    if act == "reset":
        return EventKind.RESET, replace(old.axes, latch=Latch.NONE), "C"
    if act in DISPOSALS:
        return DISPOSALS[act][0], replace(old.axes, disposal=DISPOSALS[act][1]), old.isa
    if act in ASIDE:
        return ASIDE[act][0], replace(old.axes, suppression=ASIDE[act][1]), ASIDE[act][2]
    word = (
        ACK if n >= old.n else old.axes.acknowledgement
    )  # what the person has not seen stays unacknowledged
    return EventKind.ACKNOWLEDGED, replace(old.axes, acknowledgement=word), "C"


def _rest(low: float | None, high: float | None) -> float:
    return 1.0 if low is None or high is None else low + (high - low) * 0.45
