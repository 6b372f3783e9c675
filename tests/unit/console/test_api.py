"""The whole API by its own description: answers have the shape they promise, and nonsense is refused in order."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import quote

import httpx
import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.console.reference import schema
from tests.helpers.console import TOKEN, app_of
from tests.helpers.plant import FakePlant

SCHEMA, APP = schema(), app_of(FakePlant())
BEARER = {"Authorization": f"Bearer {TOKEN}"}
GOOD = {
    "tag": "LT-101", "tags": "LT-101,TT-101", "start": "1000", "end": "3601000", "name": "vendor", "source": "x",
    "account": "x", "panel": "x", "token": "x",
    "rule": "LT-101.HH",
}  # fmt: skip
SKIP = {"/api/v1/stream", "/metrics", "/api/v1/plan"}
READS = sorted(p for p, acts in SCHEMA["paths"].items() if "get" in acts and p not in SKIP)
ALL = sorted((p, m) for p, acts in SCHEMA["paths"].items() for m in acts if p not in SKIP)
NAMES = st.text(max_size=12) | st.sampled_from(
    ["../../etc/passwd", "%2e%2e", "LT-101", "'; DROP TABLE", "<script>", "\x00", "0"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-10, 2**70) | st.floats() | NAMES,
    lambda x: (
        st.lists(x, max_size=3)
        | st.dictionaries(
            NAMES | st.sampled_from(["ids", "rules", "actor", "comment", "until"]), x, max_size=4
        )
    ),
    max_leaves=8,
)


def resolved(part: dict[str, Any]) -> dict[str, Any]:
    return {**part, "components": SCHEMA["components"]}


@pytest.mark.parametrize("path", READS)
async def test_answers_are_as_described(client: httpx.AsyncClient, path: str) -> None:
    described = SCHEMA["paths"][path]["get"]
    query = {
        p["name"]: GOOD[p["name"]]
        for p in described.get("parameters", ())
        if p["in"] == "query" and p.get("required")
    }
    url = path.format(**GOOD)
    answer = await client.get(url, params=query, headers=BEARER)
    assert str(answer.status_code) in described["responses"], answer.text
    content = described["responses"][str(answer.status_code)].get("content", {})
    if "application/json" in content and content["application/json"].get("schema"):
        jsonschema.validate(answer.json(), resolved(content["application/json"]["schema"]))


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(st.sampled_from(ALL), st.dictionaries(st.sampled_from(sorted(GOOD)), NAMES), NAMES, JSON)
def test_nonsense_is_refused_in_order(
    at: tuple[str, str], query: dict[str, str], word: str, body: Any
) -> None:
    """Never a server's fault, always ``{"error", "reason"}``."""
    path, method = at
    asyncio.run(_ask(method, path, query, word, body))


async def _ask(method: str, path: str, query: dict[str, str], word: str, body: Any) -> None:
    filled = path
    for name in GOOD:
        filled = filled.replace(f"{{{name}}}", quote(word, safe="") or "x")
    transport = httpx.ASGITransport(APP)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as web:
        kind = "application/octet-stream" if "/engineering/" in path else "application/json"
        content = json.dumps(body).encode(errors="replace") if method != "get" else None
        headers = {**BEARER, **({"content-type": kind} if content else {})}
        answer = await web.request(method.upper(), filled, params=query, content=content, headers=headers)
    assert answer.status_code < 500 or answer.status_code == 503, (method, filled, body, answer.text)
    if answer.status_code >= 400:
        assert set(answer.json()) == {"error", "reason"}


@pytest.mark.parametrize("path", [
    "/static/../app.py", "/static/..%2fapp.py", "/static/%2e%2e/%2e%2e/app.py", "/static/js/../../guard.py",
    "/static/vendor/../../app.py", "/static/vendor/..%2f..%2fsecret", "/static//etc/passwd", "/static/js/%00main.js",
])  # fmt: skip
async def test_no_way_out_of_the_folders(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(httpx.URL(f"http://127.0.0.1:8080{path}"))
    assert answer.status_code in {400, 404}
    assert "def " not in answer.text


@pytest.mark.parametrize(
    "name", ["../site.yaml", "..%2fx.csv", "a/b.csv", "x.py", "", "x.csv\x00", "C:\\x.csv"]
)
async def test_an_upload_has_a_plain_name(client: httpx.AsyncClient, name: str) -> None:
    headers = {**BEARER, "content-type": "application/octet-stream"}
    answer = await client.post(
        "/api/v1/engineering/check", params={"name": name}, content=b"x", headers=headers
    )
    assert answer.status_code == 422


async def test_uploads_are_bounded_and_of_one_kind(client: httpx.AsyncClient) -> None:
    path = "/api/v1/engineering/check?name=tags.csv"
    for kind in ("multipart/form-data", "text/plain", "application/x-www-form-urlencoded"):
        assert (
            await client.post(path, content=b"x", headers={**BEARER, "content-type": kind})
        ).status_code == 415
    big = {**BEARER, "content-type": "application/octet-stream", "content-length": str(17 << 20)}
    assert (await client.post(path, content=b"x", headers=big)).status_code == 413
