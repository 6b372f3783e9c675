"""Accounts, passwords, tokens, the first administrator, the second factor."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.console.people import totp
from gateway.console.people.book import open_book
from gateway.model.errors import Misconfigured
from tests.helpers.console import TOKEN, app_of
from tests.unit.console.house import BASE, WEAK, House, enter

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
