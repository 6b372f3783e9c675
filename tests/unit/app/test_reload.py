"""A configuration that passes every check and still cannot be built leaves the one before it running."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.app import assembly, run
from gateway.app.reload import Reload
from gateway.model.errors import Misconfigured


async def test_what_cannot_be_built_gives_way_to_what_ran(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []

    class Machine:
        def __init__(self, reload: Any) -> None:
            self.reload = reload

        async def run(self) -> None:
            if len(ran) == 1:
                self.reload._before, self.reload.loaded = self.reload.loaded, SimpleNamespace(name="new")
                self.reload.asked.set()
            await asyncio.Event().wait()

    @asynccontextmanager
    async def assemble(loaded: Any, *, reload: Reload, **_: Any) -> AsyncIterator[Machine]:
        ran.append(loaded.name)
        if loaded.name == "new":
            raise Misconfigured("a port is taken")
        yield Machine(reload)

    monkeypatch.setattr(assembly, "assemble", assemble)
    task = asyncio.create_task(run.serve(SimpleNamespace(name="old")))
    async with asyncio.timeout(10):
        while ran != ["old", "new", "old"]:
            await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_first_configuration_that_cannot_be_built_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    @asynccontextmanager
    async def assemble(loaded: Any, **_: Any) -> AsyncIterator[None]:
        raise Misconfigured(f"cloned disk of {loaded.name}")
        yield

    monkeypatch.setattr(assembly, "assemble", assemble)
    with pytest.raises(Misconfigured, match="cloned"):
        await run.serve(SimpleNamespace(name="old"))
