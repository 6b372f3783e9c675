"""What a drill leaves open when its copy of the state cannot be made."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.engine import Engine, Snapshot
from gateway.exercise.drill import Drill
from gateway.exercise.script import Script
from gateway.model.commands import Actor
from gateway.model.errors import Retry
from gateway.store import Store
from tests.unit.engine.plant import T0, S, site


def drill(folder: Path) -> Drill:
    live: Any = SimpleNamespace(site=site())
    return Drill("ex-1", Script("a drill", 0, (), {}), folder, live, (), Actor("li", "Li"), "", 60 * S)


def copied() -> Snapshot:
    return Engine(site(), "e1").snapshot()


def opened(folder: Path) -> list[str]:
    """Files of this folder that the process has open."""
    links = (fd.readlink() for fd in Path("/proc/self/fd").iterdir() if fd.is_symlink())
    return [str(name) for name in links if name.is_relative_to(folder)]


def refuses(*_: Any, **__: Any) -> bool:
    return False


def fails(*_: Any, **__: Any) -> bool:
    raise OSError("disk full")


@pytest.mark.parametrize(("save", "error"), [(refuses, Retry), (fails, OSError)])
def test_a_copy_that_cannot_be_kept_leaves_no_store_open(
    save: Any, error: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Store, "save_snapshot", save)
    with pytest.raises(error):
        drill(tmp_path)._store(T0, copied())
    assert opened(tmp_path) == []


def test_a_drill_cancelled_while_its_store_opens_closes_it(tmp_path: Path) -> None:
    async def main() -> None:
        opening = asyncio.create_task(drill(tmp_path)._opened(T0, copied()))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening

    asyncio.run(main())
    assert (tmp_path / "plant.db").exists(), "the thread went on"
    assert opened(tmp_path) == []


def test_a_store_that_opens_has_the_copy(tmp_path: Path) -> None:
    store = drill(tmp_path)._store(T0, copied())
    try:
        assert len(store.snapshots()) == 1
        assert opened(tmp_path) != []
    finally:
        store.close()
