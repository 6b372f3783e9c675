"""docs/http.md names every endpoint of the app, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
from fastapi import FastAPI

from gateway.console.guard import MOST_BODY
from gateway.console.hub import BEAT_S, MOST_CLIENTS

DOCS = (Path(__file__).parents[3] / "docs" / "http.md").read_text()


async def test_every_endpoint_is_documented(app: FastAPI, client: httpx.AsyncClient) -> None:
    schema = (await client.get("/api/v1/openapi.json")).json()
    there = {(method.upper(), path) for path, acts in schema["paths"].items() for method in acts}
    there |= {("GET", "/"), ("GET", "/static/..."), ("GET", "/vendor/..."), ("GET", "/api/v1/openapi.json")}
    told = set(re.findall(r"^\| (GET|POST) \| `([^`?]+)[^`]*` \|", DOCS, re.MULTILINE))
    assert told == there


def test_numbers_in_the_page_are_those_of_the_code() -> None:
    assert f"at most {MOST_CLIENTS} streams" in DOCS
    assert f"every {BEAT_S:g} s" in DOCS
    assert f"{MOST_BODY // 1024} kB" in DOCS


async def test_openapi_names_no_script_from_elsewhere(client: httpx.AsyncClient) -> None:
    assert (await client.get("/docs")).status_code == 404
    assert (await client.get("/redoc")).status_code == 404
