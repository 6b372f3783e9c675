"""Clocks and signals."""

import asyncio
import time

import pytest

from gateway.model.times import NS
from gateway.runtime.clock import ScaledClock, SystemClock
from gateway.runtime.signal import Signal


def test_the_system_clock_is_the_wall() -> None:
    before = time.time_ns()
    assert before <= SystemClock().now() <= time.time_ns()


class Wall:
    """The machine's two clocks, moved by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wall, self.steady = 1_000 * NS, 0
        monkeypatch.setattr(time, "time_ns", lambda: self.wall)
        monkeypatch.setattr(time, "monotonic_ns", lambda: self.steady)

    def go(self, seconds: float, *, step: float = 0.0) -> None:
        self.steady += int(seconds * NS)
        self.wall += int((seconds + step) * NS)


def test_a_wall_that_is_set_back_neither_stops_nor_turns_time(monkeypatch: pytest.MonkeyPatch) -> None:
    wall = Wall(monkeypatch)
    clock = SystemClock()
    wall.go(10)
    assert clock.now() == 1_010 * NS
    wall.go(1, step=-3600)
    assert clock.now() == 1_010 * NS + 95 * NS // 100, "time goes on, a little slower"
    assert clock.ahead >= 3_599 * NS
    wall.go(100)
    assert clock.now() == 1_010 * NS + 101 * 95 * NS // 100
    wall.go(21 * 3600)
    assert clock.now() == wall.wall, "the wall has caught up"
    assert clock.ahead == 0


def test_a_wall_that_jumps_ahead_or_is_slewed_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    wall = Wall(monkeypatch)
    clock = SystemClock()
    wall.go(1, step=-0.0005)
    assert clock.now() == wall.wall
    wall.go(1, step=500)
    assert clock.now() == wall.wall


def test_time_goes_on_from_the_last_input_after_a_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    wall = Wall(monkeypatch)
    clock = SystemClock()
    clock.advance(5_000 * NS)
    assert clock.now() == 5_000 * NS
    wall.go(10)
    assert clock.now() > 5_009 * NS
    clock.advance(4_000 * NS)
    assert clock.now() > 5_009 * NS


def test_a_scaled_clock_never_steps_when_its_speed_changes() -> None:
    clock = ScaledClock(5 * NS)
    assert clock.now() >= 5 * NS
    moments = [clock.now(), clock.change(100.0), clock.now(), clock.change(0.5), clock.now()]
    assert moments == sorted(moments)


async def test_a_sleep_begun_at_one_speed_ends_by_plant_time_at_another() -> None:
    clock = ScaledClock(0)
    began, wall = clock.now(), time.monotonic()
    sleeper = asyncio.create_task(clock.sleep(30.0))
    await asyncio.sleep(0)
    clock.change(1000.0)
    await sleeper
    assert clock.now() - began >= 30 * NS
    assert time.monotonic() - wall < 10, "30 s of plant time at 1000 times the speed"


async def test_a_signal_wakes_all_who_wait_and_nobody_later() -> None:
    signal = Signal()
    waiters = [asyncio.create_task(signal.wait(5)) for _ in range(3)]
    await asyncio.sleep(0)
    signal.fire()
    assert await asyncio.gather(*waiters) == [True] * 3
    assert await signal.wait(0.01) is False


async def test_appointments_are_kept_in_order_and_never_early() -> None:
    clock = SystemClock()
    told: list[tuple[str, bool]] = []
    start = clock.now()
    done = asyncio.Event()
    for name, after in (("late", 30), ("soon", 5), ("also soon", 5)):
        when = start + after * 1_000_000
        clock.at(when, lambda now, name=name, when=when: told.append((name, now >= when)))
    clock.at(start + 10_000_000, lambda _: told.append(("never", True))).cancel()
    clock.at(start + 31_000_000, lambda _: done.set())
    async with asyncio.timeout(10):
        await done.wait()
    assert told == [("soon", True), ("also soon", True), ("late", True)]


async def test_an_appointment_that_fails_keeps_no_other_from_its_turn() -> None:
    clock, done = SystemClock(), asyncio.Event()
    said: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, about: said.append(about["exception"]))
    clock.at(0, [].pop)  # an index into nothing
    clock.at(0, lambda _: done.set())
    async with asyncio.timeout(10):
        await done.wait()
    assert [type(each) for each in said] == [IndexError]


async def test_appointments_follow_a_change_of_speed() -> None:
    clock, done = ScaledClock(0), asyncio.Event()
    clock.at(3_600 * NS, lambda _: done.set())
    clock.change(1e6)
    async with asyncio.timeout(10):
        await done.wait()
    assert clock.now() >= 3_600 * NS


async def test_a_held_clock_stands_until_it_is_moved() -> None:
    clock, rung = ScaledClock(0), []
    held = clock.hold(40.0)
    clock.at(held + 5 * NS, rung.append)
    sleeper = asyncio.create_task(clock.sleep(7))
    await asyncio.sleep(0.01)
    assert (clock.now(), rung) == (held, [])
    clock.move(held + 6 * NS)
    await asyncio.sleep(0)
    assert (clock.now(), rung, sleeper.done()) == (held + 6 * NS, [held + 6 * NS], False)
    clock.move(held + 7 * NS)
    await sleeper
    clock.move(held)
    assert clock.now() == held + 7 * NS, "never back"


async def test_what_is_due_at_once_needs_no_move() -> None:
    clock = ScaledClock(0)
    clock.hold(40.0)
    async with asyncio.timeout(10):
        await clock.sleep(0)
        await clock.sleep(-1)
