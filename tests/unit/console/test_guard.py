"""In front of everything: host, origin, size, headers."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from gateway.console.guard import HEADERS, MOST_BODY
from tests.helpers.console import TOKEN

ACK = "/api/v1/commands/acknowledge"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "", "127.0.0.2"]
)
async def test_other_names_are_refused(client: httpx.AsyncClient, host: str) -> None:
    answer = await client.get("/api/v1/alarms", headers={"host": host})
    assert answer.status_code == 421
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:9", "localhost:8080", "LOCALHOST", "[::1]:8080", "[::1]"]
)
async def test_own_names_are_served(client: httpx.AsyncClient, host: str) -> None:
    assert (await client.get("/healthz", headers={"host": host})).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
async def test_other_origins_do_not_act(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    answer = await client.post(ACK, json={}, headers={**BEARER, **headers})
    assert (answer.status_code, answer.json()["error"]) == (403, "origin")


async def test_bodies_are_bounded(client: httpx.AsyncClient) -> None:
    answer = await client.post(ACK, content=b" " * (MOST_BODY + 1), headers=BEARER)
    assert answer.status_code == 413

    async def chunks() -> AsyncIterator[bytes]:
        yield b"{}"

    assert (await client.post(ACK, content=chunks(), headers=BEARER)).status_code == 411


@pytest.mark.parametrize(
    "path",
    ["/", "/api/v1/status", "/static/js/main.js", "/static/vendor/uplot.iife.min.js", "/nothing", "/metrics"],
)
async def test_every_answer_is_dressed(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    for name, value in HEADERS.items():
        assert answer.headers[name] == value
    assert answer.headers["cache-control"] in {"no-store", "no-cache"}
    assert "access-control-allow-origin" not in answer.headers


async def test_scripts_come_from_here_only() -> None:
    policy = HEADERS["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http:" not in policy


async def test_preflight_gives_nothing(client: httpx.AsyncClient) -> None:
    headers = {"origin": "http://evil.example", "access-control-request-method": "POST"}
    answer = await client.options(ACK, headers=headers)
    assert answer.status_code == 403
