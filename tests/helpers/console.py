"""The console over a fake plant: in a thread for browser tests, or by hand: ``python -m tests.helpers.console``."""

from __future__ import annotations

import argparse
import asyncio
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from gateway.app.beside import BUSY
from gateway.console.app import Beside, DoorRules, create_app
from gateway.console.guard import LOOPBACK
from gateway.console.people.book import Book
from gateway.console.ports import ExercisePort
from gateway.console.server import serve
from gateway.model.commands import Actor, Command
from gateway.model.errors import Refused
from gateway.model.events import Occurrence, Record
from tests.helpers.fake_changes import TOO_HIGH, FakeProposals, FakeStages, raw, too_high
from tests.helpers.plant import FakePlant

TOKEN = "a token of the tests, long enough"


def app_of(
    plant: FakePlant,
    book: Book | None = None,
    rules: DoorRules | None = None,
    *,
    hosts: Iterable[str] = LOOPBACK,
    exercise: ExercisePort | None = None,
) -> Any:
    """Without a book of accounts whoever looks acts under the name they give."""
    proposals, letters = FakeProposals(plant), FakeLetters()
    return create_app(
        plant,
        plant,
        plant.history,
        plant.journal,
        token=TOKEN,
        hosts=hosts,
        book=book,
        rules=rules or DoorRules(),
        beside=Beside(
            exercise=exercise or NoDrill(),
            changes=FakeStages(plant, proposals),
            proposals=proposals,
            ledger=plant.ledger,
            dead=letters,
            retry=letters.retry,
            tools=FakeTools(),
            raws=raw,
        ),
    )


@dataclass(frozen=True)
class FakeLetter:
    id: int
    time: int
    output: str
    reason: str
    data: bytes


class FakeLetters:
    """One event that an output refused; given again it is taken."""

    def __init__(self) -> None:
        self.kept = [FakeLetter(7, 1_800_000_000 * 10**9, "county.events", "not authorised", b"{}")]

    def __call__(self, most: int) -> Sequence[FakeLetter]:
        return self.kept[:most]

    async def retry(self, ids: Sequence[int], who: Actor) -> int:
        before = len(self.kept)
        self.kept = [x for x in self.kept if x.id not in ids]
        return before - len(self.kept)


class NoDrill:
    """An exercise port with no drill."""

    async def start(self, text: str, name: str, by: Actor, comment: str) -> Mapping[str, Any]:
        raise Refused("no scenario of this name")

    def stop(self, by: Actor, why: str) -> Mapping[str, Any]:
        raise Refused("no drill runs")

    def status(self) -> Mapping[str, Any]:
        return {"running": False, "starting": False}

    def report(self, ident: str) -> Mapping[str, Any]:
        raise Refused("no drill is over")

    def occurrences(self) -> Sequence[Occurrence]:
        return ()

    async def records(self, after: int, limit: int) -> Sequence[Record]:
        return ()

    async def submit(self, command: Command) -> Sequence[Record]:
        raise Refused("no drill runs")


FIGURES = (("announcements per day", 42.5, "1/d", "<= 144", True), ("peak in 10 min", 23, "", "<= 10", False))
FAULT = {
    "file": "tags.csv",
    "line": 7,
    "path": "LT-101/H",
    "value": "=1+1",
    "allowed": "a number",
    "hint": "in m",
}


_ROWS = (
    ("LT-101", "plc1", "2444", 9.284, "m", None, "", "2026-11-22T01:00:00.000000000Z"),
    ("AT-101", "plc2", "0019", 2.5, "%LEL", 12.5, "", None),
    (
        "PT-101",
        "plc2",
        "ffff",
        65535.0,
        "MPa",
        12.5,
        "outside 0 to 1.6: byte order, address base or scaling?",
        None,
    ),
    ("TT-101", "plc2", "", None, "℃", None, "the device refuses it: illegal data address (2)", None),
)
_LINE = ("tag", "source", "raw", "value", "unit", "ms", "note", "time")
PROBED = {
    "ok": False,
    "outputs": {},
    "sources": {
        "plc1": {"kind": "modbus-tcp", "busy": True, "why": BUSY},
        "plc2": {
            "kind": "modbus-tcp", "reached": True, "why": "", "requests_per_cycle": 2, "cycle_ms": 25.0,
            "load": 0.025, "asked": 3,
        },
    },
    "tags": [dict(zip(_LINE, row, strict=True), address="1:holding:0") for row in _ROWS],
}  # fmt: skip


