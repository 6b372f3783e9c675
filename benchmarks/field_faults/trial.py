"""One gateway for each wire: source, intake, engine, journal on disk. A fault is put, seen and mended; alarms tell."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from benchmarks.field_faults.faults import BLINDS, DOUBTS, EITHER, FLICKERS, HARMLESS, SHARES, Row, Times
from benchmarks.field_faults.peers import Peer, peer
from gateway.app.plugins import build_source
from gateway.config.load import SourcePart
from gateway.config.registry import SOURCES
from gateway.model.events import Condition, EventKind, Record
from gateway.model.levels import Level
from gateway.model.ports import EventLane
from gateway.model.quality import Status, status_of
from gateway.model.site import Installation, Rule, RuleKind, Site, Tag
from gateway.model.times import NS
from gateway.runtime.clock import SystemClock
from gateway.runtime.machine import Machine
from gateway.store import Identity, Store

SOURCE: Final = "field"
LOOK_S: Final = 0.005
SLOW: Final = 8
"""A loop that stood still for this part of a timeout makes itself the harm: then nothing is said of what does none."""
START_S: Final = 300.0
"""kernels may have to be compiled first"""


@dataclass
class Found:
    """What came of one fault on one wire."""

    wire: str
    fault: str
    must: str
    seen_s: float | None = None
    """from the fault to the alarm's ``unknown``; None: it was not seen"""
    back_s: float | None = None
    """from the end of the fault to ``known`` (or, where nothing was lost, to the next good reading)"""
    lag_s: float = 0.0
    """longest that our own event loop stood still meanwhile: where that is long, the machine is the slow one"""
    wrong: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class Ear:
    """An output that takes everything."""

    name = "ear"
    lane = "events"

    def __init__(self) -> None:
        self.records: list[Record] = []

    async def run(self, lane: EventLane) -> None:
        """Until cancelled."""
        while True:
            records = await lane.next(1000)
            self.records += records
            lane.advance(records[-1].seq)


@dataclass
class Rig:
    """A gateway that reads one wire, and the other end."""

    wire: str
    times: Times
    machine: Machine
    peer: Peer
    ear: Ear
    lag_s: float = 0.0

    async def watch(self) -> None:
        """Our own slowness, for ever."""
        while True:
            began = time.monotonic()
            await asyncio.sleep(LOOK_S)
            self.lag_s = max(self.lag_s, time.monotonic() - began - LOOK_S)

    def rules(self) -> list[str]:
        return [r.id for r in self.machine.site.rules]

    def conditions(self) -> set[Condition | None]:
        """Of the tags' alarms, as the world may see them; None: not open."""
        found = {o.rule: o.axes.condition for o in self.machine.present().occurrences}
        return {found.get(rule) for rule in self.rules()}

    def statuses(self) -> set[Status]:
        return {status_of(state.quality) for state in self.machine.tags()}

    def told(self, since: int) -> list[EventKind]:
        """What was journalled of the alarms since the record with this place in the journal."""
        return [r.event.event for r in self.ear.records[since:] if r.event.rule in self.rules()]

    @property
    def known(self) -> bool:
        return self.conditions() == {Condition.ACTIVE} and Status.BAD not in self.statuses()

    @property
    def well(self) -> bool:
        return self.conditions() == {Condition.ACTIVE} and self.statuses() == {Status.GOOD}

    @property
    def blind(self) -> bool:
        return self.conditions() == {Condition.UNKNOWN} and self.statuses() == {Status.BAD}

    async def heard(self) -> None:
        """The output has all that is journalled."""
        await self.until(
            lambda: (
                self.ear.records[-1:] != [] and self.ear.records[-1].seq >= self.machine.present().head_seq
            )
        )

    async def until(self, condition: Callable[[], bool], patience_s: float | None = None) -> float | None:
        """Seconds it took; None: it never came."""
        began, patience_s = time.monotonic(), self.times.patience_s if patience_s is None else patience_s
        while not condition():
            if time.monotonic() - began > patience_s:
                return None
            await asyncio.sleep(LOOK_S)
        return time.monotonic() - began


@asynccontextmanager
async def rig(wire: str, times: Times, folder: Path) -> AsyncIterator[Rig]:
    """A gateway that judges, with both alarms raised."""
    async with peer(wire, times, folder) as other, reading(other, wire, times, folder) as made:
        if await made.until(lambda: made.well) is None:
            raise RuntimeError(f"{wire}: the gateway does not read: {made.conditions()} {made.statuses()}")
        await made.heard()
        yield made


@asynccontextmanager
async def reading(other: Peer, wire: str, times: Times, folder: Path) -> AsyncIterator[Rig]:
    """A gateway that judges what it can see of ``other``."""
    machine, ear = _machine(other, times, folder)
    task = asyncio.create_task(machine.run())
    made = Rig(wire, times, machine, other, ear)
    watch = asyncio.create_task(made.watch())
    try:
        await made.until(lambda: machine.ready.is_set() or task.done(), START_S)
        if task.done():
            raise RuntimeError(f"{wire}: the gateway does not start")
        yield made
        if task.done():
            raise RuntimeError(f"{wire}: the gateway ended")
    finally:
        for each in (task, watch):
            each.cancel()
        await asyncio.gather(task, watch, return_exceptions=True)


