"""Every MQTT fault through the judging: the source recovers without a restart, readings are BAD meanwhile, and an alarm
that stood becomes unknown, never cleared. With real Mosquitto.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import pytest

from gateway.engine import Engine
from gateway.model.batch import Batch
from gateway.model.calm import Calm, cuts_of
from gateway.model.events import Condition, Event, EventKind
from gateway.model.inputs import Gap, Input, LinkChange, Numbered, Readings, Started, Tick
from gateway.model.levels import Level
from gateway.model.quality import Status, status_of
from gateway.model.site import Installation, Rule, RuleKind, Site, Tag
from gateway.model.times import NS
from gateway.runtime.clock import SystemClock
from gateway.sources.mqtt.config import Settings, bind, links
from gateway.sources.mqtt.plugin import build
from tests.conftest import MosquittoFactory
from tests.helpers.sparkplug import metric, payload
from tests.integration.test_source_mqtt import VERSIONS, publish
from tests.ports import HOST
from tests.servers import Mosquitto

HIGH = Rule(
    id="T0.H",
    name="H",
    kind=RuleKind.LIMIT_HIGH,
    subject="T0",
    tags=("T0",),
    installation="A",
    level=Level.RED,
    priority=1,
    trigger=10.0,
    reset=9.0,
)


class Wall:
    """The machine's clock as the gateway reads it, which a test may step."""

    def __init__(self) -> None:
        self.step = 0
        self.monotonic_ns = time.monotonic_ns

    def time_ns(self) -> int:
        return time.time_ns() + self.step


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> Wall:
    made = Wall()
    monkeypatch.setattr("gateway.runtime.clock.time", made)
    return made


@dataclass
class Judging:
    """A feed that steps a real engine, input by input, as the pipeline does; commits are at once."""

    site: Site
    clock: SystemClock = field(default_factory=SystemClock)
    events: list[Event] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    _number: int = 0
    _waits: Callable[[], None] | None = None

    def __post_init__(self) -> None:
        self.engine = Engine(self.site, "e" * 16)
        self.give(Started(self.now(), 0, "1"))

    @property
    def table(self) -> str:
        return self.site.table

    def now(self) -> int:
        return self.clock.now()

    def give(self, item: Input) -> None:
        self._number += 1
        self.events += [e for _, e in self.engine.step([Numbered(self._number, item)]).events]

    def readings(self, batch: Batch, done: Callable[[], None] | None = None, *, soon: bool = False) -> bool:
        self.give(Readings(batch))
        if done is not None:
            asyncio.get_running_loop().call_soon(done)
        return True

    def link(self, link: str, *, up: bool, reason: str = "") -> None:
        self.give(LinkChange(self.now(), link, up, reason))

    def gap(self, who: str, start: int, end: int, count: int, why: str) -> None:
        self.gaps.append(Gap(self.now(), who, start, end, count, why))

    async def room(self) -> None:
        return

    def calm(self) -> Calm:
        return Calm(cuts_of(self.site))

    def fetch(self, call: Callable[[], None] | None) -> None:
        self._waits = call

    async def until(self, condition: Callable[[], bool], what: str, timeout: float = 20.0) -> float:
        """Seconds it took."""
        began = time.monotonic()
        while not condition():
            if time.monotonic() - began > timeout:
                told = [(e.event.value, e.rule, e.detail) for e in self.events if e.rule]
                pytest.fail(f"not within {timeout} s: {what}; {told}")
            if self._waits is not None:
                self._waits()
            self.give(Tick(self.now()))
            await asyncio.sleep(0.02)
        return time.monotonic() - began

    # --- what is seen -------------------------------------------------------------------------------------------------

    def alarm(self) -> Condition | None:
        """Condition of the one open high alarm; None: none is open."""
        found = [o.axes.condition for o in self.engine.book.open() if o.rule == "T0.H"]
        return found[-1] if found else None

    def status(self, tag: int = 0) -> Status:
        return status_of(self.engine.tags()[tag].quality)

    def faults(self) -> set[str]:
        return {
            o.rule for o in self.engine.book.open() if o.fault and o.axes.condition is not Condition.NORMAL
        }

    def cleared(self) -> list[Event]:
        return [e for e in self.events if e.event is EventKind.CLEARED and e.rule == "T0.H"]


