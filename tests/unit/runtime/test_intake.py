"""Nothing is lost without a gap record of its own source."""

import struct

import numpy as np

from gateway.model.batch import Batch, Scan, concat, of_rows, of_scans
from gateway.model.inputs import Gap, LinkChange, Readings, Started
from gateway.model.quality import Quality
from gateway.runtime.intake import JOINED_NS, JOINED_ROWS, Intake, SourceFeed


class FixedClock:
    """Stands still."""

    ticks = True

    def now(self) -> int:
        return 1000

    async def sleep(self, seconds: float) -> None:
        raise AssertionError(seconds)


def rows(count: int, start: int = 0) -> Batch:
    return of_rows("t", [(0, start + i, start + i, 1.0, 0) for i in range(count)])


def make(max_rows: int = 10) -> Intake:
    return Intake(FixedClock(), "t", max_rows)


async def test_order_of_arrival_is_the_order() -> None:
    intake = make()
    SourceFeed("a", intake).readings(rows(1))
    intake.link("bus", up=False, reason="gone")
    SourceFeed("b", intake).readings(rows(2))
    assert [type(i.input) for i in intake.drain()] == [Readings, LinkChange, Readings]
    assert intake.drain() == []


async def test_what_a_source_lets_wait_is_fetched_before_anything_is_judged() -> None:
    intake = make()
    feed, waiting = SourceFeed("a", intake), [1, 2]

    def hand_on() -> None:
        if waiting:
            feed.readings(rows(waiting.pop()))

    feed.fetch(hand_on)
    intake.link("bus", up=False, reason="gone")
    assert [type(i.input) for i in intake.drain()] == [LinkChange, Readings]
    intake.wake.clear()
    assert [len(i.input.batch) for i in intake.drain() if isinstance(i.input, Readings)] == [1]
    assert not intake.wake.is_set(), "it is taken already"
    assert not intake.fetch()
    feed.fetch(None)
    waiting.append(1)
    assert intake.drain() == []


async def test_what_came_before_an_outage_stands_before_it_also_when_it_waited() -> None:
    intake = make()
    feed = SourceFeed("a", intake)
    feed.fetch(lambda: feed.readings(rows(1, start=10)) and feed.fetch(None))
    intake.put_behind(Started(900, 500, "1"))
    assert [type(i.input) for i in intake.drain()] == [Readings, Started]


async def test_what_does_not_fit_becomes_one_gap_of_its_source() -> None:
    intake = make(max_rows=5)
    plc = SourceFeed("plc", intake)
    assert plc.readings(rows(4, start=10))
    assert not plc.readings(rows(3, start=20))
    assert not plc.readings(rows(2, start=30))
    items = [i.input for i in intake.drain()]
    gaps = [i for i in items if isinstance(i, Gap)]
    assert [(g.who, g.start, g.end, g.count, g.why) for g in gaps] == [("plc", 20, 31, 5, "intake full")]
    assert plc.readings(rows(5)), "drained: there is room again"
    assert not [i for i in intake.drain() if isinstance(i.input, Gap)], "the gap is told once"


async def test_done_is_kept_with_its_readings_and_dropped_with_a_loss() -> None:
    intake = make(max_rows=2)
    told: list[str] = []
    SourceFeed("a", intake).readings(rows(2), lambda: told.append("first"))
    SourceFeed("a", intake).readings(rows(2), lambda: told.append("lost"))
    for item in intake.drain():
        for done in item.done:
            done()
    assert told == ["first"]


async def test_what_arrives_together_is_one_input_and_keeps_all_that_wait_for_it() -> None:
    intake = make()
    told: list[str] = []
    for who in "abc":
        SourceFeed(who, intake).readings(rows(2, start=10), lambda who=who: told.append(who))
    intake.link("bus", up=False, reason="gone")
    SourceFeed("a", intake).readings(rows(1, start=20))
    SourceFeed("b", intake).readings(rows(1, start=20 + JOINED_NS + 1))
    items = intake.drain()
    assert [len(i.input.batch) if isinstance(i.input, Readings) else 0 for i in items] == [6, 0, 1, 1]
    for done in items[0].done:
        done()
    assert told == ["a", "b", "c"]


