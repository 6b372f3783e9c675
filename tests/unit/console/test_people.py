"""Who may what: the table over every endpoint, signing in, lockout, sessions, panels, tokens, second factor."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.console.app import DoorRules
from gateway.console.people import totp
from gateway.console.people.book import Account, Book, digest, open_book
from gateway.console.people.door import HEADER
from gateway.console.people.lockout import FREE, LONGEST_S, PANEL_LONGEST_S, Lockout
from gateway.console.people.passwords import _HASHER
from gateway.console.people.roles import MATRIX, PEOPLE, Role, allowed
from gateway.console.reference import schema
from gateway.model.errors import Misconfigured
from tests.helpers.console import TOKEN, app_of
from tests.helpers.plant import FakePlant

PASSWORD = "correct horse 7"
WEAK = ("short", "1234567890", "aaaaaaaaaaaa", "administrator", "my li password", "x" * 201)
HASH = _HASHER.hash(PASSWORD)
BASE = "http://127.0.0.1:8080"


class House:
    """A console with an account of every role, at a time of the test's own."""

    def __init__(self, folder: Path) -> None:
        self.plant = FakePlant()
        self.now = 1_800_000_000.0
        self.book = Book(folder / "access.json")
        for role in PEOPLE:
            self.book.accounts[role.value] = Account(role.value, role.value.title(), role, HASH)
        self.app = app_of(self.plant, self.book, DoorRules(act_idle_s=600, act_longest_s=3600))
        self.access = self.app.state.access
        self.access.door.now = lambda: self.now

    def client(self, address: str = "127.0.0.1") -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app, client=(address, 1)), base_url=BASE)

    def told(self) -> list[tuple[str, str, str]]:
        """(who, role, what) of every access event."""
        found = [c for c in self.plant.commands if c.act.value == "access"]
        return [(c.actor.id, c.actor.role, dict(c.words)["what"]) for c in found]


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


@pytest.fixture
async def web(house: House) -> AsyncIterator[httpx.AsyncClient]:
    async with house.client() as found:
        yield found


async def enter(web: httpx.AsyncClient, user: str, password: str = PASSWORD, **more: str) -> httpx.Response:
    """Sign in; the client repeats the session's word from then on."""
    answer = await web.post("/api/v1/session", json={"user": user, "password": password, **more})
    if answer.status_code == 200:
        web.headers[HEADER] = answer.json()["word"]
    return answer


# --- the table ------------------------------------------------------------------------------------


def test_the_table_is_over_every_endpoint_and_no_other() -> None:
    there = {(m.upper(), path) for path, acts in schema()["paths"].items() for m in acts}
    beyond = {("GET", "/"), ("GET", "/vendor/{name}"), ("GET", "/api/v1/openapi.json")}
    assert MATRIX.keys() == there | beyond
    assert allowed("GET", "/api/v1/nothing") == frozenset()
    assert allowed("POST", "/api/v1/alarms") == frozenset()


def test_administrator_and_auditor_are_apart() -> None:
    changes = {row for row, may in MATRIX.items() if row[0] != "GET" and "/session" not in row[1]}
    ours = {row for row in changes if Role.NOBODY not in MATRIX[row]}
    assert [row for row in ours if Role.AUDITOR in MATRIX[row] or Role.VIEWER in MATRIX[row]] == []
    for row in ours:
        on_the_plant = "/commands/" in row[1] or "/exercise/" in row[1]
        assert (Role.ADMINISTRATOR in MATRIX[row]) is (not on_the_plant and row[1] != "/api/v1/setup/code"), (
            row
        )


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
            answer = await web.request(
                method, concrete(path), json={} if method in {"POST", "PATCH"} else None
            )
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


# --- accounts -------------------------------------------------------------------------------------


