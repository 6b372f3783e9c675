"""Lanes without a runtime: what a sink sees, with everything it said kept for the test."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import rfc8785

from gateway.model.events import Axes, Event, EventKind, Occurrence, Record, Stamp, occurrence_id
from gateway.model.levels import Level, LiveLevel
from gateway.model.ports import Chunk, LiveState, Present, Status
from gateway.model.published import body
from gateway.model.site import Installation, Rule, RuleKind, Site, Tag
from gateway.model.times import NS

EPOCH = "e" * 16
T0 = 1_790_000_000 * NS


class FakeClock:
    """Starts at ``start`` and runs ``speed`` times as fast as the wall."""

    def __init__(self, start: int = T0, speed: float = 1.0) -> None:
        self._start, self._wall, self._speed = start, time.monotonic_ns(), speed

    def now(self) -> int:
        return self._start + int((time.monotonic_ns() - self._wall) * self._speed)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self._speed)


def site(tags: int = 4, *, gateway: str = "gw-01", config: str = "c") -> Site:
    """``tags`` level tags LT-1.. on installation tank-farm, each with the rules H (yellow) and HH (red)."""
    ids = [f"LT-{i}" for i in range(1, tags + 1)]
    return Site(
        gateway=gateway,
        county="341524",
        id="demo",
        name="烽燧示范厂",
        name_en="Demo plant",
        config_hash=config * 64,
        installations=(Installation(id="tank-farm", name="储罐区", grade=2, base_level=Level.ORANGE),),
        tags=tuple(
            Tag(
                id=i,
                raw=f"{i} 液位",
                description="甲醇 储罐",
                cls="level",
                unit="m",
                installation="tank-farm",
            )
            for i in ids
        ),
        rules=tuple(_rule(i, name, level) for i in ids for name, level in LEVELS.items()),
    )


LEVELS = {"H": Level.YELLOW, "HH": Level.RED}


def _rule(tag: str, name: str, level: Level) -> Rule:
    return Rule(
        id=f"{tag}.{name}",
        name=name,
        kind=RuleKind.LIMIT_HIGH,
        subject=tag,
        tags=(tag,),
        installation="tank-farm",
        level=level,
        priority=1,
        trigger=8.0,
        reset=7.9,
    )


def present(a_site: Site, occurrences: Iterable[Occurrence] = (), **status: Any) -> Present:
    """Levels follow from the occurrences' highest level, or normal."""
    found = tuple(occurrences)
    levels = [o.level for o in found if not o.fault]
    live = LiveLevel(max(levels).word) if levels else LiveLevel.NORMAL
    cause = tuple(o.id for o in found)
    places = [LiveState("", live, Level.ORANGE, T0, cause)]
    places += [LiveState(i.id, live, i.base_level, T0, cause) for i in a_site.installations]
    fields: dict[str, Any] = {"state": "online", "time": T0, "started": T0, "version": "0.1.0"}
    fields |= {"tags_good": len(a_site.tags), "tags_uncertain": 0, "tags_bad": 0, **status}
    return Present(
        site=a_site,
        epoch=EPOCH,
        head_seq=0,
        head_hash="0" * 64,
        time=T0,
        occurrences=found,
        levels=tuple(places),
        look=lambda: Status(**fields),
    )


def occurrence(
    tag: str = "LT-1", name: str = "HH", *, onset: int = T0, level: Level = Level.RED
) -> Occurrence:
    rule = f"{tag}.{name}"
    return Occurrence(
        id=occurrence_id("gw-01", EPOCH, rule, tag, onset, 0),
        rule=rule,
        rule_version="v1",
        name=name,
        tag=tag,
        installation="tank-farm",
        kind="limit-high",
        fault=False,
        shadow=False,
        description="甲醇 储罐",
        cls="level",
        unit="m",
        level=level,
        levels=(level,),
        priority=1,
        onset=onset,
        raised=onset,
        changed=onset,
        n=1,
        axes=Axes(),
        isa="B",
        value=8.5,
        limit=8.0,
    )


def event(kind: EventKind = EventKind.RAISED, tag: str = "LT-1", name: str = "HH", **fields: Any) -> Event:
    """An event of the occurrence (tag, rule, onset)."""
    level = fields.pop("level", Level.RED)
    onset = fields.pop("onset", T0)
    rule = f"{tag}.{name}"
    base = Event(
        event=kind,
        time=onset,
        id=occurrence_id("gw-01", EPOCH, rule, tag, onset, 0),
        n=1,
        installation="tank-farm",
        tag=tag,
        description="甲醇 储罐",
        cls="level",
        unit="m",
        rule=rule,
        rule_version="v1",
        kind="limit-high",
        level=level,
        levels=(level,) if level else (),
        priority=1,
        onset=onset,
        value=8.5,
        limit=8.0,
        reset=7.9,
        quality=0,
        before=Axes(),
        after=Axes(),
        isa="B",
    )
    return base._replace(**fields)