def a_site(settings: Settings, *cells: str) -> tuple[Site, Any]:
    tags = tuple(
        Tag(id=f"T{k}", raw="", description="", cls="level", unit="m", installation="A", max_age=60 * NS)
        for k in range(len(cells))
    )
    bindings = {t.id: bind(settings, c, t) for t, c in zip(tags, cells, strict=True)}
    found, of_tag = links("pond", settings, bindings)
    tags = tuple(replace(t, links=of_tag[t.id]) for t in tags)
    place = (Installation(id="A", name="库"),)
    site = Site(
        gateway="g",
        county="341524",
        id="s",
        name="矿",
        installations=place,
        links=found,
        tags=tags,
        rules=(HIGH,),
    )
    return site, build("pond", settings, [(k, t, bindings[t.id]) for k, t in enumerate(tags)])


def settings(broker: Mosquitto, **change: Any) -> Settings:
    quick = {
        "client_id": "gw",
        "timeout": "300ms",
        "retry_max": "200ms",
        "time": {"path": "ts"},
        "keep_alive": "2s",
    }
    return Settings.model_validate({"kind": "mqtt", "host": HOST, "port": broker.port, **quick, **change})


@contextlib.asynccontextmanager
async def judged(made: Settings, *cells: str) -> AsyncIterator[Judging]:
    site, source = a_site(made, *cells)
    judging = Judging(site)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(source.run(judging))
        try:
            await judging.until(lambda: source.counters.connects == 1, "connected")
            await asyncio.sleep(0.2)
            yield judging
            assert not task.done(), "one life through all faults"
        finally:
            task.cancel()


