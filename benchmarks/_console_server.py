"""The console over a plant of any size whose readings come once a second: a process of its own, to be measured."""

import argparse
import asyncio
import contextlib
import json
import os
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gateway.console.app import create_app
from gateway.console.server import serve
from gateway.model.commands import Command
from gateway.model.errors import Refused
from gateway.model.events import Occurrence, Record
from gateway.model.levels import Level, LiveLevel
from gateway.model.ports import LinkTraffic, LiveState, Present, TagState
from gateway.model.site import Site
from tests.helpers.plant import FakePlant

TOKEN = "a token of the benchmark"


class BigPlant:
    """``tags`` tags that all move, ``alarms`` open alarms of them."""

    def __init__(self, tags: int, alarms: int) -> None:
        self._fake = fake = FakePlant(tags)
        for key in list(fake.alarms):
            fake.drop(key)
        for i in range(alarms):
            fake.raise_alarm(f"TI-{1000 + i % tags}", "H", ago=float(i))
        self._levels = (LiveState("", LiveLevel.NORMAL, Level.BLUE, 0),)
        self._present = fake.present()
        self._states: Sequence[TagState] = fake.tags()
        self._base = np.array([s.value or 0.0 for s in self._states])

    @property
    def site(self) -> Site:
        return self._fake.site

    def present(self) -> Present:
        return self._present

    def tags(self) -> Sequence[TagState]:
        return self._states

    def traffic(self) -> Sequence[LinkTraffic]:
        return ()

    async def changed(self, timeout: float) -> None:
        await asyncio.sleep(timeout)

    async def submit(self, command: Command) -> Sequence[Record]:
        raise Refused(f"{command.act}: nothing is done here")

    def history(self, row: int, start: int, end: int, points: int) -> Any:
        return self._fake.history(row, start, end, points)

    def journal(self, after: int, limit: int) -> list[Record]:
        return self._fake.journal(after, limit)

    def move(self) -> None:
        """A second of the plant."""
        now = time.time_ns()
        values = self._base + np.sin(now / 1e9 + np.arange(len(self._base)))
        self._states = [
            TagState(s.tag, float(v), 0, now, now) for s, v in zip(self._states, values, strict=True)
        ]

    def turn_over(self) -> None:
        """One alarm goes and one comes, as in a long upset."""
        open_: list[Occurrence] = list(self._present.occurrences)
        if open_:
            first, *rest = open_
            again = first.with_(id=f"{time.time_ns():032x}", raised=time.time_ns(), onset=time.time_ns())
            self._present = replace(self._present, occurrences=(*rest, again))


async def _live(plant: BigPlant) -> None:
    while True:
        await asyncio.sleep(1)
        plant.move()
        plant.turn_over()


async def _main(tags: int, alarms: int) -> None:
    plant = BigPlant(tags, alarms)
    app = create_app(plant, plant, plant.history, plant.journal, token=TOKEN)

    def ready(url: str) -> None:
        print(json.dumps({"url": url, "pid": os.getpid()}), flush=True)

    async with asyncio.TaskGroup() as group:
        group.create_task(_live(plant))
        await serve(app, "127.0.0.1", 0, ready)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--tags", type=int, default=1000)
    parser.add_argument("--alarms", type=int, default=500)
    given = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_main(given.tags, given.alarms))