class Journal:
    """Events to records, hash-chained as the store does it."""

    def __init__(self, a_site: Site, *, recorded: int = T0) -> None:
        self.site, self.records = a_site, list[Record]()
        self._hash, self._recorded = "0" * 64, recorded

    def add(self, *events: Event, recorded: int | None = None) -> list[Record]:
        return [self._add(e, recorded) for e in events]

    def _add(self, an_event: Event, recorded: int | None) -> Record:
        self._recorded = max(self._recorded + 1, recorded or 0)
        seq = len(self.records) + 1
        s = self.site
        stamp = Stamp(
            gateway=s.gateway, county=s.county, site=s.id, epoch=EPOCH, seq=seq, recorded=self._recorded
        )
        fields = body(an_event, stamp)
        digest = hashlib.sha256(self._hash.encode() + rfc8785.dumps(fields)).hexdigest()
        data = rfc8785.dumps({**fields, "prev_hash": self._hash, "hash": digest})
        self._hash = digest
        record = Record(seq, self._recorded, digest, data, an_event)
        self.records.append(record)
        return record


@dataclass
class FakeLane:
    """What both lanes share: the clock, the present and the sink's reports."""

    name: str
    now: Present
    clock: FakeClock = field(default_factory=FakeClock)
    troubles: dict[str, str] = field(default_factory=dict)
    reports: list[tuple[str, bool, str]] = field(default_factory=list)
    accepted: int = 0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def site(self) -> Site:
        return self.now.site

    def present(self) -> Present:
        return self.now

    def trouble(self, what: str, *, active: bool, detail: str = "") -> None:
        if active == (what in self.troubles):
            return
        self.reports.append((what, active, detail))
        if active:
            self.troubles[what] = detail
        else:
            del self.troubles[what]

    def advance(self, to: int) -> None:
        assert to >= self.accepted
        self.accepted = to
        self._changed.set()

    async def until(self, condition: Callable[[], bool], timeout: float = 30.0) -> None:
        """Wait for what a sink does to this lane."""
        async with asyncio.timeout(timeout):
            while not condition():
                await asyncio.sleep(0.005)


@dataclass
class FakeEventLane(FakeLane):
    """Hands out ``records``; a new run of the sink begins with :meth:`rewind`."""

    records: list[Record] = field(default_factory=list)
    rejected: list[tuple[int, str]] = field(default_factory=list)
    """dead letters: what was refused by the time the lane passed it"""
    _refused: dict[int, str] = field(default_factory=dict)
    _position: int = 0
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, *records: Record) -> None:
        self.records.extend(records)
        if records:
            last = records[-1]
            self.now = replace(self.now, head_seq=last.seq, head_hash=last.hash)
        self._wake.set()

    def rewind(self) -> None:
        self._position = self.accepted
        self._refused.clear()

    async def rest(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def next(self, limit: int, timeout: float | None = None) -> Sequence[Record]:
        while not (found := [r for r in self.records if r.seq > self._position][:limit]):
            self._wake.clear()
            try:
                await asyncio.wait_for(self._wake.wait(), timeout)
            except TimeoutError:
                return []
        self._position = found[-1].seq
        return found

    def reject(self, record: Record, reason: str) -> None:
        self._refused[record.seq] = reason

    def advance(self, to: int) -> None:
        super().advance(to)
        self.rejected += [(seq, self._refused.pop(seq)) for seq in sorted(self._refused) if seq <= to]

    # --- a receiver that answers with receipts ---

    taken_to: int = 0

    @property
    def cursor(self) -> int:
        return self.accepted

    @property
    def position(self) -> int:
        return self._position

    def taken(self, to: int) -> None:
        self.taken_to = max(self.taken_to, to)

    def stored(self, to: int) -> None:
        if to > self.accepted:
            self.advance(to)

    def back(self, to: int) -> None:
        self.accepted = min(self.accepted, to)

    async def again(self, after: int, limit: int) -> Sequence[Record]:
        return [r for r in self.records if r.seq > after][:limit]


@dataclass
class FakeReadingLane(FakeLane):
    """Hands out ``chunks``."""

    chunks: list[Chunk] = field(default_factory=list)
    sites: dict[str, Site] = field(default_factory=dict)
    rejected: list[tuple[list[str], str, int, int]] = field(default_factory=list)
    _refused: list[tuple[list[str], str, int, int]] = field(default_factory=list)
    _position: int = 0
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, *chunks: Chunk) -> None:
        self.chunks.extend(chunks)
        self._wake.set()

    def rewind(self) -> None:
        self._position = self.accepted
        self._refused.clear()

    async def next(self, timeout: float | None = None) -> Chunk | None:
        while not (found := [c for c in self.chunks if c.id > self._position]):
            self._wake.clear()
            try:
                await asyncio.wait_for(self._wake.wait(), timeout)
            except TimeoutError:
                return None
        self._position = found[0].id
        return found[0]

    again: dict[int, list[str]] = field(default_factory=dict)

    def letters(self) -> dict[int, list[str]]:
        return dict(self.again)

    def answered(self, letter: int) -> None:
        del self.again[letter]

    def site_of(self, table: str) -> Site | None:
        return self.sites.get(table)

    def reject(self, lines: Sequence[str], reason: str, first: int, last: int) -> None:
        self._refused.append((list(lines), reason, first, last))

    def advance(self, to: int) -> None:
        if to > self.accepted:
            self.rejected += self._refused
            self._refused.clear()
        super().advance(to)

    aside: list[tuple[list[str], str]] = field(default_factory=list)

    def set_aside(self, lines: Sequence[str], reason: str) -> None:
        self.aside.append((list(lines), reason))
