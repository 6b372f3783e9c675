"""Entering readings and marking loops over HTTP; which loops are tested."""

from __future__ import annotations

import httpx

from gateway.model.commands import Act, Actor
from tests.helpers.console import TOKEN
from tests.helpers.plant import FakePlant

BEARER = {"Authorization": f"Bearer {TOKEN}"}
WHO = {"id": "wq", "name": "王强", "workstation": "panel-1"}


async def test_an_entry_reaches_the_core_as_given(client: httpx.AsyncClient, plant: FakePlant) -> None:
    body = {
        "tag": "DIP-1",
        "value": 11.83,
        "time": "2026-11-22T08:00:00+08:00",
        "actor": WHO,
        "comment": "量油尺",
    }
    answer = await client.post("/api/v1/commands/enter", json=body, headers=BEARER)
    assert answer.status_code in (200, 409), answer.text
    [command] = plant.commands
    assert (command.act, command.actor) == (Act.ENTER, Actor("wq", "王强", "operator", "panel-1"))
    assert command.words == (("tag", "DIP-1"), ("value", "11.83"), ("time", "2026-11-22T00:00:00.000000000Z"))


async def test_a_loop_test_reaches_the_core_as_given(client: httpx.AsyncClient, plant: FakePlant) -> None:
    body = {"tag": "LT-101", "method": "标气", "actor": WHO}
    await client.post("/api/v1/commands/loop-tested", json=body, headers=BEARER)
    [command] = plant.commands
    assert command.words == (("tag", "LT-101"), ("result", "passed"), ("method", "标气"))


async def test_without_a_key_or_with_a_wrong_body_nothing_happens(
    client: httpx.AsyncClient, plant: FakePlant
) -> None:
    for path in ("enter", "loop-tested"):
        body = (
            {"tag": "LT-101", "value": 1.0, "actor": WHO}
            if path == "enter"
            else {"tag": "LT-101", "actor": WHO}
        )
        assert (await client.post(f"/api/v1/commands/{path}", json=body)).status_code == 401
        wrong = {**body, "tag": ""}
        assert (await client.post(f"/api/v1/commands/{path}", json=wrong, headers=BEARER)).status_code == 422
    assert plant.commands == []


async def test_loops_that_were_never_tested_say_so(client: httpx.AsyncClient, plant: FakePlant) -> None:
    view = (await client.get("/api/v1/loops")).json()
    assert (view["tested"], view["of"]) == (0, len(plant.site.tags))
    assert view["loops"][0]["result"] is None
