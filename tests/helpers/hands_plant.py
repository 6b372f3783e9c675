"""A plant on which people read by hand, owe reports and hold drills, for the tests of those pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from gateway.model.commands import Act, Actor, Command
from gateway.model.errors import Refused
from gateway.model.events import (
    Acknowledgement,
    Axes,
    Event,
    EventKind,
    Occurrence,
    Record,
    Report,
    Suppression,
)
from gateway.model.quality import Quality
from gateway.model.times import iso, seconds
from tests.helpers.plant import FakePlant

OVERFILL = "0001-overfill"


class HandsPlant(FakePlant):
    """LT-101M is read by hand beside LT-101; the red alarm owes both reports; AT-102.H is suppressed by AT-101.H."""

    def __init__(self, extra_tags: int = 0) -> None:
        super().__init__(extra_tags)
        twin = self.site.tags[self.site.tag_index["LT-101"]]
        by_hand = replace(
            twin,
            id="LT-101M",
            raw="LT-101M",
            manual=True,
            twin="LT-101",
            twin_within=0.2,
            links=(),
            max_age=seconds(3600),
        )
        self.site = replace(self.site, tags=(*self.site.tags, by_hand))
        self.values["LT-101M"], self.sources["LT-101M"] = 10.9, self.now() - seconds(7200)
        self.qualities["LT-101M"] = Quality.GOOD_MANUAL
        red = next(k for k, o in self.alarms.items() if o.rule == "LT-101.HH" and o.n == 1)
        self.major = red
        axes = replace(self.alarms[red].axes, report=Report.DUE)
        self.alarms[red] = self.alarms[red].with_(axes=axes, report_due=self.now() + seconds(3600))
        self.raise_alarm(
            "AT-102", "H", axes=Axes(suppression=Suppression.BY_DESIGN), isa="H", aside_for="AT-101.H"
        )

    async def submit(self, command: Command) -> Sequence[Record]:
        if command.act is Act.ENTER:
            return self._entered(command)
        if command.act is Act.REPORT:
            return self._reported(command)
        return await super().submit(command)

    def _entered(self, command: Command) -> Sequence[Record]:
        words = dict(command.words)
        value, online = float(words["value"]), self.values["LT-101"]
        if value > 20:
            raise Refused(f"{value:g} m is outside the range of LT-101M")
        self.commands.append(command)
        self.move("LT-101M", value, Quality.GOOD_MANUAL)
        detail: dict[str, Any] = {
            "online": "LT-101", "online_value": online, "difference": value - online, "within": 0.2,
            "agrees": abs(value - online) <= 0.2,
        }  # fmt: skip
        event = Event(
            event=EventKind.MANUAL_READING, time=self.now(), tag="LT-101M", value=value, unit="m",
            actor=command.actor, comment=command.comment, detail=detail,
        )  # fmt: skip
        return [self.append(event)]

    def _reported(self, command: Command) -> Sequence[Record]:
        words, before = dict(command.words), len(self.records)
        self.commands.append(command)
        for seen in command.seen:
            old = self.alarms[seen.id]
            both = old.axes.report not in {Report.DUE, Report(words["to"])}
            axes = replace(old.axes, report=Report.MADE if both else Report(words["to"]))
            self.alarms[seen.id] = new = old.with_(axes=axes, n=old.n + 1)
            made = {
                "to": words["to"],
                "reference": words["reference"],
                "made": words.get("time", iso(self.now())),
            }
            self.journal_of(EventKind.REPORTED, new, command.actor, command.comment, made)
        return self.records[before:]


class FakeDrill:
    """A drill port over a second plant; ``live`` is told that one runs."""

    def __init__(self, live: FakePlant) -> None:
        self.live, self.drill = live, FakePlant()
        self.running, self.ended = False, ""
        self.started: tuple[str, str, str, str] | None = None
        for key in list(self.drill.alarms)[2:]:
            del self.drill.alarms[key]

    async def start(self, text: str, name: str, by: Actor, comment: str) -> Mapping[str, Any]:
        if "nonsense" in text:
            raise Refused("scenario.yaml:1 scenario: nonsense")
        self.started, self.running = (text, name, by.name, comment), True
        self.live.status = replace(self.live.status, exercise=OVERFILL)
        return self.status()

    def stop(self, by: Actor, why: str) -> Mapping[str, Any]:
        self.running, self.ended = False, why
        self.live.status = replace(self.live.status, exercise="")
        return {"exercise": OVERFILL, "why": why}

    def status(self) -> Mapping[str, Any]:
        if not self.running:
            return {
                "running": False,
                "starting": False,
                "scenarios": ["overfill"],
                "last": self.ended and OVERFILL,
            }
        waits = [o for o in self.occurrences() if o.axes.acknowledgement is Acknowledgement.UNACKNOWLEDGED]
        return {
            "running": True, "starting": False, "exercise": OVERFILL, "scenario": "Tank 1 is overfilled",
            "by": "王强", "since": iso(self.drill.started), "elapsed_s": 61.0, "length_s": 600.0,
            "alarms": len(self.occurrences()), "unacknowledged": len(waits), "real_alarms": [],
        }  # fmt: skip

    def report(self, ident: str) -> Mapping[str, Any]:
        alarm = {
            "rule": "LT-101.HH",
            "raised_after_s": 4.0,
            "acknowledged_after_s": 9.5,
            "acknowledged_by": "王强",
        }
        expected = {"expected": "2s raised LT-101.HH red", "came": "4 s", "late_s": 2.0}
        return {
            "exercise": ident, "scenario": "Tank 1 is overfilled", "why": self.ended, "alarms": [alarm],
            "alarms_count": 1, "acknowledged": 1, "expected": [expected],
        }  # fmt: skip

    def occurrences(self) -> Sequence[Occurrence]:
        return tuple(self.drill.alarms.values())

    async def records(self, after: int, limit: int) -> Sequence[Record]:
        return self.drill.journal(after, limit)

    async def submit(self, command: Command) -> Sequence[Record]:
        return await self.drill.submit(command)
