"""Whom a commit waits for."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from gateway.model.batch import of_rows
from gateway.runtime import pipeline
from tests.unit.runtime.rig import Rig, running


def say(rig: Rig, *, soon: bool) -> asyncio.Event:
    assert rig.mouth.feed is not None
    feed, now, done = rig.mouth.feed, rig.machine.clock.now(), asyncio.Event()
    row = rig.machine.site.tag_index["L"]
    feed.readings(of_rows(feed.table, [(row, now, now, 1.0, 0)]), done.set, soon=soon)
    return done


async def test_a_source_that_waits_for_the_commit_has_it_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broker's window is full: a wait for company would be a wait for nothing, each time."""
    monkeypatch.setattr(pipeline, "COMMIT_S", 3600.0)
    async with running(tmp_path) as rig:
        patient = say(rig, soon=False)
        for _ in range(20):
            await asyncio.sleep(0)
        assert not patient.is_set()
        for _ in range(5):
            async with asyncio.timeout(10):
                await say(rig, soon=True).wait()
        assert patient.is_set(), "what waited went along"
