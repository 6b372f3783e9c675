"""The conductor: the next slice begins when the one before has been confirmed and judged, however long that takes."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from gateway.app import conductor
from gateway.app.conductor import SLICE_S, Conductor
from gateway.app.plant import Line
from gateway.model.commands import Act, Command
from gateway.model.errors import Retry
from gateway.model.events import Record
from gateway.model.times import NS
from gateway.runtime.clock import ScaledClock
from gateway.runtime.machine import Machine

SPEED, PACE = 40.0, 50.0
SLICE = SLICE_S * SPEED


class Stage:
    """A plant and a gateway that do what the test lets them do."""

    def __init__(self) -> None:
        self.clock = ScaledClock(0)
        self.judged_until = 0
        self.intake = SimpleNamespace(wake=SimpleNamespace(set=self.judge))
        self.busy = False
        self.waiting = 0
        self.rounds: dict[str, float] = {}
        self.entered: list[Command] = []
        self.plant_s = -1.0
        self.conductor = Conductor(SPEED, cast("Line", self), self.clock, cast("Machine", self), PACE)

    def judge(self) -> None:
        if not self.busy:
            self.judged_until = self.clock.now()

    async def ask(self, **request: Any) -> dict[str, Any]:
        await asyncio.sleep(0)
        self.plant_s = request.get("to_s", 0.0)
        return {"ok": True, "waiting": self.waiting, "rounds": self.rounds}

    async def submit(self, command: Command) -> list[Record]:
        self.entered.append(command)
        self.rounds = {}
        return []

    @property
    def gateway_s(self) -> float:
        return (self.clock.now() - self.conductor.start) / NS


async def test_both_arrive_where_they_were_to() -> None:
    stage = Stage()
    await stage.conductor.begin()
    await stage.conductor.lead(7.5)
    assert (stage.gateway_s, stage.plant_s, stage.conductor.at_s) == (7.5, 7.5, 7.5)


async def test_what_people_read_by_hand_is_entered_by_a_person() -> None:
    stage = Stage()
    stage.rounds = {"DIP-1": 11.83}
    await stage.conductor.lead(2 * SLICE)
    assert [(c.act, c.actor.id, dict(c.words)) for c in stage.entered] == [
        (Act.ENTER, "rounds", {"tag": "DIP-1", "value": "11.83"})
    ]


@pytest.mark.parametrize("who", ["gateway", "broker"])
async def test_who_is_slow_is_waited_for(who: str) -> None:
    stage = Stage()
    stage.busy, stage.waiting = who == "gateway", int(who == "broker")
    leading = asyncio.create_task(stage.conductor.lead(3 * SLICE))
    await asyncio.sleep(0.05)
    assert stage.gateway_s == SLICE, "time stands"
    assert stage.conductor.at_s == 0.0
    assert stage.plant_s == (SLICE if who == "broker" else -1.0), "the plant is never ahead of the gateway"
    stage.busy, stage.waiting = False, 0
    stage.judge()
    await asyncio.wait_for(leading, 10)
    assert stage.conductor.at_s == 3 * SLICE


async def test_a_stand_still_without_end_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conductor, "PATIENCE_S", 0.05)
    stage = Stage()
    stage.busy = True
    with pytest.raises(Retry, match="stands at plant second 0"):
        await stage.conductor.lead(SLICE)
