"""One plant over one kind of wire for a while: every reading that says GOOD must be what its tag's registers held."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from gateway.model.batch import Batch, Scan, of_scans
from gateway.model.quality import Quality
from gateway.model.site import Tag
from gateway.model.times import NS
from gateway.sources.modbus import bus as scheduler
from gateway.sources.modbus.address import Binding
from gateway.sources.modbus.ascii import AsciiFrames
from gateway.sources.modbus.client import Line, Lost
from gateway.sources.modbus.config import Settings
from gateway.sources.modbus.dial import Connection
from gateway.sources.modbus.plan import Point
from gateway.sources.modbus.plugin import ModbusSource, build
from gateway.sources.modbus.rtu import RtuFrames
from gateway.sources.modbus.wire import Wire, memory
from tests.helpers.virtual_time import START, VirtualClock, run
from tests.lies import plant
from tests.lies.wires import FAULTS, Bus, Fault, right

TIMEOUT_S = 0.3
READ = (Quality.GOOD, Quality.NOT_A_NUMBER, Quality.MALFORMED)
"""The device was heard; its registers may have held no number then."""


@dataclass
class Witness:
    """The feed: counts what is published and keeps what is wrong with it."""

    devices: dict[int, plant.Device]
    bound: list[tuple[int, Point]]
    clock: VirtualClock = field(default_factory=VirtualClock)
    table: str = "0" * 8
    readings_seen: int = 0
    qualities: Counter[int] = field(default_factory=Counter)
    lies: list[str] = field(default_factory=list)
    latest: dict[int, tuple[float, int]] = field(default_factory=dict)
    down: set[str] = field(default_factory=set)
    links: list[tuple[str, bool]] = field(default_factory=list)

    def scan(self, scan: Scan) -> bool:
        return self.readings(of_scans(self.table, [scan]))

    def readings(self, batch: Batch, done: Callable[[], None] | None = None, *, soon: bool = False) -> bool:
        columns = (batch.tag, batch.source, batch.value, batch.quality)
        for tag, source, value, quality in zip(*(column.tolist() for column in columns), strict=True):
            self.readings_seen += 1
            self.qualities[quality] += 1
            at = (source - START) / NS
            self.latest[tag] = (at, quality)
            if quality == Quality.GOOD:
                self._judge(tag, value, at)
        return True

    def _judge(self, tag: int, value: float, at: float) -> None:
        unit, point = self.bound[tag]
        allowed = self.devices[unit].values(point, at - TIMEOUT_S, at)
        if not plant.honest(value, allowed):
            self.lies.append(f"{at:.3f} s: tag {tag} (unit {unit}, {point}) said {value!r}, held {allowed}")

    def link(self, link: str, *, up: bool, reason: str = "") -> None:
        if (link in self.down) is up:
            self.links.append((link, up))
        (self.down.discard if up else self.down.add)(link)

    def gap(self, who: str, start: int, end: int, count: int, why: str) -> None:
        raise AssertionError("nothing is lost here")

    async def room(self) -> None:
        return None


@dataclass
class Case:
    """A plant on a wire, made from a seed."""

    framing: str
    seed: int
    units: int = 4
    tags: int = 120
    period_s: float = 1.0
    reprobe_s: float = 20.0

    def __post_init__(self) -> None:
        random.seed(f"{self.framing}/{self.seed}")  # the source's own rests
        self.rng = random.Random(f"{self.framing}/{self.seed}")
        self.devices = plant.devices(self.rng, self.units, self.seed)
        self.bound = [(self.rng.randrange(1, self.units + 1), p) for p in plant.points(self.rng, self.tags)]
        self.bus = Bus(self.framing, self.devices, TIMEOUT_S, self.rng)
        self.witness = Witness(self.devices, self.bound)
        self.source = self._source()
        self._doubts = memory()

    def _source(self) -> ModbusSource:
        settings = Settings(
            kind="modbus-tcp", host="none", timeout=TIMEOUT_S, max_gap=self.rng.choice((0, 4, 32)),
            max_registers=self.rng.choice((125, 125, 60, 20)), retry_max=1, reprobe=self.reprobe_s,
        )  # fmt: skip
        period = int(self.period_s * NS)
        bare = {"raw": "", "description": "", "cls": "other", "unit": "", "installation": ""}
        tags = [Tag(id=f"T{k}", period=period, **bare) for k in range(len(self.bound))]
        return build("s", settings, [(k, tags[k], Binding(u, p)) for k, (u, p) in enumerate(self.bound)])

    async def dial(self) -> Connection:
        """A connection over the wire in memory."""
        if self.bus.refusing:
            raise Lost("refused")
        counters = self.source.counters
        if self.framing == "tcp":
            line = Line(counters)
            self.bus.connect(line)
            return line
        wire = Wire(RtuFrames() if self.framing == "rtu" else AsciiFrames(), self._doubts, 0.002, counters)
        self.bus.connect(wire)
        return wire

    def play(self, scenes: Callable[[Case], Coroutine[Any, Any, None]]) -> None:
        """Read while ``scenes`` (a coroutine function) goes on."""

        async def both() -> None:
            job = self.source.job
            made = scheduler.Job(job.name, job.settings, job.groups, job.counters, self.dial)
            tasks = [
                asyncio.create_task(scheduler.Bus(made, self.witness).run()),
                asyncio.create_task(scenes(self)),
            ]
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                ended = [task for task in tasks if task.done()]
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
            for task in ended:
                task.result()

        run(both())

    @property
    def legal(self) -> set[int]:
        """Tags whose addresses exist."""
        return {
            k
            for k, (u, p) in enumerate(self.bound)
            if not self.devices[u].refuses(p.area, p.address, p.width)
        }

    def well(self, since: float) -> bool:
        """Every tag whose address exists was read after ``since``."""
        latest = self.witness.latest
        return all(latest.get(k, (0.0, 0))[0] > since and latest[k][1] in READ for k in self.legal)


def mixed(case: Case, share: float) -> Callable[[], Fault]:
    """Each answer: right, or with probability ``share`` one of the faults."""
    kinds = [f for n, f in FAULTS.items() if case.framing == "tcp" or n != "wrong-transaction"]
    return lambda: case.rng.choice(kinds) if case.rng.random() < share else right


async def random_faults(case: Case, readings: int) -> None:
    """Calm and storm in turn, with hang-ups, refusals and half-open spells, until so many readings were published."""
    rng, bus = case.rng, case.bus
    while case.witness.readings_seen < readings and not case.witness.lies:
        bus.pick = mixed(case, rng.choice((0.0, 0.02, 0.1, 0.3)))
        await asyncio.sleep(rng.uniform(2.0, 20.0))
        spell = rng.random()
        if spell < 0.2:
            bus.hang_up()
        elif spell < 0.3:
            bus.refusing = True
            bus.hang_up()
        elif spell < 0.4:
            bus.half_open = True
        await asyncio.sleep(rng.uniform(0.1, 3.0))
        bus.refusing = bus.half_open = False


def storm(framing: str, seed: int, readings: int) -> Case:
    """One seeded case to its end."""
    case = Case(framing, seed)
    case.bus.echoes = framing != "tcp" and seed % 3 == 1
    case.play(lambda c: random_faults(c, readings))
    return case
