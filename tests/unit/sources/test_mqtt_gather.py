"""When the input rests to gather, and when it must not."""

from __future__ import annotations

import asyncio

from gateway.model.batch import of_rows
from gateway.model.calm import Calm, Cuts
from gateway.model.site import Tag
from gateway.sources.mqtt.config import Settings, bind
from gateway.sources.mqtt.flood import Flood
from gateway.sources.mqtt.gather import GATHER_S, Counters, Gather, Receipts, Taken
from gateway.sources.mqtt.plugin import build, make_reader
from gateway.sources.mqtt.said import Change
from tests.helpers.feed import FakeFeed


class Wire:
    """A session that keeps what was acknowledged."""

    def __init__(self) -> None:
        self.writes: list[list[int]] = []

    def acknowledge(self, ids: list[int]) -> None:
        if ids:
            self.writes.append(ids)

    @property
    def told(self) -> list[int]:
        return [each for ids in self.writes for each in ids]


class Box:
    """A gather of a broker's window, and its receipts."""

    def __init__(self, window: int, cuts: Cuts = (None,)) -> None:
        settings = Settings.model_validate({"kind": "mqtt", "host": "127.0.0.1"})
        tag = Tag(id="T", raw="", description="", cls="other", unit="", installation="")
        reader = make_reader(settings, [(0, tag, bind(settings, "a", tag))])
        self.feed, self.wire, counters = FakeFeed(), Wire(), Counters()
        self.gather = Gather(reader, self.feed.clock, counters, window, Flood(most=1000), Calm(cuts))
        self.gather.resume = lambda: None
        self.receipts = Receipts(self.wire, self.gather, counters)  # type: ignore[arg-type]
        self._next = 0

    def piece(self, count: int, value: float = 1) -> bool:
        """One read of so many messages; True: the connection rests."""
        self.gather.traffic(count, 0)
        for _ in range(count):
            self._next += 1
            self.gather.message(b"a", b"%r" % value, self._next, retained=False)
        return self.gather.pause()


async def test_few_messages_are_gathered_and_many_are_not() -> None:
    box = Box(window=40)
    assert box.piece(3)
    assert not box.gather.ready.is_set()
    box.gather.take("t")
    assert not Box(window=40).piece(20), "half a window is enough"


async def test_a_window_that_is_nearly_full_is_not_waited_for() -> None:
    """A pause before each commit would bound the rate: the broker sends nothing more before it is told."""
    box = Box(window=20)
    done = box.receipts.expect(box.gather.take("t").ids)
    done()
    for _ in range(2):
        box.piece(7)
        first = box.receipts.expect(box.gather.take("t").ids)
    assert box.gather.owed == 14
    assert not box.piece(2)
    assert box.gather.ready.is_set()
    first()
    await asyncio.sleep(0)
    assert box.wire.told == [], "in order: the batch before it is not on disk"
    assert box.gather.owed == 16


async def test_what_is_acknowledged_makes_room_in_the_window() -> None:
    box = Box(window=20)
    box.piece(16)
    done = box.receipts.expect(box.gather.take("t").ids)
    done()
    await asyncio.sleep(0)
    assert (box.gather.owed, box.wire.told) == (0, list(range(1, 17)))
    assert box.piece(2), "there is room again, so few messages are gathered"
    box.gather.take("t")


async def test_batches_of_one_commit_are_acknowledged_in_one_write_and_in_order() -> None:
    box = Box(window=40)
    dones = []
    for _ in range(3):
        box.piece(2)
        dones.append(box.receipts.expect(box.gather.take("t").ids))
    for done in reversed(dones):
        done()
    assert box.wire.writes == []
    await asyncio.sleep(0)
    assert box.wire.writes == [[1, 2, 3, 4, 5, 6]]


async def until_read(box: Box) -> None:
    """The connection has rested, and what came meanwhile is read."""
    while box.gather.paused:
        await asyncio.sleep(GATHER_S / 4)
    for _ in range(3):
        await asyncio.sleep(0)


async def test_news_go_on_at_once_and_take_along_what_waits() -> None:
    box = Box(window=400, cuts=((75.0, 80.0),))
    for value, goes in ((20, True), (21, False), (22, False), (78, True), (79, False), (81, True)):
        assert box.piece(1, value)
        await until_read(box)
        assert box.gather.ready.is_set() == goes, value
        assert box.gather.waited != goes or value in (78, 81)
        if goes:
            box.gather.take("t")
    assert not box.gather.waited


async def test_what_is_no_news_waits_a_little_while_and_no_longer() -> None:
    box = Box(window=400, cuts=((75.0, 80.0),))
    box.piece(1)
    await until_read(box)
    box.gather.take("t")
    box.piece(3)
    await until_read(box)
    assert box.gather.waited
    async with asyncio.timeout(30):
        await box.gather.ready.wait()
    assert len(box.gather.take("t").ids) == 3


async def test_a_tag_that_is_never_calm_waits_for_nothing() -> None:
    box = Box(window=400)
    for _ in range(3):
        box.piece(1)
        await until_read(box)
        assert box.gather.ready.is_set()
        box.gather.take("t")


async def test_a_window_that_fills_up_ends_the_wait() -> None:
    box = Box(window=40, cuts=((75.0, 80.0),))
    box.piece(1)
    await until_read(box)
    box.gather.take("t")
    box.piece(5)
    await until_read(box)
    assert not box.gather.ready.is_set()
    assert not box.piece(15)
    assert box.gather.ready.is_set()


async def test_what_a_flood_held_back_is_not_lost_with_the_connection() -> None:
    """QoS 0: nobody sends it again. The newest of each tag is a reading, the others are a gap record."""
    settings = Settings.model_validate({"kind": "mqtt", "host": "127.0.0.1", "qos": 0})
    tag = Tag(id="T", raw="", description="", cls="other", unit="", installation="")
    bound, feed = [(0, tag, bind(settings, "a", tag))], FakeFeed()
    source = build("pond", settings, bound)
    gather = Gather(make_reader(settings, bound), feed.clock, source.counters, 20, Flood(most=2), feed.calm())
    for number in range(7):
        gather.message(b"a", b"%d" % number, 0, retained=False)
    source._last(gather, feed)
    assert [row.value for row in feed.rows] == [0.0, 1.0, 6.0]
    assert [count for _, _, _, count, _ in feed.gaps] == [4]
    assert source.counters.flooded == 4


async def test_a_full_queue_takes_no_death_along() -> None:
    """Readings that find no room come again or are a gap record; that a node is gone is said all the same."""
    settings = Settings.model_validate({"kind": "mqtt", "host": "127.0.0.1"})
    source, feed, done = build("pond", settings, []), FakeFeed(full=True), list[bool]()
    batch = of_rows(feed.table, [(0, 1, 1, 1.0, 0)])
    taken = Taken([batch, Change(("G/E", ""), up=False, why="NDEATH"), batch], None, [1, 2])
    assert not source._send(feed, taken, lambda: done.append(True), soon=False)
    assert [(up, why) for _, up, why in feed.links] == [(False, "NDEATH")]
    assert not done, "nothing is acknowledged"
