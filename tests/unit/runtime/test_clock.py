"""Clocks and signals."""

import asyncio
import time

from gateway.model.times import NS
from gateway.runtime.clock import ScaledClock, SystemClock
from gateway.runtime.signal import Signal


def test_the_system_clock_is_the_wall() -> None:
    before = time.time_ns()
    assert before <= SystemClock().now() <= time.time_ns()


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
