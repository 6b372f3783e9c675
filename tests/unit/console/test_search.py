"""Looking in the journal: what fits, paging, and an export that is harmless to open."""

from __future__ import annotations

import csv
import io

import httpx
import pytest

from gateway.console import search
from gateway.console.app import Beside, create_app
from gateway.console.search import Wanted, harmless, look
from gateway.model.commands import Actor
from gateway.model.events import EventKind
from tests.helpers.console import TOKEN
from tests.helpers.plant import FakePlant

BEARER = {"Authorization": f"Bearer {TOKEN}"}


def seqs(answer: httpx.Response) -> list[int]:
    return [e["seq"] for e in answer.json()["events"]]


async def test_newest_first_and_by_page(client: httpx.AsyncClient, plant: FakePlant) -> None:
    last = len(plant.records)
    first = await client.get("/api/v1/events/search?limit=4")
    assert seqs(first) == [last, last - 1, last - 2, last - 3]
    rest = await client.get(f"/api/v1/events/search?before={first.json()['next']}")
    assert seqs(rest) == list(range(last - 4, 0, -1))
    assert rest.json()["next"] is None


@pytest.mark.parametrize(
    ("query", "rules"),
    [
        ("text=AT-201 fault", {"AT-201.FAULT"}),
        ("level=orange", {"AT-101.H"}),
        ("installation=pond", {"pond-rtu.LINK"}),
        ("event=acknowledged", set()),
        ("text=甲醇储罐 HH", {"LT-101.HH"}),
    ],
)
async def test_what_fits(client: httpx.AsyncClient, query: str, rules: set[str]) -> None:
    found = (await client.get(f"/api/v1/events/search?{query}")).json()["events"]
    assert {e["rule"] for e in found} == rules


async def test_times_and_one_occurrence(client: httpx.AsyncClient, plant: FakePlant) -> None:
    key = next(iter(plant.alarms))
    assert len(seqs(await client.get(f"/api/v1/events/search?id={key}"))) == 1
    assert seqs(await client.get("/api/v1/events/search?end=1000")) == []
    assert (await client.get("/api/v1/events/search?start=yesterday")).status_code == 422


async def test_a_long_journal_is_looked_at_in_pieces(
    plant: FakePlant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "LOOKED_AT", 2500)
    for _ in range(6000):
        plant.journal_of(EventKind.STARTED)
    context = search.Context(plant, plant, plant.history, plant.journal)
    found, on = await look(context, Wanted(words=("at-201",)), len(plant.records) + 1, 10)
    assert (found, on) == ([], len(plant.records) + 2 - 2500)
    turns = 0
    while on is not None and not found:
        found, on = await look(context, Wanted(words=("at-201",)), on, 10)
        turns += 1
    assert {r.event.tag for r in found} == {"AT-201"}
    assert turns < 4


async def test_export_is_whole_and_harmless(client: httpx.AsyncClient, plant: FakePlant) -> None:
    plant.journal_of(EventKind.STARTED, None, Actor("=cmd|calc", "=HYPERLINK(1)", "operator", "@x"), "+1+1")
    answer = await client.get("/api/v1/events/export.csv", headers=BEARER)
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [int(r["seq"]) for r in rows] == [r.seq for r in plant.records]
    assert (rows[-1]["who"], rows[-1]["workstation"], rows[-1]["comment"]) == (
        "'=HYPERLINK(1)",
        "'@x",
        "'+1+1",
    )
    assert rows[-1]["time (UTC+8)"][4] == "-"
    assert [harmless(x) for x in ("-3.5", "+7", "-x", "a=b", 5)] == ["-3.5", "+7", "'-x", "a=b", 5]


@pytest.mark.parametrize("short", [0, 1])
async def test_an_export_that_is_cut_says_so_and_where_to_go_on(
    client: httpx.AsyncClient, plant: FakePlant, monkeypatch: pytest.MonkeyPatch, short: int
) -> None:
    monkeypatch.setattr(search, "MOST_ROWS", len(plant.records) - short)
    answer = await client.get("/api/v1/events/export.csv", headers=BEARER)
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len(rows) == len(plant.records)
    assert [r["event"] == "cut" for r in rows] == [False] * (len(rows) - 1) + [bool(short)]
    assert (f"(seq {plant.records[-1].seq}) on" in rows[-1]["comment"]) is bool(short)


async def test_deliveries_name_the_newest_step(plant: FakePlant) -> None:
    key = next(iter(plant.alarms))
    at = "2026-11-22T01:00:01Z"
    steps = {"stage": "accepted", "sent": at, "accepted": at, "stored": None, "refused": None}
    event = {"id": key, "n": 2, "outputs": {"county.alarms": steps}}
    old = {"id": key, "n": 1, "outputs": {}}
    told = {"outputs": {"county.alarms": {"ends_at": "stored"}}, "events": [event, old]}
    app = create_app(
        plant, plant, plant.history, plant.journal, token=TOKEN, beside=Beside(ledger=lambda ids, limit: told)
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8080") as web:
        found = (await web.get("/api/v1/deliveries")).json()
    way = {"stage": "accepted", "at": at, "refused": None}
    assert found["alarms"] == {key: {"n": 2, "outputs": {"county.alarms": way}}}
    assert found["outputs"] == {"county.alarms": "stored"}


async def test_without_a_ledger_that_is_said(plant: FakePlant) -> None:
    app = create_app(plant, plant, plant.history, plant.journal, token=TOKEN)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8080") as web:
        assert (await web.get("/api/v1/deliveries")).json() == {"known": False, "outputs": {}, "alarms": {}}


async def test_ticked_steps_are_those_of_open_alarms(client: httpx.AsyncClient, plant: FakePlant) -> None:
    key = next(iter(plant.alarms))
    body = {
        "alarm": key,
        "rule": "LT-101.HH",
        "step": 1,
        "text": "关闭 XV-101",
        "actor": {"id": "wq", "name": "王强"},
    }
    assert (await client.post("/api/v1/commands/card-step", json=body, headers=BEARER)).status_code == 200
    command = plant.commands[-1]
    assert dict(command.words) == {"alarm": key, "rule": "LT-101.HH", "step": "1", "text": "关闭 XV-101"}
    [tick] = (await client.get("/api/v1/cards")).json()["ticks"]
    assert (tick["alarm"], tick["step"], tick["by"]) == (key, 1, "王强")
    plant.drop(key)
    assert (await client.get("/api/v1/cards")).json()["ticks"] == []
