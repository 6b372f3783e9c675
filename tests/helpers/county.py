"""A county node in the test's own loop."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from gateway.county.config import load_county
from gateway.county.node import Node
from gateway.county.shelf import FILE, report
from gateway.model.times import NS
from tests.helpers.lane import T0


def write_county(folder: Path, version: str = "5", **brokers: Any) -> Path:
    """The county's file (JSON is YAML), quick with its receipts."""
    folder.mkdir(parents=True, exist_ok=True)
    how = {"timeout": "2s", "version": version}
    told = {name: {"host": b.host, "port": b.port, **how} for name, b in brokers.items()}
    path = folder / "county.yaml"
    path.write_text(json.dumps({"version": 1, "county": "341524", "brokers": told, "receipt_every": "50ms"}))
    return path


@contextlib.asynccontextmanager
async def county(path: Path) -> AsyncIterator[Node]:
    """Runs until the end of the block; begins when it hears all its brokers."""
    loaded = load_county(path)
    node = Node(loaded)
    task = asyncio.create_task(node.run())
    try:
        await until(lambda: node.listening == set(loaded.file.brokers))
        yield node
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def stored(path: Path) -> dict[str, Any]:
    """What the county's list says of the one gateway; empty before the first."""
    folder = load_county(path).state
    found = report(folder, T0 + NS)["gateways"] if (folder / FILE).exists() else []
    return dict(found[0]) if found else {}


async def until(condition: Callable[[], Any], timeout: float = 30.0) -> None:
    async with asyncio.timeout(timeout):
        while not condition():
            await asyncio.sleep(0.02)
