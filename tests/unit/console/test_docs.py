"""docs/http.md names every endpoint of the app, and nothing else."""

from __future__ import annotations

from pathlib import Path

import httpx

from gateway.console.guard import MOST_BODY
from gateway.console.hub import BEAT_S, MOST_CLIENTS
from gateway.console.reference import page

DOCS = (Path(__file__).parents[3] / "docs" / "http.md").read_text()


def test_the_table_of_endpoints_is_the_apis_own() -> None:
    assert page(DOCS) == DOCS, "run `python -m gateway.console.reference --write`"


def test_numbers_in_the_page_are_those_of_the_code() -> None:
    assert f"at most {MOST_CLIENTS} streams" in DOCS
    assert f"every {BEAT_S:g} s" in DOCS
    assert f"{MOST_BODY // 1024} kB" in DOCS


async def test_openapi_names_no_script_from_elsewhere(client: httpx.AsyncClient) -> None:
    assert (await client.get("/docs")).status_code == 404
    assert (await client.get("/redoc")).status_code == 404
