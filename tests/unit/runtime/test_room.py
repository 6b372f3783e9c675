"""How much room the disk has is asked where a disk that hangs holds up nobody."""

from __future__ import annotations

import asyncio
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest

from gateway.runtime import room
from gateway.runtime.room import Room
from tests.unit.runtime.rig import running


async def test_neither_status_nor_housekeeping_asks_the_disk_in_the_event_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, asked = shutil.disk_usage, list[threading.Thread]()

    def usage(path: Any) -> Any:
        asked.append(threading.current_thread())
        return real(path)

    monkeypatch.setattr(room, "LOOK_S", 0.01)
    async with running(tmp_path) as rig:
        await rig.until(lambda: rig.events)
        monkeypatch.setattr(shutil, "disk_usage", usage)
        assert rig.machine.present().status.disk_free > 0
        await rig.machine.keeper.archive()
        await rig.until(lambda: asked)
        assert threading.main_thread() not in asked


async def test_a_disk_that_hangs_leaves_the_figure_as_it_was_and_holds_up_no_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free, asked = threading.Event(), threading.Event()
    looked = Room(tmp_path)
    before = looked.free
    assert before > 0

    def usage(_: Any) -> Any:
        asked.set()
        free.wait(30)
        return type("Usage", (), {"free": 7})

    monkeypatch.setattr(shutil, "disk_usage", usage)
    task = asyncio.create_task(looked.run())
    await asyncio.to_thread(asked.wait, 10)
    assert looked.free == before
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    looked.close()
    free.set()


async def test_a_disk_that_cannot_be_asked_is_said_to_have_no_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = Room(tmp_path)

    def gone(_: Any) -> Any:
        raise OSError("Input/output error")

    monkeypatch.setattr(shutil, "disk_usage", gone)
    await looked.look()
    assert looked.free == 0
    looked.close()
