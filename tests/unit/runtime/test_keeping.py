"""Readings leave the spool when they are delivered and archived; the journal hears of each file, once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.model.events import Event, EventKind
from gateway.model.inputs import Gap
from gateway.model.times import NS
from gateway.runtime import keeping
from gateway.store.archive import manifests
from tests.unit.runtime.rig import Rig, running

pytest.importorskip("pyarrow")


def closed(rig: Rig) -> list[Event]:
    return [e for e in rig.events if e.event is EventKind.ARCHIVE_CLOSED]


async def spoken(rig: Rig, *values: float) -> None:
    """Values said, committed, and with a snapshot on their way to the archive."""
    await rig.until(lambda: rig.events)  # the machine's own first snapshot is over
    told: list[float] = []
    for value in values:
        rig.say("L", value, done=lambda v=value: told.append(v))  # type: ignore[misc]
        await rig.until(lambda v=value: v in told)
    await rig.machine._desk.call(rig.machine.store.spool.seal, rig.machine.clock.now() + 9 * NS)
    pipeline: Any = rig.machine._pipeline
    await rig.machine._snapshot(pipeline)


async def taken(rig: Rig) -> tuple[Sequence[Gap], int, int]:
    """What a trim takes, told to nobody."""
    desk, keeper = rig.machine._desk, rig.machine.keeper
    await desk.slowly(await desk.call(keeper._trimming))
    return await desk.call(keeper._losses)


@pytest.fixture(autouse=True)
def no_other_snapshots(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.runtime.machine.FIRST_SNAPSHOT_S", 3600.0)


async def test_a_day_that_is_over_is_closed_told_and_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "GRACE_NS", -2 * keeping.DAY_NS)  # today is over
    async with running(tmp_path) as rig:
        await spoken(rig, 1.0, 2.0, 13.0)
        keeper = rig.machine.keeper
        await keeper.archive()
        await rig.until(lambda: closed(rig))
        (event,) = closed(rig)
        (manifest,) = manifests(tmp_path)
        assert event.detail["hashes"] == manifest.hashes
        for name, digest in manifest.hashes.items():
            assert hashlib.sha256((manifest.folder / name).read_bytes()).hexdigest() == digest
        await keeper.archive()
        assert len(closed(rig)) == 1, "told once"
        assert rig.machine.store.spool.archived == manifest.last
        assert (await taken(rig))[:2] == ([], 0), "nothing is lost when it leaves the spool"
        await spoken(rig, 3.0)
        since = rig.machine.watch.started
        found = await rig.machine.history(0, since, since + 60 * NS, 10_000)
        both = await rig.machine.trends(["L", "ST"], since, since + 60 * NS, 10_000)
    assert found["value"].tolist() == [1.0, 2.0, 13.0, 3.0]
    assert len(both["ST"]["time"]) == 0
    assert both["L"]["high"].tolist() == found["high"].tolist()


async def test_what_was_closed_and_not_told_is_told_after_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "GRACE_NS", -2 * keeping.DAY_NS)
    async with running(tmp_path) as rig:
        await spoken(rig, 1.0)
        await rig.machine.keeper._aside.ask(rig.machine.keeper._question("9999-12-31"))
        assert not closed(rig), "killed before it was told"
    assert len(manifests(tmp_path)) == 1
    async with running(tmp_path) as rig:
        await rig.until(lambda: len(closed(rig)) == 1)


async def test_without_an_archive_a_trouble_says_so_and_nothing_leaves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "GRACE_NS", -2 * keeping.DAY_NS)
    async with running(tmp_path) as rig:
        await spoken(rig, 1.0)
        (tmp_path / "archive").write_bytes(b"in the way")
        await rig.machine.keeper.archive()
        await rig.until(lambda: rig.told("system.archive") == ["raised"])
        assert rig.machine.store.spool.archived == -1
        assert (await taken(rig))[:2] == ([], 0)
        assert rig.machine.store.spool.unarchived()[1] == 1
        (tmp_path / "archive").unlink()
        await rig.machine.keeper.archive()
        await rig.until(lambda: "cleared" in rig.told("system.archive"))


async def test_what_had_to_go_is_told_once_also_by_who_was_killed_before(tmp_path: Path) -> None:
    def losses(rig: Rig) -> list[int]:
        return [
            e.detail["count"] for e in rig.events if e.event is EventKind.GAP and e.detail["who"] == "spool"
        ]

    small = keeping.Retention(max_bytes=1, archive=False)
    async with running(tmp_path) as rig:
        rig.machine.keeper.retention = small
        rig.machine.keeper.delivered = lambda: 0
        await spoken(rig, 1.0, 2.0, 3.0)
        gaps, *_ = await taken(rig)
        assert sum(g.count for g in gaps) == 3, "gone, and nobody was told: the gateway is killed"
    for told in ([3], [], []):
        many = len(told)
        async with running(tmp_path) as rig:
            await rig.until(lambda: rig.events)
            rig.machine.keeper.retention = small
            rig.machine.keeper.delivered = lambda: 0
            await rig.machine.keeper.trim()
            await rig.until(lambda rig=rig, many=many: len(losses(rig)) >= many)  # type: ignore[misc]
            await rig.machine.keeper.trim()
            await rig.machine._desk.call(lambda: None)
            assert losses(rig) == told


async def test_a_day_that_loses_twice_is_told_of_each_reading_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "GRACE_NS", -2 * keeping.DAY_NS)

    def losses(rig: Rig) -> list[int]:
        return [
            e.detail["count"] for e in rig.events if e.event is EventKind.GAP and e.detail["who"] == "archive"
        ]

    async with running(tmp_path) as rig:
        await spoken(rig, 1.0, 2.0, 3.0, 4.0)
        keeper = rig.machine.keeper
        await keeper.archive()
        await rig.until(lambda: closed(rig))
        real = keeping.manifests
        for rows, lost in ((3, 1), (1, 3)):
            changed = {"rows": rows, "lost": lost, "thinned": "for the test"}
            monkeypatch.setattr(
                keeping, "manifests", lambda at, c=changed: [replace(m, **c) for m in real(at)]
            )
            await keeper.archive()
        await rig.until(lambda: len(closed(rig)) == 3)
        assert losses(rig) == [1, 2]
