"""POST /api/v1/commands: who may act, how, and what is said when it cannot be done."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from gateway.console.people.door import HEADER, Door, page_word
from gateway.model.commands import Act, Actor, Seen
from gateway.model.errors import Refused, Retry
from tests.helpers.console import TOKEN
from tests.helpers.plant import FakePlant

BEARER = {"Authorization": f"Bearer {TOKEN}"}
ACK = "/api/v1/commands/acknowledge"


def body(*ids: tuple[str, int], comment: str = "", name: str = "王强") -> dict[str, Any]:
    return {
        "ids": [{"id": i, "n": n} for i, n in ids],
        "actor": {"id": "wq", "name": name, "workstation": "panel-1"},
        "comment": comment,
    }


def alarm(plant: FakePlant, rule: str) -> tuple[str, int]:
    found = next(o for o in reversed(plant.alarms.values()) if o.rule == rule)
    return found.id, found.n


async def test_an_acknowledgement_reaches_the_core_as_given(
    client: httpx.AsyncClient, plant: FakePlant
) -> None:
    key, n = alarm(plant, "LT-101.HH")
    answer = await client.post(ACK, json=body((key, n), comment=" 已通知 "), headers=BEARER)
    assert answer.status_code == 200
    assert [e["event"] for e in answer.json()["events"]] == ["acknowledged"]
    [command] = plant.commands
    assert command.act is Act.ACKNOWLEDGE
    assert command.actor == Actor("wq", "王强", "operator", "panel-1")
    assert command.seen == (Seen(key, n),)
    assert command.comment == "已通知"


async def test_what_was_not_seen_stays_unacknowledged(client: httpx.AsyncClient, plant: FakePlant) -> None:
    key = plant.raise_alarm("TT-101", "HH", n=3)
    await client.post(ACK, json=body((key, 2)), headers=BEARER)
    assert plant.alarms[key].axes.acknowledgement == "unacknowledged"


async def test_a_page_without_accounts_repeats_its_word(client: httpx.AsyncClient, plant: FakePlant) -> None:
    me = (await client.get("/api/v1/session")).json()
    assert (me["mode"], me["roles"], me["view"]) == ("name", ["operator", "engineer"], True)
    assert TOKEN not in str(me)
    key = alarm(plant, "LT-101.HH")
    assert (await client.post(ACK, json=body(key))).status_code == 401
    assert (await client.post(ACK, json=body(key), headers={HEADER: me["word"]})).status_code == 200
    assert plant.commands[0].actor.role == "operator"


async def test_reset_is_its_own_act(client: httpx.AsyncClient, plant: FakePlant) -> None:
    answer = await client.post("/api/v1/commands/reset", json=body(alarm(plant, "PT-201.HH")), headers=BEARER)
    assert answer.status_code == 200
    assert plant.commands[0].act is Act.RESET


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": TOKEN},
        {HEADER: ""},
        {HEADER: TOKEN},
        {"Authorization": "Bearer "},
    ],
)
async def test_without_a_key_nothing_happens(
    client: httpx.AsyncClient, plant: FakePlant, headers: dict[str, str]
) -> None:
    answer = await client.post(ACK, json=body(alarm(plant, "LT-101.HH")), headers=headers)
    assert answer.status_code == 401
    assert answer.json()["error"] == "session"
    assert plant.commands == []


async def test_only_json_acts(client: httpx.AsyncClient, plant: FakePlant) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        answer = await client.post(ACK, content="{}", headers={**BEARER, "content-type": kind})
        assert answer.status_code in {415, 422}
    assert plant.commands == []


@pytest.mark.parametrize(
    "change",
    [
        {"ids": []},
        {"ids": [{"id": "x", "n": 0}]},
        {"ids": [{"id": "x", "n": 1}] * 1001},
        {"actor": {"id": "a", "name": "  "}},
        {"actor": {"id": "a", "name": "x" * 65}},
        {"actor": {"id": "a", "name": "a", "role": "admin"}},
        {"comment": "x" * 501},
        {"other": 1},
    ],
)
async def test_what_is_not_allowed_is_told(
    client: httpx.AsyncClient, plant: FakePlant, change: dict[str, Any]
) -> None:
    answer = await client.post(ACK, json={**body(("x", 1)), **change}, headers=BEARER)
    assert answer.status_code == 422
    assert answer.json()["error"] == "invalid"
    assert next(iter(change)) in answer.json()["reason"]
    assert plant.commands == []


async def test_refused_and_retry(client: httpx.AsyncClient, plant: FakePlant) -> None:
    answer = await client.post(ACK, json=body(("gone", 1)), headers=BEARER)
    assert (answer.status_code, answer.json()) == (409, {"error": "refused", "reason": "no open alarm gone"})
    plant.refuse = Retry("starting", after=3)
    answer = await client.post(ACK, json=body(("gone", 1)), headers=BEARER)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "3"
    plant.refuse = Refused("latched: reset first")
    assert (await client.post(ACK, json=body(("gone", 1)), headers=BEARER)).json()[
        "reason"
    ] == "latched: reset first"


async def test_the_same_alarm_twice_is_one(client: httpx.AsyncClient, plant: FakePlant) -> None:
    key, n = alarm(plant, "LT-101.HH")
    await client.post(ACK, json=body((key, n), (key, n)), headers=BEARER)
    assert plant.commands[0].seen == (Seen(key, n),)


def test_a_terminal_token_is_long() -> None:
    with pytest.raises(ValueError, match="16"):
        Door("short")
    assert page_word(TOKEN) != TOKEN


@pytest.mark.parametrize(
    "until",
    ["0001-01-01T00:00:00+23:00", "9999-12-31T23:59:59-23:00", "2200-01-01T00:00:00Z", 99999999999999],
)
async def test_a_time_out_of_reach_is_told(
    client: httpx.AsyncClient, plant: FakePlant, until: object
) -> None:
    """As 64-bit ns it would be another time, or none."""
    said = {"rules": ["LT-101.HH"], "comment": "test", "until": until, "actor": {"id": "wq", "name": "王强"}}
    answer = await client.post("/api/v1/commands/shelve", json=said, headers=BEARER)
    assert (answer.status_code, answer.json()["error"]) == (422, "invalid")
    assert "body.until" in answer.json()["reason"]
    assert not plant.commands


@pytest.mark.parametrize("bytes_", [b"\xff\xfe", b"{", b'"\xed\xa0\x80"', b"[" * 100_000])
async def test_a_body_that_cannot_be_read_is_told(
    client: httpx.AsyncClient, plant: FakePlant, bytes_: bytes
) -> None:
    headers = {**BEARER, "content-type": "application/json"}
    answer = await client.post(ACK, content=bytes_, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (422, "invalid")
    assert not plant.commands