async def test_the_first_administrator_comes_by_the_code_of_the_terminal(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.book.accounts.clear()
    app = app_of(house.plant, house.book)
    code = app.state.access.code
    assert re.fullmatch(r"[A-Z2-9]{4}-[A-Z2-9]{4}-[A-Z2-9]{2}", code)
    body = {"code": "AAAA-AAAA-AA", "user": "zhao", "name": "赵敏", "password": "a long pass 9"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=BASE) as web:
        assert (await web.get("/api/v1/session")).json()["setup"] is True
        assert (await web.post("/api/v1/setup", json=body)).status_code == 401
        assert (
            await web.post("/api/v1/setup", json={**body, "code": code, "password": "1234567890"})
        ).status_code == 409
        assert (await web.post("/api/v1/setup", json={**body, "code": code.lower()})).status_code == 200
        assert (await web.post("/api/v1/setup", json={**body, "code": code})).status_code == 401, "once"
        assert (await enter(web, "zhao", "a long pass 9")).json()["user"]["role"] == "administrator"
        web.headers["Authorization"] = f"Bearer {TOKEN}"
        another = (await web.post("/api/v1/setup/code")).json()["code"]
    assert another == app.state.access.code != code
    assert app_of(house.plant, open_book(house.book.path or Path())).state.access.code == ""


async def test_a_new_account_changes_its_password_first(house: House, web: httpx.AsyncClient) -> None:
    await enter(web, "administrator")
    new = {"id": "li", "name": "李雷", "role": "operator", "password": "first of all 1"}
    assert (await web.post("/api/v1/accounts", json=new)).json()["must_change"] is True
    assert (await web.post("/api/v1/accounts", json=new)).status_code == 409
    await enter(web, "li", "first of all 1")
    assert (await web.get("/api/v1/alarms")).status_code == 403
    change = {"old": "first of all 1", "new": "my own secret 2"}
    assert (await web.post("/api/v1/session/password", json={**change, "old": "no"})).status_code == 401
    assert (await web.post("/api/v1/session/password", json=change)).status_code == 200
    assert (await web.get("/api/v1/alarms")).status_code == 200
    assert ("li", "operator", "password-changed") in house.told()


@pytest.mark.parametrize("password", WEAK)
async def test_weak_passwords(house: House, web: httpx.AsyncClient, password: str) -> None:
    await enter(web, "administrator")
    body = {"id": "lilei", "name": "my li", "role": "viewer", "password": password}
    assert (await web.post("/api/v1/accounts", json=body)).status_code in {409, 422}
    assert "lilei" not in house.book.accounts


async def test_changes_of_an_account_sign_it_out(house: House, web: httpx.AsyncClient) -> None:
    async with house.client() as theirs:
        await enter(theirs, "operator")
        await enter(web, "administrator")
        assert (await web.patch("/api/v1/accounts/operator", json={"disabled": True})).status_code == 200
        assert (await theirs.get("/api/v1/alarms")).status_code == 401
        assert (await enter(theirs, "operator")).status_code == 401
    assert (await web.patch("/api/v1/accounts/administrator", json={"disabled": True})).status_code == 409
    assert (await web.patch("/api/v1/accounts/administrator", json={"role": "viewer"})).status_code == 409
    assert (await web.patch("/api/v1/accounts/auditor", json={"role": "administrator"})).status_code == 409
    assert (await web.patch("/api/v1/accounts/nobody", json={"disabled": True})).status_code == 404


async def test_tokens_have_one_role_and_an_end(house: House, web: httpx.AsyncClient) -> None:
    await enter(web, "administrator")
    made = (await web.post("/api/v1/tokens", json={"name": "scada", "role": "viewer", "days": 1})).json()
    async with house.client() as program:
        program.headers["Authorization"] = f"Bearer {made['secret']}"
        assert (await program.get("/api/v1/alarms")).status_code == 200
        body = {"ids": [{"id": next(iter(house.plant.alarms)), "n": 1}]}
        assert (await program.post("/api/v1/commands/acknowledge", json=body)).status_code == 403
        house.now += 86401
        assert (await program.get("/api/v1/alarms")).status_code == 401
    assert made["secret"] not in str((await web.get("/api/v1/tokens")).text)


async def test_an_act_that_cannot_be_journalled_is_not_done(house: House, web: httpx.AsyncClient) -> None:
    from gateway.model.errors import Retry

    await enter(web, "administrator")
    house.plant.refuse = Retry("starting", after=1)
    body: dict[str, Any] = {"id": "li", "name": "Li", "role": "operator", "password": "first of all 1"}
    assert (await web.post("/api/v1/accounts", json=body)).status_code == 503
    assert "li" not in house.book.accounts


# --- second factor --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("time", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (20000000000, "353130"),
    ],
)
def test_codes_are_those_of_rfc_6238(time: int, code: str) -> None:
    """Appendix B, SHA-1, the last six of its eight digits."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert totp.code_at(secret, time // 30) == code
    assert totp.accepted(secret, code, time, 0) == time // 30
    assert totp.accepted(secret, code, time, time // 30) is None, "not twice"
    assert totp.accepted(secret, code, time + 90, 0) is None


async def test_a_second_factor_is_asked_for(house: House, web: httpx.AsyncClient) -> None:
    await enter(web, "operator")
    offer = (await web.post("/api/v1/session/second")).json()
    step = int(house.now) // 30
    assert "Fengsui" in offer["uri"]
    assert (await web.post("/api/v1/session/second/confirm", json={"code": "000000"})).status_code == 409
    right = {"code": totp.code_at(offer["secret"], step)}
    assert (await web.post("/api/v1/session/second/confirm", json=right)).status_code == 200
    assert (await enter(web, "operator")).status_code == 401
    assert (await enter(web, "operator", code=right["code"])).status_code == 401, "that code was used"
    house.now += 30
    assert (await enter(web, "operator", code=totp.code_at(offer["secret"], step + 1))).status_code == 200


def test_a_damaged_book_lets_nobody_in(tmp_path: Path) -> None:
    path = tmp_path / "access.json"
    for text in ("{", '{"version": 9}', '{"version": 1, "accounts": [{"id": "x"}]}'):
        path.write_text(text)
        with pytest.raises(Misconfigured, match=r"access\.json"):
            open_book(path)
        assert path.read_text() == text
