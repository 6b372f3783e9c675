"""Starts, stops and remembers drills: at most one at a time, beside a gateway that runs."""

import asyncio
import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import structlog

from gateway.app.assembled import Assembled
from gateway.exercise import folder as files
from gateway.exercise.drill import Drill
from gateway.exercise.folder import Drills
from gateway.exercise.leftover import end_leftover, records_of
from gateway.exercise.report import report
from gateway.exercise.script import Script, script
from gateway.history.scenario.file import Scenario, read_scenario
from gateway.model.commands import Actor, Command
from gateway.model.errors import FengsuiError, Misconfigured, Refused
from gateway.model.events import Occurrence, Record
from gateway.model.times import NS, iso
from gateway.runtime.machine import Machine
from gateway.runtime.outputs import LaneSink

LEAST_FREE: Final = 256 << 20
"""bytes; a drill on a disk nearly full would take the room of real alarms"""
START_S: Final = 90.0
SWEEP_S: Final = 5.0
"""a broker that is gone does not hold up a stop"""
log = structlog.get_logger()


class Exercises:
    """The drills of one running gateway; the console's exercise port. :meth:`run` is a supervised unit."""

    def __init__(self, ours: Assembled) -> None:
        self._ours = ours
        self._live: Machine = ours.machine
        self._settings = ours.loaded.file.exercises
        self._drills = Drills(ours.loaded.state)
        self._asked: asyncio.Queue[Drill] = asyncio.Queue(1)
        self._drill: Drill | None = None
        self._failed: dict[str, str] = {}
        self._live.watch.exercise = lambda: self._drill.ident if self._drill is not None else ""

    # --- the unit -----------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """End what a killed gateway left, then play what is asked for, until cancelled."""
        for left in self._drills.left():
            await asyncio.to_thread(end_leftover, self._drills, left, self._live.site, self._live.clock.now())
            await self._sweep()
        while True:
            drill = await self._asked.get()
            try:
                await drill.run()
            except FengsuiError as error:
                self._fail(drill, str(error))
            except Exception as error:  # a bug in a drill is no trouble of the plant's
                log.exception("a drill failed", exercise=drill.ident)
                self._fail(drill, f"{type(error).__name__}: {error}")
            finally:
                await asyncio.shield(self._over(drill))

    def _fail(self, drill: Drill, why: str) -> None:
        drill.stop(None, f"it failed: {why}")
        self._failed = {drill.ident: why}
        drill.began.set()

    async def _over(self, drill: Drill) -> None:
        try:
            found = await asyncio.to_thread(self._report, drill)
            await asyncio.to_thread(self._drills.end, drill.folder, found)
            await asyncio.to_thread(self._drills.tidy, self._settings.keep)
        finally:
            self._drill = None  # also where its report could not be written: the next start writes it
            await self._sweep()
        log.info("the drill is over", exercise=drill.ident, why=drill.why)

    def _report(self, drill: Drill) -> dict[str, Any]:
        scenario = read_scenario(drill.folder / files.SCENARIO)
        found = report(records_of(drill.folder), scenario, drill.real)
        return {**found, "exercise": drill.ident, "why": found["why"] or drill.why}

    async def _sweep(self) -> None:
        """Nothing of a drill stays retained on a broker."""
        for sweep in self._ours.sweeps("exercise"):
            try:
                async with asyncio.timeout(SWEEP_S):
                    await sweep
            except (FengsuiError, TimeoutError) as error:
                log.warning("retained messages of a drill may be left on a broker", reason=repr(error))

    # --- the port -----------------------------------------------------------------------------------------------------

    async def start(self, text: str, name: str, by: Actor, comment: str) -> Mapping[str, Any]:
        """Start a drill of the scenario ``text``, or of the one called ``name`` in the configured folder.

        Raises:
            Refused: a drill is running, the scenario is not as it must be, or the gateway has troubles of its own.
        """
        self._may_start()
        ident = self._ident()
        text = text or self._named(name)
        place = self._drills.make(ident, {"by": by.name, "name": name, "comment": comment}, text)
        try:
            drill = self._made(ident, place, by, comment)
        except Misconfigured as error:
            self._drills.end(place, {"exercise": ident, "why": "the scenario is not as it must be"})
            raise Refused("; ".join(map(str, error.faults)) or str(error)) from error
        self._drill = drill
        self._asked.put_nowait(drill)
        try:
            async with asyncio.timeout(START_S):
                await drill.began.wait()
        except TimeoutError:
            drill.stop(None, "it did not begin in time")
            raise Refused(f"the drill did not begin within {START_S:g} s") from None
        if ident in self._failed:
            raise Refused(self._failed[ident])
        return self.status()

    def stop(self, by: Actor, why: str) -> Mapping[str, Any]:
        """End the drill that runs.

        Raises:
            Refused: none does.
        """
        drill = self._running()
        drill.stop(by, why or "stopped")
        return {"exercise": drill.ident, "why": drill.why}

    def status(self) -> Mapping[str, Any]:
        """Whether a drill runs, which, since when, and how its alarms stand."""
        drill = self._drill
        if drill is None or not drill.began.is_set():
            last = self._drills.newest()
            known = {"last": last and last["exercise"], "scenarios": list(self._scenarios())}
            return {"running": False, "starting": drill is not None, **known}
        began = drill.machine.begins if drill.machine is not None else 0
        occurrences = self.occurrences()
        waiting = sum(o.axes.acknowledgement.value == "unacknowledged" for o in occurrences)
        return {
            "running": True,
            "starting": False,
            "exercise": drill.ident,
            "scenario": drill.script.name,
            "by": drill.by.name,
            "since": iso(began),
            "elapsed_s": round((self._live.clock.now() - began) / NS, 1),
            "length_s": drill.script.length / NS or None,
            "alarms": len(occurrences),
            "unacknowledged": waiting,
            "real_alarms": list(drill.real),
        }

    def report(self, ident: str) -> Mapping[str, Any]:
        """The report of a drill that is over; ``ident`` empty: of the newest.

        Raises:
            Refused: there is none.
        """
        found = self._drills.report(ident) if ident else self._drills.newest()
        if found is None:
            raise Refused(f"no report of {ident or 'any drill'}")
        return found

    def occurrences(self) -> Sequence[Occurrence]:
        """Open alarms of the drill that runs."""
        machine = self._running().machine
        return machine.present().occurrences if machine is not None and machine.ready.is_set() else ()

    async def records(self, after: int, limit: int) -> Sequence[Record]:
        """Journal records of the drill that runs, behind ``after``."""
        machine = self._running().machine
        return await machine.records(after, limit) if machine is not None else ()

    async def submit(self, command: Command) -> Sequence[Record]:
        """What a person does to alarms of the drill: the command port of :mod:`gateway.console`."""
        machine = self._running().machine
        if machine is None:
            raise Refused("the drill is starting")
        return await machine.submit(command)

    def _running(self) -> Drill:
        if self._drill is None:
            raise Refused("no drill is running")
        return self._drill

    def _may_start(self) -> None:
        if self._drill is not None:
            raise Refused(f"drill {self._drill.ident} is running; stop it first")
        status = self._live.present().status
        if not self._live.ready.is_set() or not status.durable or status.disk_free < LEAST_FREE:
            raise Refused("the gateway is starting, or its disk is full: a drill would be in its way")

    def _made(self, ident: str, place: Path, by: Actor, comment: str) -> Drill:
        scenario: Scenario = read_scenario(place / files.SCENARIO)
        played: Script = script(scenario, self._live.site)
        sinks: tuple[LaneSink, ...] = self._ours.exercise_sinks()
        return Drill(ident, played, place, self._live, sinks, by, comment, self._settings.longest)

    def _ident(self) -> str:
        now = dt.datetime.fromtimestamp(self._live.clock.now() / NS, dt.UTC)
        return f"{now:%Y%m%dT%H%M%S}-{now.microsecond:06d}"

    def _named(self, name: str) -> str:
        """The scenario file ``<name>.yaml`` of the configured folder."""
        known = self._scenarios()
        if name not in known:
            raise Refused(
                f"no scenario {name!r} in {self._settings.folder}; there are: {', '.join(known) or 'none'}"
            )
        return known[name].read_text(encoding="utf-8")

    def _scenarios(self) -> dict[str, Path]:
        """Those of the configured folder, by name."""
        root = (self._ours.loaded.path.parent / self._settings.folder).resolve()
        return {p.stem: p for p in sorted(root.glob("*.yaml"))} if root.is_dir() else {}