async def test_joined_inputs_are_bounded() -> None:
    intake = make(10_000)
    for _ in range(3):
        SourceFeed("a", intake).readings(rows(JOINED_ROWS // 2, start=10))
    assert [len(i.input.batch) for i in intake.drain() if isinstance(i.input, Readings)] == [
        JOINED_ROWS,
        JOINED_ROWS // 2,
    ]


async def test_a_link_is_told_on_edges_and_the_first_time_in_any_case() -> None:
    intake = make()
    for up in (True, True, False, False, True, True):
        intake.link("bus", up=up, reason="")
    told = [i.input.up for i in intake.drain() if isinstance(i.input, LinkChange)]
    assert told == [True, False, True], "the engine may know the link as down from before a restart"


async def test_started_comes_before_what_was_polled_during_the_start() -> None:
    intake = make()
    SourceFeed("a", intake).readings(rows(1))
    intake.put_first(Started(1, 0, "v"))
    assert [type(i.input) for i in intake.drain()] == [Started, Readings]


async def test_an_outage_of_ours_comes_before_all_that_came_behind_it() -> None:
    intake = make(10_000)
    for at in (10, 100, 900):
        assert intake.scan("a", scan(at * JOINED_NS))
    intake.put_behind(Started(950 * JOINED_NS, 150 * JOINED_NS, "v"))
    assert intake.scan("a", scan(1000 * JOINED_NS))
    found = [i.input for i in intake.drain()]
    assert [type(i) for i in found] == [Readings, Readings, Started, Readings, Readings]
    assert [int(i.batch.received[0]) // JOINED_NS for i in found if isinstance(i, Readings)] == [
        10,
        100,
        900,
        1000,
    ]


async def test_room_waits_until_half_empty() -> None:
    intake = make(max_rows=10)
    feed = SourceFeed("a", intake)
    await feed.room()
    feed.readings(rows(8))
    assert not intake._roomy.is_set()
    intake.drain()
    await feed.room()


def scan(at: int, count: int = 2) -> Scan:
    tags, times = np.arange(count, dtype=np.int32), np.full(count, at, np.int64)
    return Scan(tags, times, np.full(count, float(at)), np.zeros(count, np.uint8))


async def test_scans_that_come_together_are_one_batch_in_order() -> None:
    intake = make(10_000)
    for at in (10, 11):
        assert intake.scan("a", scan(at))
    intake.link("bus", up=False, reason="gone")
    for at in (12, 13 + JOINED_NS):
        assert intake.scan("a", scan(at))
    found = [i.input.batch if isinstance(i.input, Readings) else None for i in intake.drain()]
    assert [b and b.received.tolist() for b in found] == [
        [10, 10, 11, 11],
        None,
        [12, 12],
        [13 + JOINED_NS] * 2,
    ]
    assert found[0] == concat("t", [of_scans("t", [scan(10)]), of_scans("t", [scan(11)])])
    assert intake.rows == 0


async def test_scans_are_bounded_and_a_loss_is_a_gap() -> None:
    intake = make(10_000)
    for at in range(3):
        intake.scan("a", scan(at, JOINED_ROWS // 2))
    assert [len(i.input.batch) for i in intake.drain() if isinstance(i.input, Readings)] == [
        JOINED_ROWS,
        JOINED_ROWS // 2,
    ]
    small = make(3)
    assert [small.scan("plc", scan(at)) for at in (5, 6)] == [True, False]
    [gap] = [i.input for i in small.drain() if isinstance(i.input, Gap)]
    assert (gap.who, gap.start, gap.end, gap.count) == ("plc", 6, 6, 2)


def test_scans_of_all_forms_become_one_batch() -> None:
    quality = np.array([Quality.GOOD, Quality.COMMUNICATION], np.uint8)
    tags = np.arange(2, dtype=np.int32)
    times = np.array([7, 8], np.int64)
    scans = [
        Scan(tags, 5, struct.pack(">2f", 1.5, -2.0), quality, ">f4"),
        Scan(tags, 6, struct.pack(">2f", np.nan, np.nan), quality, ">f4"),
        Scan(tags, times, np.array([np.inf, 0.1]), quality),
        Scan(tags, 9, struct.pack("<2H", 1, 65535), quality, "<u2"),
    ]
    batch = of_scans("t", scans)
    assert batch.tag.tolist() == [0, 1] * 4
    assert batch.source.tolist() == batch.received.tolist() == [5, 5, 6, 6, 7, 8, 9, 9]
    assert [str(v) for v in batch.value.tolist()] == [
        "1.5",
        "-2.0",
        "nan",
        "nan",
        "inf",
        "0.1",
        "1.0",
        "65535.0",
    ]
    bad, strange = int(Quality.COMMUNICATION), int(Quality.NOT_A_NUMBER)
    assert batch.quality.tolist() == [0, bad, strange, bad, strange, bad, 0, bad]
    assert quality.tolist() == [0, bad], "what scans share is not touched"