def _machine(other: Peer, times: Times, folder: Path) -> tuple[Machine, Ear]:
    plugin = SOURCES[str(other.settings["kind"])]
    settings = plugin.Settings.model_validate(dict(other.settings))
    tags = [_tag(k, times) for k in range(len(other.cells))]
    bindings = {t.id: plugin.bind(settings, c, t) for t, c in zip(tags, other.cells, strict=True)}
    links, of_tag = plugin.links(SOURCE, settings, bindings)
    tags = [replace(t, links=of_tag[t.id]) for t in tags]
    site = Site(
        gateway="gw",
        county="341524",
        id="field",
        name="field",
        installations=(Installation(id="A", name="A"),),
        links=tuple(links),
        tags=tuple(tags),
        rules=tuple(_rule(t.id) for t in tags),
    )
    part = SourcePart(
        SOURCE, settings.kind, settings, tuple((k, t, bindings[t.id]) for k, t in enumerate(tags))
    )
    clock, ear = SystemClock(), Ear()
    store = Store.open(
        folder / "state", Identity("gw", "341524", "field"), now=clock.now(), reserve_bytes=4096
    )
    store.keep_config(site.config_hash, b"{}")
    return Machine(site, store, clock, folder / "state", [build_source(part, -1)], [ear]), ear  # type: ignore[list-item]


def _tag(k: int, times: Times) -> Tag:
    period, age = round(times.period_s * NS), round(times.max_age_s * NS)
    return Tag(
        id=f"T{k}",
        raw="",
        description="",
        cls="level",
        unit="m",
        installation="A",
        period=period,
        max_age=age,
    )


def _rule(tag: str) -> Rule:
    return Rule(
        id=f"{tag}.H",
        name="H",
        kind=RuleKind.LIMIT_HIGH,
        subject=tag,
        tags=(tag,),
        installation="A",
        level=Level.RED,
        priority=1,
        trigger=2.0,
        reset=1.0,
    )


async def put(made: Rig, row: Row) -> Found:
    """One fault, from health to health."""
    found = Found(made.wire, row.name, row.must)
    since = await _healthy(made)
    times, made.lag_s = made.times, 0.0
    made.peer.put(row.kind, {k: v * times.timeout_s if k in SHARES else v for k, v in row.params.items()})
    found.seen_s = await _seen(made, row.must)
    await asyncio.sleep(times.hold_s)
    found.lag_s = round(made.lag_s, 3)
    if row.must != HARMLESS or found.lag_s < made.times.timeout_s / SLOW:
        found.wrong += _meanwhile(made, row.must, found.seen_s)
    made.peer.mend()
    mended = time.monotonic()
    if await made.until(lambda: made.well) is None:
        found.wrong.append(f"did not come back: {made.conditions()} {made.statuses()}")
    found.back_s = time.monotonic() - mended
    await made.heard()
    found.wrong += _journalled(made, row.must, since, lost=found.seen_s is not None)
    return found


async def _healthy(made: Rig) -> int:
    """How much is journalled when all is well: a slow machine may have blinded it for a moment by itself."""
    await made.until(lambda: made.well)
    await made.heard()
    return len(made.ear.records)


async def _seen(made: Rig, must: str) -> float | None:
    if must == BLINDS:
        return await made.until(lambda: made.blind)
    if must == DOUBTS:
        return await made.until(lambda: made.statuses() == {Status.UNCERTAIN})
    lost = lambda: Condition.UNKNOWN in made.conditions()  # noqa: E731
    if must == FLICKERS:
        return await made.until(lost)
    return await made.until(lost, 1.2 * made.times.max_age_s)


def _meanwhile(made: Rig, must: str, seen_s: float | None) -> list[str]:
    """What must not be, while the fault is in force."""
    state = f"{made.conditions()} {made.statuses()}"
    if must in (BLINDS, FLICKERS, DOUBTS) and seen_s is None:
        return [f"was not seen: {state}"]
    if must == BLINDS and not made.blind:
        return [f"looked well while it lasted: {state}"]
    if must == HARMLESS and (seen_s is not None or not made.well):
        return [f"did harm: {state}"]
    if must == DOUBTS and made.conditions() != {Condition.ACTIVE}:
        return [f"did not hold: {state}"]
    return []


def _journalled(made: Rig, must: str, since: int, *, lost: bool) -> list[str]:
    told, every = made.told(since), [r.event for r in made.ear.records[since:]]
    wrong = [
        f"journalled {kind.value}"
        for kind in (EventKind.CLEARED, EventKind.CLOSED, EventKind.RAISED)
        if kind in told
    ]
    wrong += [f"trouble {e.rule}" for e in every if e.rule.startswith("system.source")]
    wrong += ["the gateway started anew" for e in every if e.event is EventKind.STARTED]
    if must == BLINDS and lost and told.count(EventKind.UNKNOWN) != told.count(EventKind.KNOWN):
        wrong.append(f"journalled {[k.value for k in told]}")
    return wrong


async def stepped(made: Rig, name: str) -> Found:
    """The machine's clock has just been set: nothing clears, and it is well again."""
    found, since, began = Found(made.wire, name, EITHER), len(made.ear.records), time.monotonic()
    lost = await made.until(lambda: not made.well, 2 * made.times.period_s)
    found.seen_s = lost
    if await made.until(lambda: made.well) is None:
        found.wrong.append(f"did not come back: {made.conditions()} {made.statuses()}")
    found.back_s = time.monotonic() - began if lost is not None else 0.0
    found.wrong += _journalled(made, EITHER, since, lost=False)
    return found


def failed(found: Sequence[Found]) -> list[Found]:
    """Those with something wrong."""
    return [each for each in found if each.wrong]
