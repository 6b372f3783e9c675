"""HTTP push: its own token, whole or not at all, answered after the commit."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pydantic
import pytest
import yaml

import gateway
from gateway.console.app import Beside, create_app
from gateway.model.errors import Misconfigured, Reject, Retry
from gateway.model.quality import Quality
from gateway.model.site import Tag
from gateway.sources.httppush.config import Settings, bind, links
from gateway.sources.httppush.decode import Form, parse
from gateway.sources.httppush.plugin import HttpPushSource, build
from tests.helpers.console import TOKEN
from tests.helpers.feed import FakeFeed
from tests.helpers.plant import FakePlant

FOLDER = Path(gateway.__file__).parent / "sources" / "httppush"
OWN = "a-token-of-the-scada-system"
NOW = 1_800_000_000_000_000_000
FORM = Form("ms", frozenset({"192", "good"}), frozenset({"64"}), 5)
ROWS = {"A": 0, "B": 1}
TAG = Tag(id="T", raw="T", description="", cls="level", unit="m", installation="")


def rows(body: bytes) -> list[tuple[int, float | None, int]]:
    found = parse(body, FORM, ROWS, NOW)
    return [(tag, value if quality < 128 else None, quality) for tag, _, value, quality in found.rows]


def test_both_forms() -> None:
    listed = (
        b'{"readings":[{"tag":"A","time":1700000000123,"value":1.5},{"tag":"B","value":true,"quality":64}]}'
    )
    assert rows(listed) == [(0, 1.5, 0), (1, 1.0, Quality.SOURCE_UNCERTAIN)]
    assert parse(listed, FORM, ROWS, NOW).rows[0][1] == 1_700_000_000_123 * 10**6
    assert parse(listed, FORM, ROWS, NOW).rows[1][1] == NOW
    mapped = parse(b'{"time":"2026-11-22T08:00:00+08:00","values":{"A":1,"X":2}}', FORM, ROWS, NOW)
    assert [(r[0], r[2]) for r in mapped.rows] == [(0, 1.0)]
    assert mapped.unknown == ["X"]


def test_one_bad_reading_costs_only_itself() -> None:
    body = b'{"values":{"A":null,"B":"1.5"}}'
    assert rows(body) == [(0, None, Quality.SOURCE_BAD), (1, None, Quality.MALFORMED)]
    assert rows(b'{"readings":[{"tag":"A","time":"soon","value":1}]}') == [(0, None, Quality.MALFORMED)]
    assert rows(b'{"readings":[{"tag":"A","time":-5,"value":1}]}') == [(0, None, Quality.MALFORMED)]
    assert rows(b'{"readings":[{"tag":"A","value":1,"quality":"broken"}]}') == [(0, None, Quality.SOURCE_BAD)]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"readings":1}',
        b'{"readings":[],"values":{}}',
        b'{"readings":[{"value":1}]}',
        b"\xff",
        b'{"readings":[' + b",".join([b'{"tag":"A","value":1}'] * 6) + b"]}",
    ],
)
def test_what_is_not_as_it_must_be_is_refused_whole(body: bytes) -> None:
    with pytest.raises(Reject):
        parse(body, FORM, ROWS, NOW)


def made(tmp_path: Path, **change: Any) -> HttpPushSource:
    (tmp_path / "token").write_text(OWN + "\n")
    given = Settings.model_validate({"kind": "http-push", "token_file": tmp_path / "token", **change})
    return build("scada", given, [(k, TAG, bind(given, name, TAG)) for k, name in enumerate("AB")])


@contextlib.asynccontextmanager
async def pushing(source: HttpPushSource, feed: FakeFeed) -> AsyncIterator[httpx.AsyncClient]:
    plant = FakePlant()
    app = create_app(plant, plant, plant.history, plant.journal, token=TOKEN, beside=Beside(inlets=[source]))
    transport = httpx.ASGITransport(app=app)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(source.run(feed))
        await asyncio.sleep(0)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
            yield client
        task.cancel()


def keyed(token: str = OWN) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def test_it_answers_when_the_readings_are_on_disk(tmp_path: Path) -> None:
    feed = FakeFeed(commit_at_once=False)
    async with pushing(made(tmp_path), feed) as client:
        asked = asyncio.create_task(
            client.post("/api/v1/push/scada", json={"values": {"A": 2.5}}, headers=keyed())
        )
        await feed.until(lambda: len(feed.rows) == 1)
        await asyncio.sleep(0.02)
        assert not asked.done()
        feed.commit()
        answer = await asked
    assert (answer.status_code, answer.json()) == (200, {"accepted": 1, "bad": 0, "unknown": []})
    assert (feed.rows[0].tag, feed.rows[0].value) == (0, 2.5)


async def test_only_its_own_token_opens_it_and_it_opens_nothing_else(tmp_path: Path) -> None:
    feed = FakeFeed()
    async with pushing(made(tmp_path), feed) as client:
        for place, token in (("scada", TOKEN), ("scada", ""), ("other", OWN), ("scada", OWN + "x")):
            answer = await client.post(
                f"/api/v1/push/{place}", json={"values": {"A": 1}}, headers=keyed(token)
            )
            assert (answer.status_code, answer.json()["error"]) == (401, "session")
        acted = {"ids": [{"id": "x", "n": 1}], "actor": {"id": "a", "name": "a"}}
        answer = await client.post("/api/v1/commands/acknowledge", json=acted, headers=keyed())
        assert answer.status_code == 401
        answer = await client.post("/api/v1/push/scada", content=b"{}", headers=keyed())
        assert answer.status_code == 415
        answer = await client.post("/api/v1/push/scada", json={"nothing": 1}, headers=keyed())
        assert answer.status_code == 422
    assert feed.rows == []


async def test_no_room_is_said_and_can_be_tried_again(tmp_path: Path) -> None:
    feed = FakeFeed(full=True)
    async with pushing(made(tmp_path), feed) as client:
        answer = await client.post("/api/v1/push/scada", json={"values": {"A": 1}}, headers=keyed())
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) >= 1
        feed.full = False
        answer = await client.post("/api/v1/push/scada", json={"values": {"A": 1}}, headers=keyed())
        assert answer.status_code == 200


async def test_silence_is_a_link_down(tmp_path: Path) -> None:
    feed, source = FakeFeed(), made(tmp_path, silence="30ms")
    async with pushing(source, feed) as client:
        await feed.until(lambda: not feed.up("scada"))
        await client.post("/api/v1/push/scada", json={"values": {"A": 1}}, headers=keyed())
        assert feed.up("scada")
    with pytest.raises(Retry):
        await source.take(b"{}")


async def test_a_short_or_absent_token_is_for_a_person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUSH", "short")
    for given in ({"token_env": "PUSH"}, {"token_env": "NOWHERE"}, {"token_file": tmp_path / "nowhere"}):
        source = build("s", Settings.model_validate({"kind": "http-push", **given}), [])
        assert not source.allows("")
        with pytest.raises(Misconfigured):
            await source.run(FakeFeed())


def test_settings_and_links() -> None:
    for wrong in ({}, {"token_env": "A", "token_file": "b"}, {"token": "secret"}):
        with pytest.raises(pydantic.ValidationError):
            Settings.model_validate({"kind": "http-push", **wrong})
    given = Settings.model_validate({"kind": "http-push", "token_env": "A"})
    found, of_tag = links("scada", given, {"A": bind(given, "A", TAG)})
    assert ([k.id for k in found], of_tag) == (["scada"], {"A": ("scada",)})
    with pytest.raises(ValueError, match="allowed: the name"):
        bind(given, "", TAG)


def test_the_sample_is_what_the_readme_shows_and_loads() -> None:
    text = (FOLDER / "sample.yaml").read_text()
    readme = (FOLDER / "README.md").read_text()
    assert text in readme
    Settings.model_validate(yaml.safe_load(text)["sources"]["scada"])
    assert [name for name in Settings.model_fields if f"`{name}`" not in readme] == []
