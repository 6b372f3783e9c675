"""Who is asked when on a shared line, in simulated time: the slow and the dead get their share and no more."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from gateway.model.batch import Batch
from gateway.model.site import Tag
from gateway.model.times import NS
from gateway.sources.modbus.bus import Bus, Job
from gateway.sources.modbus.client import Lost, Silent
from gateway.sources.modbus.config_serial import Settings
from gateway.sources.modbus.frames import Question
from gateway.sources.modbus.plugin import ModbusSource, build
from gateway.sources.modbus.settings import bind
from tests.helpers.feed import FakeFeed
from tests.helpers.virtual_time import START, VirtualClock, run

Speed = Callable[[int, float], float | None]
"""(unit, loop time) -> seconds to its answer; None: never."""


@dataclass
class Slaves:
    """A line whose units answer after their time; it is one line, so one at a time."""

    speed: Speed
    busy: bool = False
    asked: list[tuple[float, int]] = field(default_factory=list)
    drops: set[int] = field(default_factory=set)
    down: tuple[float, float] = (0.0, 0.0)
    """while nothing answers, and nothing can be dialled"""
    up: bool = True

    async def ask(self, asked: Question, timeout_s: float) -> bytes:
        assert not self.busy, "two questions on one line"
        loop = asyncio.get_running_loop()
        self.asked.append((loop.time(), asked.unit))
        if asked.unit in self.drops or self.down[0] <= loop.time() < self.down[1]:
            self.up = False
            raise Lost("hung up")
        after = self.speed(asked.unit, loop.time())
        self.busy = True
        try:
            await asyncio.sleep(timeout_s if after is None or after > timeout_s else after)
        finally:
            self.busy = False
        if after is None or after > timeout_s:
            raise Silent("nothing")
        return bytes(asked.size)

    async def close(self) -> None:
        return None


def line(units: int, *, period_s: float = 1.0, **settings: object) -> ModbusSource:
    made = Settings.model_validate({"kind": "modbus-serial", "port": "/dev/none", **settings})
    tags = [
        Tag(
            id=f"T{u}",
            raw="",
            description="",
            cls="other",
            unit="",
            installation="",
            period=int(period_s * NS),
        )
        for u in range(1, units + 1)
    ]
    return build("bus", made, [(u, t, bind(made, f"{u}:holding:0", t)) for u, t in enumerate(tags, 1)])


def polls(reading: ModbusSource, slaves: Slaves, seconds: float) -> tuple[dict[int, list[float]], FakeFeed]:
    """When each unit's value came, by unit (tag n is of unit n)."""
    feed = FakeFeed(VirtualClock())

    async def dial() -> Slaves:
        if slaves.down[0] <= asyncio.get_running_loop().time() < slaves.down[1]:
            raise Lost("refused")
        slaves.up = True
        return slaves

    async def for_a_while() -> None:
        job = reading.job
        task = asyncio.create_task(
            Bus(Job(job.name, job.settings, job.groups, job.counters, dial), feed).run()
        )
        await asyncio.sleep(seconds)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    run(for_a_while())
    found: dict[int, list[float]] = defaultdict(list)
    for batch in feed.log:
        if isinstance(batch, Batch):
            found[int(batch.tag[0])].append((int(batch.source[0]) - START) / NS)
    return found, feed


DEAD, SLOW, FAST_S = 7, 13, 0.02


@pytest.mark.parametrize("timeout_s", [0.3, 1.0, 2.0])
@pytest.mark.parametrize("period_s", [1.0, 2.0])
def test_twenty_units_one_dead_one_slow_and_eighteen_keep_their_cycle(
    timeout_s: float, period_s: float
) -> None:
    """Each of the eighteen has at least nine of ten of its polls, and its mean cycle within a tenth of its period."""

    def speed(unit: int, _: float) -> float | None:
        return None if unit == DEAD else 0.9 * timeout_s if unit == SLOW else FAST_S

    reading = line(20, period_s=period_s, timeout=timeout_s)
    slaves, seconds = Slaves(speed), 300.0
    found, feed = polls(reading, slaves, seconds)
    for unit in set(range(1, 21)) - {DEAD, SLOW}:
        times = found[unit]
        cycle = (times[-1] - times[0]) / (len(times) - 1)
        assert abs(cycle - period_s) <= 0.1 * period_s, f"unit {unit}: {cycle:.3f} s"
        assert len(times) >= 0.9 * seconds / period_s
        longest = max(b - a for a, b in pairwise(times))
        assert longest <= period_s + 2 * timeout_s, "never more than the turns of both bad ones in a row"
    turn = max(0.9 * timeout_s / 0.2, period_s)
    harmless = 0.9 * timeout_s < 1.3 * period_s
    assert len(found[SLOW]) >= (0.8 * seconds / (turn + period_s) if harmless else 3), (
        "the slow one has its share"
    )
    assert not found[DEAD]
    assert sum(unit == DEAD for _, unit in slaves.asked) >= seconds / 40
    assert [link for link, _, _ in feed.links] == [f"bus.{DEAD}"]


