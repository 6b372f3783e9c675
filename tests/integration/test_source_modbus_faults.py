"""The Modbus source and misbehaving peers over real sockets: what becomes a reading, a link change, a delay.

Each case is a complaint that users of other gateways made.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from itertools import pairwise

import uvloop

from gateway.model.batch import Batch
from gateway.model.quality import Quality
from gateway.model.site import Tag
from gateway.sources.modbus.config import Settings, bind
from gateway.sources.modbus.plugin import ModbusSource, build
from tests.helpers.feed import NS, FakeClock, FakeFeed
from tests.helpers.modbus_peer import (
    HANG_UP,
    Asked,
    Pause,
    Peer,
    Reply,
    frame,
    peer,
    refusal,
    right,
)
from tests.ports import HOST


def source(device: Peer, *cells: str, period_s: float = 0.05, **settings: object) -> ModbusSource:
    made = Settings.model_validate(
        {
            "kind": "modbus-tcp",
            "host": HOST,
            "port": device.port,
            "timeout": "100ms",
            "retry_max": "100ms",
            "max_gap": 4,
            **settings,
        }
    )
    tags = [
        Tag(
            id=f"T{i}",
            raw="",
            description="",
            cls="other",
            unit="",
            installation="",
            period=int(period_s * NS),
        )
        for i in range(len(cells))
    ]
    return build(
        "plc", made, [(i, t, bind(made, c, t)) for i, (t, c) in enumerate(zip(tags, cells, strict=True))]
    )


@contextlib.asynccontextmanager
async def running(reading: ModbusSource, feed: FakeFeed | None = None) -> AsyncIterator[FakeFeed]:
    feed = feed or FakeFeed()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(reading.run(feed))
        try:
            yield feed
        finally:
            task.cancel()


def latest(feed: FakeFeed) -> dict[int, tuple[float, int]]:
    return {row.tag: (row.value, row.quality) for row in feed.rows}


async def test_a_poll_is_one_batch_with_the_times_of_its_answers() -> None:
    async with (
        peer() as device,
        running(source(device, "1:holding:7", "1:holding:100", "1:holding:8.3:bit")) as feed,
    ):
        await feed.until(lambda: len(feed.batches) >= 3)
        for batch in feed.batches:
            assert sorted(zip(batch.tag.tolist(), batch.value.tolist(), strict=True)) == [
                (0, 7),
                (1, 100),
                (2, 1),
            ]
            assert batch.source.tolist() == batch.received.tolist()
            at = dict(zip(batch.tag.tolist(), batch.source.tolist(), strict=True))
            assert at[0] == at[2] < at[1], "two requests, each with its own time"
            assert set(batch.quality.tolist()) == {Quality.GOOD}
        assert feed.links == []


@dataclass
class Diary(FakeClock):
    """Notes when somebody wants to be called."""

    noted: list[int] = field(default_factory=list)

    def at(self, when: int, call: Callable[[int], None]) -> asyncio.TimerHandle:
        self.noted.append(when)
        return super().at(when, call)


async def test_polls_fall_on_whole_periods_and_do_not_drift() -> None:
    clock = Diary()
    async with (
        peer(lambda a: [Pause(0.03), *right(a)]) as device,
        running(source(device, "1:holding:0", period_s=0.2, timeout="20s"), FakeFeed(clock)) as feed,
    ):
        await feed.until(lambda: len(feed.batches) >= 7)
    assert len(clock.noted) >= 6, "each later poll is due at a moment"
    assert all(when % (NS // 5) == 0 for when in clock.noted)
    assert all(a < b for a, b in pairwise(clock.noted))


async def test_a_scaled_clock_scales_polls_and_stamps() -> None:
    clock = FakeClock(speed=20.0, start=1_700_000_000 * NS)
    async with (
        peer() as device,
        running(source(device, "1:holding:0", period_s=1.0), FakeFeed(clock)) as feed,
    ):
        began, first = time.monotonic(), clock.now()
        await feed.until(lambda: len(feed.batches) >= 21)
        took, last = time.monotonic() - began, clock.now()
        assert 0.8 < took < 10.0, "twenty seconds of that clock, and none of the wall's"
        times = [int(b.received[0]) for b in feed.batches]
        assert first <= times[0]
        assert times[-1] <= last
        assert times[-1] - times[0] > 18 * NS


async def test_one_bad_register_costs_only_itself() -> None:
    """telegraf 11782, TB-GW shift defect: values of the others stay, and stay with their own names."""

    def hole(asked: Asked) -> Reply:
        bad = asked.address <= 13 < asked.address + asked.count
        return refusal(asked, 2) if bad else right(asked)

    cells = [f"1:holding:{n}" for n in range(40)]
    async with peer(hole) as device:
        reading = source(device, *cells)
        async with running(reading) as feed:
            await feed.until(lambda: len(feed.batches) >= 3)
            for batch in feed.batches:
                got = dict(zip(batch.tag.tolist(), batch.value.tolist(), strict=True))
                assert {t: v for t, v in got.items() if t != 13} == {
                    n: float(n) for n in range(40) if n != 13
                }
                assert math.isnan(got[13])
                assert [t for t, q in zip(batch.tag, batch.quality, strict=True) if q] == [13]
                assert max(batch.quality) == Quality.DEVICE_EXCEPTION
            before = len(device.asked)
            await feed.until(lambda: len(feed.batches) >= 8)
            assert len(device.asked) - before <= 2 * 6, "once learnt, two requests a poll"
        assert reading.refused == [13]
        assert feed.links == []


async def test_an_illegal_hole_is_no_longer_read_through() -> None:
    def hole(asked: Asked) -> Reply:
        return refusal(asked, 2) if asked.address <= 2 < asked.address + asked.count else right(asked)

    async with peer(hole) as device, running(source(device, "1:holding:0", "1:holding:4")) as feed:
        await feed.until(lambda: len(feed.batches) >= 3)
        assert latest(feed) == {0: (0.0, 0), 1: (4.0, 0)}
        assert {r.quality for r in feed.rows} == {0}


async def test_a_device_that_takes_fewer_registers_is_learnt() -> None:
    cells = [f"1:holding:{n}" for n in range(60)]
    ten = peer(lambda a: right(a) if a.count <= 10 else refusal(a, 3))
    async with ten as device, running(source(device, *cells)) as feed:
        await feed.until(lambda: len(feed.batches) >= 2)
        assert latest(feed) == {n: (float(n), 0) for n in range(60)}


async def test_a_device_that_was_only_starting_is_read_again() -> None:
    async with peer(lambda a: refusal(a, 4)) as device:
        clock = FakeClock(speed=10.0)
        async with running(
            source(device, "1:holding:0", "1:holding:1", period_s=0.5), FakeFeed(clock)
        ) as feed:
            await feed.until(lambda: len(feed.batches) >= 2)
            assert {q for _, q in latest(feed).values()} == {Quality.DEVICE_EXCEPTION}
            device.script = right
            await feed.until(lambda: latest(feed) == {0: (0.0, 0), 1: (1.0, 0)})
        assert feed.links == [], "a device that refuses is there"


async def test_a_device_that_refuses_everything_is_asked_again_within_half_a_minute() -> None:
    """However long its trouble lasted: an address that does not exist may wait ten minutes, a device may not."""
    async with peer(lambda a: refusal(a, 4)) as device:
        clock = FakeClock(speed=200.0)
        reading = source(device, "1:holding:0", "1:holding:1", period_s=1.0, timeout="20s", retry_max="5s")
        async with running(reading, FakeFeed(clock)) as feed:
            await feed.until(lambda: bool(feed.batches))
            began = clock.now()
            await feed.until(lambda: clock.now() - began > 300 * NS)
            device.script = right
            mended = clock.now()
            await feed.until(lambda: latest(feed) == {0: (0.0, 0), 1: (1.0, 0)})
            assert clock.now() - mended < 60 * NS


async def test_a_busy_device_is_bad_once_and_nothing_is_learnt() -> None:
    async with peer(lambda a: refusal(a, 6)) as device:
        reading = source(device, "1:holding:0")
        async with running(reading) as feed:
            await feed.until(lambda: len(feed.batches) >= 1)
            device.script = right
            await feed.until(lambda: latest(feed)[0] == (0.0, 0))
        assert reading.refused == []


async def test_an_address_that_is_met_with_silence_costs_only_its_block() -> None:
    async with peer(lambda a: [] if a.address == 500 else right(a)) as device:
        async with running(source(device, "1:holding:500", "1:holding:600", period_s=0.1)) as feed:
            await feed.until(lambda: len(feed.batches) >= 5)
            assert latest(feed)[1] == (600.0, 0)
            assert latest(feed)[0][1] == Quality.COMMUNICATION
        assert feed.links == []
        assert sum(a.address == 500 for a in device.asked) <= 3


async def test_a_silent_unit_goes_down_alone_and_delays_nobody_for_long() -> None:
    """TB-GW 932/494, contrib-modbus 446, neuron 1602."""
    async with peer(lambda a: [] if a.unit == 2 else right(a)) as device:
        cells = ["1:holding:0", "2:holding:0", "3:holding:0"]
        async with running(source(device, *cells, retry_max="2s")) as feed:
            await feed.until(lambda: bool(feed.links))
            assert feed.links[0][:2] == ("plc.2", False)
            count, asked, began = len(feed.batches), len(device.asked), time.monotonic()
            await feed.until(lambda: len(feed.batches) - count >= 40)
            waited = sum(a.unit == 2 for a in device.asked[asked:])
            assert waited <= 3 + 4 * (time.monotonic() - began), "questions of 25 ms or, each fourth, of 100"
            assert {r.tag for r in feed.rows} == {0, 2}
            device.script = right
            await feed.until(lambda: feed.up("plc.2"))
            await feed.until(lambda: 1 in latest(feed))
        assert [(k, up) for k, up, _ in feed.links] == [("plc.2", False), ("plc.2", True)]
        came_back = feed.log.index(("plc.2", True))
        assert not any(isinstance(x, Batch) and 1 in x.tag for x in feed.log[:came_back])
        assert device.connections == 1, "the healthy units kept their connection"


async def test_a_gateway_that_answers_for_a_dead_unit_counts_as_silence() -> None:
    through = peer(lambda a: refusal(a, 11) if a.unit == 2 else right(a))
    async with through as device, running(source(device, "1:holding:0", "2:holding:0")) as feed:
        await feed.until(lambda: not feed.up("plc.2"))
        assert feed.up("plc")
        assert {r.tag for r in feed.rows} <= {0}


async def test_one_failure_is_retried_and_nobody_hears_of_it() -> None:
    skipped: list[Asked] = []

    def first_silent(asked: Asked) -> Reply:
        if not skipped:
            skipped.append(asked)
            return []
        return right(asked)

    async with peer(first_silent) as device, running(source(device, "1:holding:0")) as feed:
        await feed.until(lambda: len(feed.batches) >= 2)
        assert feed.links == []


async def test_garbage_once_is_asked_again_on_a_new_connection() -> None:
    lies = iter([[b"\xff" * 64]])
    async with peer(lambda a: next(lies, None) or right(a)) as device:
        async with running(source(device, "1:holding:3")) as feed:
            await feed.until(lambda: len(feed.batches) >= 2)
            assert latest(feed) == {0: (3.0, 0)}
            assert feed.links == []
        assert device.connections == 2


async def test_a_device_that_needs_a_rest_has_it_before_every_question() -> None:
    """telegraf 11919: also behind a new connection."""
    heard: list[float] = []

    def note(asked: Asked) -> Reply:
        heard.append(time.monotonic())
        return [HANG_UP] if len(heard) == 2 else right(asked)

    async with peer(note) as device:
        connected: list[float] = []
        serve = device._serve

        async def noted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connected.append(time.monotonic())
            await serve(reader, writer)

        device._serve = noted  # type: ignore[method-assign]
        await device.stop()
        await device.start()
        async with running(source(device, "1:holding:0", "1:holding:500", pause="60ms")) as feed:
            await feed.until(lambda: len(connected) >= 2 and len(heard) >= 6)
    moments = sorted([*connected, *heard])
    assert all(b - a > 0.05 for a, b in pairwise(moments) if b in heard)


async def test_the_connection_refused_then_back() -> None:
    """TB-GW 2132, contrib-modbus 69, FUXA 532: no restart needed to reconnect."""
    async with peer() as device, running(source(device, "1:holding:0", timeout="300ms")) as feed:
        await feed.until(lambda: len(feed.batches) >= 2)
        await device.stop()
        await feed.until(lambda: not feed.up("plc"))
        count = len(feed.batches)
        await device.start()
        await feed.until(lambda: len(feed.batches) > count)
        assert [(k, up) for k, up, _ in feed.links] == [("plc", False), ("plc", True)]
        up = feed.log.index(("plc", True))
        assert isinstance(feed.log[up + 1], Batch), "up is said before the readings"


async def test_a_short_loss_is_no_link_change() -> None:
    async with peer() as device, running(source(device, "1:holding:0", timeout="1s")) as feed:
        await feed.until(lambda: len(feed.batches) >= 2)
        await device.stop()
        await asyncio.sleep(0.1)
        await device.start()
        count = len(feed.batches)
        await feed.until(lambda: len(feed.batches) > count + 1)
        assert feed.links == []


async def test_a_half_open_connection_is_replaced() -> None:
    """The peer forgot us (power cut): our packets go nowhere. A new connection is the only cure."""
    stale: set[int] = set()
    device = Peer()
    device.script = lambda a: [] if device.connections in stale else right(a)
    await device.start()
    async with running(source(device, "1:holding:0")) as feed:
        await feed.until(lambda: len(feed.batches) >= 2)
        stale.add(device.connections)
        await feed.until(lambda: not feed.up("plc.1"))
        await feed.until(lambda: feed.up("plc.1"))
        assert device.connections >= 2
    await device.stop()


async def test_not_a_number_is_bad_and_the_rest_is_not() -> None:
    def nan(asked: Asked) -> Reply:
        return [frame(asked, b"\x03\x08" + bytes.fromhex("7fc00000 41200000"))]

    async with (
        peer(nan) as device,
        running(source(device, "1:holding:0:float32", "1:holding:2:float32")) as feed,
    ):
        await feed.until(lambda: bool(feed.batches))
        assert latest(feed)[1] == (10.0, 0)
        assert latest(feed)[0][1] == Quality.NOT_A_NUMBER


async def test_overdue_polls_are_counted_not_caught_up() -> None:
    async with peer(lambda a: [Pause(0.06), *right(a)]) as device:
        reading = source(device, "1:holding:0", period_s=0.02)
        async with running(reading) as feed:
            await feed.until(lambda: len(feed.batches) >= 5)
        assert reading.counters.overdue >= 4
        assert len(device.asked) <= len(feed.batches) + 1


async def test_it_stops_at_once_in_the_middle_of_a_question() -> None:
    async with peer(lambda a: []) as device:
        began = time.monotonic()
        async with running(source(device, "1:holding:0", timeout="30s")):
            await asyncio.sleep(0.1)
        assert time.monotonic() - began < 1.0


def test_the_same_on_uvloop() -> None:
    """Its transports are not asyncio's own, and it is the loop the product runs on."""

    async def cycle() -> None:
        async with peer() as device, running(source(device, "1:holding:7")) as feed:
            await feed.until(lambda: len(feed.batches) >= 2)
            await device.stop()
            await feed.until(lambda: not feed.up("plc"))
            await device.start()
            await feed.until(lambda: feed.up("plc"))
            assert latest(feed) == {0: (7.0, 0)}

    uvloop.run(cycle())