def value(number: float, at: int | None = None) -> bytes:
    return json.dumps({"ts": (at if at is not None else time.time_ns()) // 1_000_000, "v": number}).encode()


async def alarmed(judging: Judging, broker: Mosquitto) -> None:
    await asyncio.to_thread(publish, broker.port, ("a", value(11.0)))
    await judging.until(lambda: judging.alarm() is Condition.ACTIVE, "raised")


async def blind(judging: Judging) -> None:
    await judging.until(lambda: judging.alarm() is Condition.UNKNOWN, "unknown")
    assert judging.status() is Status.BAD
    assert "pond.LINK" in judging.faults()
    assert not judging.cleared()


async def sees_again(judging: Judging, broker: Mosquitto) -> float:
    """Publish until it is judged; seconds from the first publish that the broker takes."""
    began = time.monotonic()
    while judging.alarm() is not Condition.ACTIVE:
        assert time.monotonic() - began < 20
        with contextlib.suppress(OSError, AssertionError):
            await asyncio.to_thread(publish, broker.port, ("a", value(11.5)))
        await asyncio.sleep(0.1)
    assert not judging.cleared()
    await judging.until(lambda: "pond.LINK" not in judging.faults(), "link is well")
    return time.monotonic() - began


@VERSIONS
@pytest.mark.parametrize("end", ["stop", "kill"])
async def test_a_broker_that_goes_and_comes_back(
    mosquitto: MosquittoFactory, version: object, end: str
) -> None:
    broker = mosquitto()
    async with judged(settings(broker, version=version), "a#v") as judging:
        await alarmed(judging, broker)
        getattr(broker, end)()
        await blind(judging)
        broker.start()
        assert await sees_again(judging, broker) < 15


async def test_a_broker_that_hangs_half_open(mosquitto: MosquittoFactory) -> None:
    broker = mosquitto()
    async with judged(settings(broker), "a#v") as judging:
        await alarmed(judging, broker)
        broker.freeze()
        try:
            await blind(judging)
        finally:
            broker.thaw()
        assert await sees_again(judging, broker) < 15


@VERSIONS
async def test_a_session_that_another_client_takes_over_again_and_again(
    mosquitto: MosquittoFactory, version: object
) -> None:
    """Two gateways under one client_id: each would look connected most of the time. Here it is a fault that says so."""
    broker = mosquitto()
    async with judged(settings(broker, version=version), "a#v") as judging:
        await alarmed(judging, broker)
        rival_site, rival = a_site(settings(broker, version=version), "a#v")
        async with asyncio.TaskGroup() as group:
            task = group.create_task(rival.run(Judging(rival_site)))
            await blind(judging)
            task.cancel()
        reasons = [str(e.detail.get("reason", "")) for e in judging.events if e.rule == "pond.LINK"]
        assert any("client_id" in reason for reason in reasons), reasons
        assert await sees_again(judging, broker) < 15


@pytest.mark.parametrize("hours", [-1, 1])
async def test_the_gateways_clock_steps(mosquitto: MosquittoFactory, wall: Wall, hours: int) -> None:
    broker = mosquitto()
    async with judged(settings(broker), "a#v") as judging:
        await alarmed(judging, broker)
        for step, number in ((hours * 3600 * NS, 13.0), (0, 12.0)):
            wall.step = step
            await asyncio.to_thread(publish, broker.port, ("a", value(number)))
            read = partial(lambda wanted: judging.engine.tags()[0].value == wanted, number)
            await judging.until(read, "read after the step")
            await judging.until(lambda: judging.alarm() is Condition.ACTIVE, "known again")
        assert judging.status() is Status.GOOD
        assert not judging.cleared()


async def test_a_devices_clock_steps(mosquitto: MosquittoFactory) -> None:
    """Its times are replaced and doubted: what it says may raise and hold, and clears nothing until it is right."""
    broker = mosquitto()
    async with judged(settings(broker), "a#v") as judging:
        await alarmed(judging, broker)
        await asyncio.to_thread(publish, broker.port, ("a", value(1.0, time.time_ns() + 3600 * NS)))
        await judging.until(lambda: judging.engine.tags()[0].value == 1.0, "read")
        assert judging.status() is Status.UNCERTAIN
        assert not judging.cleared()
        assert judging.alarm() is Condition.ACTIVE
        await asyncio.to_thread(publish, broker.port, ("a", value(1.5)))
        await judging.until(lambda: bool(judging.cleared()), "cleared by a time that is right")


async def test_backfill_in_order_is_judged_in_its_own_time(mosquitto: MosquittoFactory) -> None:
    """The link was away; the device sends what it kept. A crossing that is over is recorded and marked as backfill."""
    broker = mosquitto()
    now = time.time_ns()
    async with judged(settings(broker), "a#v") as judging:
        late = [value(v, now - (600 - 10 * k) * NS) for k, v in enumerate([1.0, 12.0, 13.0, 2.0])]
        await asyncio.to_thread(publish, broker.port, *[("a", body) for body in late])
        await judging.until(lambda: bool(judging.cleared()), "raised and cleared in the past")
        raised, cleared = (
            next(e for e in judging.events if e.event is kind and e.rule == "T0.H")
            for kind in (EventKind.RAISED, EventKind.CLEARED)
        )
        assert (raised.backfill, cleared.backfill) == (True, True)
        assert 580 < raised.late_s < 620
        assert cleared.time - raised.time == 20 * NS
        assert raised.after is not None
        assert raised.after.recorded_only, "nobody is called for what is over"
        assert judging.alarm() is None, "and nothing waits"
        out_of_order = value(99.0, now - 595 * NS)
        future = value(3.0, now + 4000 * NS)
        await asyncio.to_thread(publish, broker.port, ("a", out_of_order), ("a", future))
        await judging.until(lambda: judging.engine.tags()[0].value == 3.0, "the future one")
        assert judging.status() is Status.UNCERTAIN, "a source time in the future is replaced and doubted"
        assert len([e for e in judging.events if e.event is EventKind.RAISED and e.rule == "T0.H"]) == 1


def node(kind: str, body: bytes) -> tuple[str, bytes]:
    return f"spBv1.0/G/{kind}/E", body


async def test_sparkplug_deaths_and_holes_make_unknown_and_a_birth_mends(mosquitto: MosquittoFactory) -> None:
    broker = mosquitto()
    made = Settings.model_validate(
        {"kind": "mqtt", "host": HOST, "port": broker.port, "client_id": "gw", "format": "sparkplug-b"}
    )

    def bd(session: int) -> bytes:
        return metric("bdSeq", datatype=4, long=session)

    def birth(session: int, number: float) -> tuple[str, bytes]:
        level = metric("Level", alias=7, datatype=9, float=number)
        bd_seq = bd(session)
        return node("NBIRTH", payload(bd_seq, level, seq=0, ms=time.time_ns() // 1_000_000))

    async with judged(made, "G/E#Level") as judging:
        tell = lambda *messages: asyncio.to_thread(publish, broker.port, *messages)  # noqa: E731
        await tell(birth(1, 11.0))
        await judging.until(lambda: judging.alarm() is Condition.ACTIVE, "raised")
        hole = node("NDATA", payload(metric(alias=7, float=1.0), seq=9))
        for session, end in ((2, node("NDEATH", payload(bd(1)))), (2, hole)):
            await tell(end)
            await judging.until(lambda: judging.alarm() is Condition.UNKNOWN, "unknown")
            assert judging.status() is Status.BAD
            assert "pond-G_E.LINK" in judging.faults()
            await tell(birth(session, 11.5))
            await judging.until(lambda: judging.alarm() is Condition.ACTIVE, "seen again")
        assert not judging.cleared()
        reasons = [str(e.detail.get("reason", "")) for e in judging.events if e.rule == "pond-G_E.LINK"]
        assert any("NDEATH" in r for r in reasons)
        assert any("rebirth needed: sequence 9 where 1 was due" in r for r in reasons)


async def test_a_flood_of_qos_0_is_bounded_with_a_gap_record(mosquitto: MosquittoFactory) -> None:
    broker = mosquitto()
    made = settings(broker, qos=0, max_rate=50)
    async with judged(made, "a#v") as judging:
        start = time.time_ns()
        bodies = [("a", value(1.0 + k / 1000, start + k * 1_000_000)) for k in range(2000)]
        await asyncio.to_thread(publish, broker.port, *bodies)
        await judging.until(lambda: bool(judging.gaps), "gap")
        await judging.until(
            lambda: judging.engine.tags()[0].value == pytest.approx(2.999), "the newest is kept"
        )
        assert all("flood: more than 50" in gap.why for gap in judging.gaps)
        assert 1500 < sum(gap.count for gap in judging.gaps) < 2000
        assert judging.alarm() is None


async def test_a_used_up_budget_waits_with_the_link_down(mosquitto: MosquittoFactory) -> None:
    broker = mosquitto()
    made = settings(broker, budget={"mb": 0.001, "per": "month", "then": "wait"})
    async with judged(made, "a#v") as judging:
        await asyncio.to_thread(publish, broker.port, *[("a", value(11.0)) for _ in range(60)])
        await judging.until(lambda: judging.alarm() is Condition.UNKNOWN, "waits for the next month")
        assert {"pond.LINK", "pond-budget.LINK"} <= judging.faults()
        reason = [str(e.detail.get("reason")) for e in judging.events if e.rule == "pond.LINK"][-1]
        assert "byte budget of this month used up" in reason
