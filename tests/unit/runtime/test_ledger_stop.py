"""The ledger is stopped in the middle of a write: the write ends, what is left is written, then the file is closed."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from gateway.model.events import Record
from gateway.model.levels import Level
from gateway.runtime import ledger as module
from gateway.runtime.clock import SystemClock
from gateway.runtime.ledger import Ledger
from gateway.runtime.troubles import Troubles
from gateway.store.ledger import LedgerFile, Stage
from tests.unit.alarms.plant import Story
from tests.unit.store import make


@pytest.mark.parametrize("slow", ["write", "__init__"])
async def test_it_ends_one_thing_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slow: str
) -> None:
    inside, order, began = [0], list[str](), threading.Event()
    for name in ("__init__", "write", "close"):
        real = getattr(LedgerFile, name)

        def alone(self: Any, *given: Any, _name: str = name, _real: Any = real) -> Any:
            inside[0] += 1
            assert inside[0] == 1, "two threads at the file"
            if _name == slow:
                began.set()
                time.sleep(0.2)
            order.append(_name)
            try:
                return _real(self, *given)
            finally:
                inside[0] -= 1

        monkeypatch.setattr(LedgerFile, name, alone)
    monkeypatch.setattr(module, "EVERY_S", 0.01)
    clock = SystemClock()
    ledger = Ledger(clock, Troubles(clock, lambda _: None))
    event = Story().active("LT-1.HH")[0]
    ledger.settled("county", [event], module.Stage.ACCEPTED)
    task = asyncio.create_task(ledger.run(tmp_path, {"county": module.Stage.ACCEPTED}))
    await asyncio.to_thread(began.wait, 5.0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert order[0] == "__init__"
    assert order[-1] == "close"
    assert order.count("close") == 1


def test_what_nobody_writes_is_bounded_and_the_newest_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk took no ledger at all when it was opened: the next try is minutes away, and alarms go on."""
    monkeypatch.setattr(module, "MOST", 50)
    clock = SystemClock()
    ledger = Ledger(clock, Troubles(clock, lambda _: None))
    for n in range(1, 1000):
        event = make.event(clock.now(), n=n, level=Level.RED)
        ledger.sent("county.alarms", [Record(n, clock.now(), "", b"", event)])
        ledger.settled("county.alarms", [event], Stage.ACCEPTED)
    assert len(ledger._keys) <= 100
    assert len(ledger._steps) <= 101
    assert ("a" * 32, 999) in ledger._keys