def test_a_unit_that_comes_back_is_read_at_once() -> None:
    def speed(unit: int, now: float) -> float | None:
        return None if unit == DEAD and 50 <= now < 100 else FAST_S

    found, feed = polls(line(20, timeout=0.5), Slaves(speed), 150.0)
    gone = [t for t in found[DEAD] if t < 50]
    back = [t for t in found[DEAD] if t > 100]
    assert len(gone) >= 48
    assert back[0] < 100 + 5.0 + 1.0 + 1.0, "the longest rest, a probe's wait for its turn, a period"
    assert len(back) >= (150 - back[0]) - 2
    assert [(k, up) for k, up, _ in feed.links] == [(f"bus.{DEAD}", False), (f"bus.{DEAD}", True)]
    assert not [t for t in found[DEAD] if 50.1 < t < 100]


def test_a_slow_first_answer_behind_an_outage_is_not_held_against_the_unit() -> None:
    """It was long; the next ones will not be, and to wait many seconds for them would blind a healthy unit."""
    late: list[float] = []

    def speed(unit: int, now: float) -> float | None:
        if unit == 1 or now < 20 or late:
            return FAST_S
        if now < 60:
            return None
        late.append(now)
        return 0.45

    found, _ = polls(line(2, period_s=0.1, timeout=2.0), Slaves(speed), 120.0)
    again = [t for t in found[2] if t > 60]
    assert max(b - a for a, b in pairwise(again)) < 1.0


def test_what_turns_took_before_the_line_was_down_is_forgotten() -> None:
    """One timeout just before: when the connection is back, every unit is asked at once."""

    def speed(unit: int, now: float) -> float | None:
        return None if unit == 2 and 20 <= now < 20.15 else FAST_S

    found, feed = polls(
        line(2, period_s=0.1, timeout=0.5, retry_max=1.0), Slaves(speed, down=(20.8, 25.0)), 60.0
    )
    assert ("bus", False) in [(link, up) for link, up, _ in feed.links]
    for unit in (1, 2):
        assert min(t for t in found[unit] if t > 20.8) < 25 + 1.5, f"unit {unit} was left alone"


def test_a_line_with_too_much_to_do_serves_all_alike() -> None:
    """Nobody is starved, nobody is caught up with: skipped polls are counted."""
    reading = line(10, timeout=0.5)
    found, _ = polls(reading, Slaves(lambda unit, now: 0.3), 300.0)
    counts = [len(found[u]) for u in range(1, 11)]
    assert min(counts) >= 0.8 * max(counts)
    assert sum(counts) >= 0.9 * 300.0 / 0.3
    assert reading.counters.overdue >= 10 * 300 - sum(counts) - 40


def test_a_unit_that_makes_the_server_hang_up_is_the_only_one_to_go_down() -> None:
    """neuron 1602: one slave without answer resets the connection of all."""
    slaves = Slaves(lambda unit, now: FAST_S, drops={DEAD})
    found, feed = polls(line(20, timeout=0.5), slaves, 120.0)
    assert all(len(found[u]) >= 0.9 * 120 for u in set(range(1, 21)) - {DEAD})
    assert [(k, up) for k, up, _ in feed.links] == [(f"bus.{DEAD}", False)]


def test_periods_of_their_own_and_the_achieved_cycle() -> None:
    reading = line(3, period_s=0.5)
    found, _ = polls(reading, Slaves(lambda unit, now: 0.05), 60.0)
    assert all(len(times) >= 119 for times in found.values())
    assert all(abs(g.cycle / NS - 0.5) < 0.05 for g in reading.groups)
