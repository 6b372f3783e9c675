"""Other numbers for a rule over the API: asked for, agreed to by another; faults one by one; raw registers."""

from __future__ import annotations

from typing import Any

import httpx

from tests.helpers.console import TOKEN
from tests.helpers.fake_changes import NEW
from tests.unit.console.house import PASSWORD, House, enter

API = "/api/v1"
RULE = {"rule": "LT-101.HH", "trigger": 10.5, "reset": 10.4}


async def post(web: httpx.AsyncClient, path: str, **body: Any) -> httpx.Response:
    return await web.post(f"{API}/{path}", json=body)


async def propose(web: httpx.AsyncClient) -> str:
    done = await post(web, "commands/propose", **RULE, comment="nuisance")
    assert done.status_code == 200, done.text
    return str(done.json()["proposal"])


async def test_an_engineer_asks_and_a_second_person_agrees_beside_him(house: House) -> None:
    async with house.client() as web:
        await enter(web, "engineer")
        ident = await propose(web)
        (waiting,) = (await web.get(f"{API}/changes")).json()["proposals"]
        assert (waiting["rule"], waiting["by"], waiting["comment"]) == ("LT-101.HH", "Engineer", "nuisance")
        assert waiting["numbers"][0]["new"] == "10.5"
        alone = await post(web, "commands/agree", proposal=ident)
        assert (alone.status_code, alone.json()["error"]) == (409, "refused")
        for second in ({"id": "operator", "name": "x"}, {"id": "viewer", "name": "x", "password": PASSWORD}):
            assert (await post(web, "commands/agree", proposal=ident, second=second)).status_code == 409
        proved = {"id": "operator", "name": "x", "password": PASSWORD}
        done = await post(web, "commands/agree", proposal=ident, second=proved)
        assert done.json()["new"] == NEW
        found = (await web.get(f"{API}/changes")).json()
        assert found["proposals"] == []
        assert {(c["by"], c["second"], c["hash"]) for c in found["signed"]} == {("Engineer", "Operator", NEW)}


async def test_the_terminal_may_ask_and_never_agree_in_another_name(house: House) -> None:
    async with house.client() as web:
        await enter(web, "engineer")
        ident = await propose(web)
    async with house.client() as terminal:
        terminal.headers["Authorization"] = f"Bearer {TOKEN}"
        made_up = {"id": "somebody", "name": "somebody"}
        said = await post(terminal, "commands/agree", proposal=ident, actor=made_up)
        assert said.status_code == 409
        assert "gives a password" in said.json()["reason"]


async def test_others_look_and_do_not_touch(house: House) -> None:
    async with house.client() as web:
        await enter(web, "operator")
        assert (await web.get(f"{API}/changes")).status_code == 200
        for path in ("commands/propose", "commands/agree", "commands/decline", "rules/try"):
            assert (await post(web, path)).status_code == 403


async def test_numbers_of_a_kind_are_asked_for_by_name(house: House) -> None:
    async with house.client() as web:
        await enter(web, "engineer")
        assert (await web.get(f"{API}/rules/settings/LT-101.HH")).json() == {"settings": []}
        assert (await web.get(f"{API}/rules/settings/no-such")).status_code == 409
        done = await post(web, "commands/propose", rule="LT-101.HH", settings={"window": 1200}, comment="x")
        assert done.status_code == 200, done.text
        (waiting,) = (await web.get(f"{API}/changes")).json()["proposals"]
        assert waiting["numbers"] == [
            {"field": "settings.window", "old": "10min", "new": "1200s", "later": False}
        ]
        for wrong in ({"../x": 1}, {"window": "wide"}, {"window": None}, {f"a{n}": 1 for n in range(65)}):
            said = await post(web, "commands/propose", rule="LT-101.HH", settings=wrong, comment="x")
            assert said.status_code == 422


async def test_a_probe_and_a_list_with_its_faults_are_an_engineers(house: House) -> None:
    async with house.client() as web:
        await enter(web, "engineer")
        web.headers["content-type"] = "application/octet-stream"
        for path in ("probe", "probe?source=plc1", "probe?name=tags.csv", "annotate?name=tags.csv"):
            data = b"=1+1" if "annotate" in path else b"id\n"
            said = await web.post(f"{API}/engineering/{path}", content=data)
            assert said.status_code == 200, said.text
        assert said.headers["content-type"].endswith("spreadsheetml.sheet")
        assert (await web.post(f"{API}/engineering/annotate?name=tags.csv", content=b"id")).status_code == 409
        for path in ("probe?name=../tags.csv", "probe?source=a/b", "annotate"):
            assert (await web.post(f"{API}/engineering/{path}", content=b"x")).status_code == 422
    async with house.client() as web:
        await enter(web, "operator")
        web.headers["content-type"] = "application/octet-stream"
        assert (await web.post(f"{API}/engineering/probe")).status_code == 403


async def test_faults_come_one_by_one(client: httpx.AsyncClient) -> None:
    me = {"actor": {"id": "wang", "name": "王强"}, "comment": "x"}
    for path, more in (("commands/propose", me), ("rules/try", {"days": 7})):
        client.headers["Authorization"] = f"Bearer {TOKEN}"
        said = await post(client, path, rule="AT-101.H", trigger=120, **more)
        assert (said.status_code, said.json()["error"]) == (409, "config")
        (fault,) = said.json()["faults"]
        assert (fault["path"], fault["value"]) == ("limits.AT-101.H.trigger", "120")
        assert "at most 25 %LEL" in fault["allowed"]
        assert "never looser" in fault["hint"]


async def test_what_was_on_the_wire_stands_beside_address_and_scale(client: httpx.AsyncClient) -> None:
    client.headers["Authorization"] = f"Bearer {TOKEN}"
    found = (await client.get(f"{API}/raw", params={"tags": "LT-101,AT-101"})).json()["tags"]
    assert [(f["raw"], f["number"]) for f in found] == [("2444", 9284.0), ("", None)]
    assert found[1]["note"] == "refused"
    assert (await client.get(f"{API}/raw", params={"tags": "no-such"})).status_code == 404
    assert (await client.get(f"{API}/raw")).status_code == 422