class FakeTools:
    """Reports as the tools give them."""

    def __init__(self) -> None:
        self.given: list[tuple[str, bytes]] = []

    async def kpi(self, start: int, end: int, installation: str) -> Mapping[str, Any]:
        names = ("name", "value", "unit", "target", "met")
        figures = [dict(zip(names, f, strict=True)) for f in FIGURES]
        lists = {"chattering": ["AT-101.H"], "fleeting": [], "stale": []}
        return {
            "figures": figures,
            "top_ten": [{"rule": "AT-101.H", "count": 17}],
            "long_enough": False,
            **lists,
        }

    async def explain(self, tag: str) -> Mapping[str, Any]:
        return {"explain": [{"what": f"{tag}.HH.trigger", "value": "10.8", "where": "tags.csv:2, column HH"}]}

    async def check(self, name: str, data: bytes) -> Mapping[str, Any]:
        self.given.append((name, data))
        return {"ok": False, "faults": [FAULT]} if b"=1+1" in data else {"ok": True, "faults": [], "tags": 18}

    async def annotated(self, name: str, data: bytes) -> bytes:
        if b"=1+1" not in data:
            raise Refused(f"{name} has no fault, or cannot be read at all: check it")
        return b"PK a workbook"

    async def probe(self, name: str, data: bytes, source: str) -> Mapping[str, Any]:
        self.given.append((name, data))
        if b"=1+1" in data:
            return {"ok": False, "faults": [FAULT]}
        return {"ok": True, "faults": [], "tags": 18, "probe": PROBED}

    async def what_if(self, name: str, data: bytes, days: float) -> Mapping[str, Any]:
        change = {"how": "gained", "rule": "LT-101.H", "time": "2026-11-20T01:00:00Z", "gap_s": 0.0}
        return {"ok": True, "other": {"same": 4, "gained": 1, "lost": 0, "changes": [change]}}

    async def try_rule(self, rule: str, wanted: Mapping[str, float | None], days: float) -> Mapping[str, Any]:
        if (wanted["trigger"] or 0) > TOO_HIGH:
            raise too_high(rule, wanted["trigger"] or 0)
        change = {"how": "lost", "rule": rule, "time": "2026-11-20T01:00:00Z", "gap_s": 0.0}
        return {"ok": True, "readings": 86400, "other": {"same": 4, "lost": 1, "changes": [change]}}


class ConsoleThread:
    """A served console whose plant tests may touch from their own thread with :meth:`do`."""

    def __init__(
        self,
        plant: FakePlant,
        *,
        moving: bool = True,
        book: Book | None = None,
        exercise: ExercisePort | None = None,
    ) -> None:
        self.plant = plant
        self.app = app_of(plant, book, exercise=exercise)
        self.url = ""
        self._moving = moving
        self._loop = asyncio.new_event_loop()
        self._task: asyncio.Task[None] | None = None
        self._ready: Future[str] = Future()
        self._thread = threading.Thread(target=self._run, name="console-under-test")

    def start(self, port: int = 0) -> ConsoleThread:
        self._port = port
        self._thread.start()
        self.url = self._ready.result(20)
        return self

    def stop(self) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(lambda: self._task and self._task.cancel())
            self._thread.join(20)

    def do(self, act: Callable[[], Any]) -> Any:
        """Run something on the server's loop and wait for what it returns."""

        async def call() -> Any:
            return act()

        return asyncio.run_coroutine_threadsafe(call(), self._loop).result(10)

    def _run(self) -> None:
        try:
            self._task = self._loop.create_task(self._main())
            self._loop.run_until_complete(self._task)
        except asyncio.CancelledError:
            return
        except BaseException as fault:  # noqa: BLE001 - told to the thread that waits
            self._ready.set_exception(fault)
        finally:
            self._loop.close()

    async def _main(self) -> None:
        async with asyncio.TaskGroup() as group:
            if self._moving:
                group.create_task(_move(self.plant))
            await serve(self.app, "127.0.0.1", self._port, self._ready.set_result)


async def _move(plant: FakePlant) -> None:
    while True:
        await asyncio.sleep(1)
        plant.tick()


async def _by_hand(port: int, extra: int) -> None:
    plant = FakePlant(extra)
    async with asyncio.TaskGroup() as group:
        group.create_task(_move(plant))
        await serve(app_of(plant), "127.0.0.1", port, print)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=18090)
    parser.add_argument("--extra-tags", type=int, default=1000)
    given = parser.parse_args()
    asyncio.run(_by_hand(given.port, given.extra_tags))
