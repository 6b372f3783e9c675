"""Who may what: the table over every endpoint, signing in, lockout, sessions, panels, tokens, second factor."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.console.people.book import digest, open_book
from gateway.console.people.door import HEADER
from gateway.console.people.lockout import FREE, LONGEST_S, PANEL_LONGEST_S, Lockout
from gateway.console.people.roles import MATRIX, PARTS, PEOPLE, Role, allowed, rights
from gateway.console.reference import schema
from tests.helpers.console import TOKEN, app_of
from tests.unit.console.house import BASE, PASSWORD, House, enter

# --- the table ------------------------------------------------------------------------------------


def test_the_table_is_over_every_endpoint_and_no_other() -> None:
    there = {(m.upper(), path) for path, acts in schema()["paths"].items() for m in acts}
    beyond = {("GET", "/"), ("GET", "/api/v1/openapi.json")}
    assert MATRIX.keys() == there | beyond
    assert allowed("GET", "/api/v1/nothing") == frozenset()
    assert allowed("POST", "/api/v1/alarms") == frozenset()


def test_administrator_and_auditor_are_apart() -> None:
    changes = {row for row, may in MATRIX.items() if row[0] != "GET" and "/session" not in row[1]}
    ours = {row for row in changes if Role.NOBODY not in MATRIX[row]}
    assert [row for row in ours if Role.AUDITOR in MATRIX[row] or Role.VIEWER in MATRIX[row]] == []
    for row in ours:
        on_the_plant = any(f"/{part}/" in row[1] for part in ("commands", "exercise", "engineering", "rules"))
        assert (Role.ADMINISTRATOR in MATRIX[row]) is (not on_the_plant and row[1] != "/api/v1/setup/code"), (
            row
        )


def test_what_a_console_lacks_is_not_offered() -> None:
    for role in PEOPLE:
        whole, without = rights([role]), rights([role], PARTS)
        away = (
            "/exercise",
            "/commands/stage",
            "/commands/approve",
            "/commands/propose",
            "/commands/agree",
            "/rules/try",
        )
        assert set(without) <= set(whole)
        assert [row for row in without if any(part in row for part in away)] == []
    assert "POST /api/v1/commands/acknowledge" in rights([Role.OPERATOR], PARTS)


def body_of(method: str, path: str) -> dict[str, Any]:
    """An empty body of the kind the endpoint takes."""
    if "/engineering/" in path:
        return {"content": b"x", "headers": {"content-type": "application/octet-stream"}}
    return {"json": {}} if method in {"POST", "PATCH"} else {}


def concrete(path: str) -> str:
    return re.sub(r"\{\w+\}", "x", path)


@pytest.mark.parametrize("role", [*PEOPLE, Role.TERMINAL, Role.NOBODY], ids=lambda r: r.value)
async def test_every_endpoint_asks_the_table(house: House, role: Role) -> None:
    """Allowed: anything but 401 and 403 of the door. Not allowed: exactly that, and nothing happened."""
    async with house.client() as web:
        if role is Role.TERMINAL:
            web.headers["Authorization"] = f"Bearer {TOKEN}"
        elif role is not Role.NOBODY:
            assert (await enter(web, role.value)).status_code == 200
        before = len(house.plant.records)
        for (method, path), may in MATRIX.items():
            if path in {"/api/v1/stream", "/api/v1/session", "/api/v1/session/here", "/api/v1/setup/code"}:
                continue  # the stream never ends; the others change who this is
            answer = await web.request(method, concrete(path), **body_of(method, path))
            refused = answer.status_code in {401, 403}
            if role in may:
                theirs = path in {"/api/v1/push/{source}", "/api/v1/session/second"}
                assert not refused or theirs, (method, path, answer.text)
            else:
                assert answer.status_code == (401 if role is Role.NOBODY else 403), (
                    method,
                    path,
                    answer.text,
                )
        assert len(house.plant.records) == before


async def test_a_regulators_stream_has_no_tags(house: House) -> None:
    narrow, wide = house.app.state.narrow, house.app.state.hub
    await narrow.join().messages().__anext__()
    assert b'"tags":{"i":[]' in await anext(narrow.join().messages())
    assert b'"tags":{"i":[0' in await anext(wide.join().messages())


# --- in and out -----------------------------------------------------------------------------------


async def test_who_acts_is_who_signed_in(house: House, web: httpx.AsyncClient) -> None:
    assert (await enter(web, "operator", workstation="panel-7")).json()["user"]["role"] == "operator"
    key = next(iter(house.plant.alarms))
    body = {"ids": [{"id": key, "n": 9}], "comment": "seen"}
    assert (await web.post("/api/v1/commands/acknowledge", json=body)).status_code == 200
    actor = house.plant.commands[-1].actor
    assert (actor.id, actor.name, actor.role, actor.workstation) == (
        "operator",
        "Operator",
        "operator",
        "panel-7",
    )
    other = {**body, "actor": {"id": "boss", "name": "Boss"}}
    assert (await web.post("/api/v1/commands/acknowledge", json=other)).status_code == 409
    assert (await web.delete("/api/v1/session")).json()["user"] is None
    assert (await web.post("/api/v1/commands/acknowledge", json=body)).status_code == 401
    assert house.told() == [("operator", "operator", "signed-in"), ("operator", "operator", "signed-out")]


async def test_a_cookie_without_its_word_does_nothing(house: House, web: httpx.AsyncClient) -> None:
    await enter(web, "operator")
    word = web.headers.pop(HEADER)
    key = next(iter(house.plant.alarms))
    body = {"ids": [{"id": key, "n": 1}]}
    before = len(house.plant.commands)
    for given in ("", "x" * 32, TOKEN, word[:-1]):
        answer = await web.post("/api/v1/commands/acknowledge", json=body, headers={HEADER: given})
        assert answer.status_code == 401
    assert len(house.plant.commands) == before


@pytest.mark.parametrize("forged", ["", "x", "../../access.json", digest("x"), "A" * 4000])
async def test_forged_sessions_are_nobody(house: House, forged: str) -> None:
    async with house.client() as web:
        for name in ("fengsui_session_8080", "fengsui_panel_8080"):
            answer = await web.get("/api/v1/status", headers={"cookie": f"{name}={forged}"})
            assert answer.status_code == 401


async def test_what_the_book_keeps_opens_nothing(house: House, web: httpx.AsyncClient) -> None:
    """Whoever reads a stolen copy of the file has no session, no panel and no password."""
    await enter(web, "administrator")
    await web.post("/api/v1/panels", json={"name": "hall"})
    await web.post("/api/v1/tokens", json={"name": "scada", "role": "viewer"})
    text = (house.book.path or Path()).read_text()
    assert PASSWORD not in text
    kept = re.findall(r'"secret": ?"([0-9a-f]{64})"', text)
    assert len(kept) == 3
    async with house.client() as thief:
        for secret in kept:
            cookies = {"fengsui_session_8080": secret, "fengsui_panel_8080": secret}
            thief.cookies.update(cookies)
            assert (await thief.get("/api/v1/status")).status_code == 401
            assert (
                await thief.get("/api/v1/status", headers={"Authorization": f"Bearer {secret}"})
            ).status_code == 401
    assert (house.book.path or Path()).stat().st_mode & 0o077 == 0


async def test_cookies_are_out_of_reach_of_scripts_and_other_sites(web: httpx.AsyncClient) -> None:
    cookie = (await enter(web, "viewer")).headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie


# --- guessing -------------------------------------------------------------------------------------


async def test_guessing_is_slowed_by_source_and_journalled_once(house: House) -> None:
    async with house.client("10.0.0.66") as thief, house.client("10.0.0.9") as other:
        codes = [(await enter(thief, "operator", f"wrong wrong {i}")).status_code for i in range(12)]
        assert codes == [401] * FREE + [429] * (12 - FREE)
        assert (await enter(thief, "operator")).status_code == 429, "also the right one, from there"
        assert (await enter(other, "operator")).status_code == 200, "nobody else is kept out"
        house.now += LONGEST_S
        assert (await enter(thief, "operator")).status_code == 200
    assert [x for x in house.told() if x[2] == "sign-in-refused"] == [("nobody", "nobody", "sign-in-refused")]


async def test_the_control_room_is_never_shut_out(house: House) -> None:
    """Its panel is a source of its own, also behind the address that all of the attack comes from."""
    async with house.client() as panel, house.client() as thief:
        await enter(panel, "administrator")
        assert (await panel.post("/api/v1/panels", json={"name": "中控室一号"})).status_code == 200
        await panel.delete("/api/v1/session")
        for i in range(50):
            await enter(thief, "operator", f"wrong wrong {i}")
            house.now += 5
        assert (await enter(panel, "operator")).status_code == 200
        await panel.delete("/api/v1/session")
        for i in range(30):  # somebody hammers at the panel itself
            await enter(panel, "operator", f"wrong wrong {i}")
        house.now += PANEL_LONGEST_S
        assert (await enter(panel, "operator")).status_code == 200


def test_many_sources_do_not_fill_the_memory() -> None:
    lock = Lockout()
    for i in range(10_000):
        lock.wrong(f"address:{i}", 0.0, panel=False)
    assert len(lock._tries) <= 4096


async def test_an_unknown_name_is_not_told_from_a_wrong_password(
    house: House, web: httpx.AsyncClient
) -> None:
    a = await enter(web, "nobody-of-this-name", "x" * 12)
    b = await enter(web, "operator", "x" * 12)
    assert (a.status_code, a.json()) == (b.status_code, b.json())


# --- panels and expiry ----------------------------------------------------------------------------


async def test_a_panel_never_loses_its_view(house: House, web: httpx.AsyncClient) -> None:
    await enter(web, "administrator")
    await web.post("/api/v1/panels", json={"name": "panel-1"})
    await enter(web, "operator")
    me = (await web.get("/api/v1/session")).json()
    assert (me["panel"], me["workstation"], me["roles"]) == (True, "panel-1", ["operator"])
    house.now += 601  # nobody moved
    me = (await web.get("/api/v1/session")).json()
    assert (me["view"], me["user"], me["roles"][0]) == (True, None, "viewer")
    assert (await web.get("/api/v1/alarms")).status_code == 200
    body = {"ids": [{"id": next(iter(house.plant.alarms)), "n": 1}]}
    assert (await web.post("/api/v1/commands/acknowledge", json=body)).status_code == 401
    house.now += 400 * 86400
    assert (await web.get("/api/v1/alarms")).status_code == 200
    again = app_of(house.plant, open_book(house.book.path or Path()))  # and after a restart
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(again), base_url=BASE, cookies=web.cookies
    ) as later:
        assert (await later.get("/api/v1/alarms")).status_code == 200


async def test_without_a_panel_the_view_ends_with_the_session(house: House, web: httpx.AsyncClient) -> None:
    await enter(web, "operator")
    for _ in range(5):
        house.now += 590
        assert (await web.post("/api/v1/session/here")).status_code == 200
    house.now += 700
    assert (await web.get("/api/v1/alarms")).status_code == 401


async def test_a_shift_is_the_longest(house: House, web: httpx.AsyncClient) -> None:
    await enter(web, "operator")
    for _ in range(7):
        house.now += 590
        await web.post("/api/v1/session/here")
    assert (await web.get("/api/v1/alarms")).status_code == 401


# --- the second person ----------------------------------------------------------------------------


def shelving(house: House, password: str, second: str = "engineer") -> dict[str, Any]:
    key = next(iter(house.plant.alarms))
    until = "2126-11-22T18:00:00+08:00"
    proof = {"id": second, "name": "Second", "password": password}
    return {"ids": [{"id": key, "n": 1}], "comment": "test", "until": until, "second": proof}


async def test_an_act_of_two_is_no_way_to_guess_a_password(house: House, web: httpx.AsyncClient) -> None:
    await enter(web, "operator")
    wrong = [
        (await web.post("/api/v1/commands/shelve", json=shelving(house, f"wrong wrong {i}"))).status_code
        for i in range(12)
    ]
    assert wrong == [409] * FREE + [429] * (12 - FREE)
    assert (await web.post("/api/v1/commands/shelve", json=shelving(house, PASSWORD))).status_code == 429
    assert "shelve" not in [c.act.value for c in house.plant.commands]
    house.now += 60  # the wait is over, the session is not
    assert (await web.post("/api/v1/commands/shelve", json=shelving(house, PASSWORD))).status_code == 200
    assert house.plant.commands[-1].second is not None
    assert house.plant.commands[-1].second.id == "engineer"


async def test_a_password_chosen_by_another_proves_nobody(house: House, web: httpx.AsyncClient) -> None:
    """The administrator who has set it could otherwise be two persons."""
    await enter(web, "operator")
    house.book.accounts["engineer"].must_change = True
    assert (await web.post("/api/v1/commands/shelve", json=shelving(house, PASSWORD))).status_code == 409
    house.book.accounts["engineer"].must_change = False
    assert (await web.post("/api/v1/commands/shelve", json=shelving(house, PASSWORD))).status_code == 200
