"""The page's files: kept for good under their build, asked for again without, packed once, and nothing but these."""

from __future__ import annotations

import gzip
import re

import httpx
import pytest

from gateway.console.pages import FIRST, index_html
from gateway.console.shelf import STATIC, Shelf, shelf

MAIN = "js/main.js"


async def test_a_file_of_this_build_may_be_kept_for_good(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"{shelf().base}/{MAIN}", headers={"accept-encoding": "gzip"})
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.content == (STATIC / MAIN).read_bytes()


async def test_without_the_build_it_is_asked_for_again(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"/static/{MAIN}", headers={"accept-encoding": "identity"})
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.content == (STATIC / MAIN).read_bytes()
    again = await client.get(f"/static/{MAIN}", headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path", ["/static/000000000000/js/main.js", "/static/", "/static/js", "/static/js/none.js"]
)
async def test_another_build_and_no_file_are_not_there(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert (answer.status_code, answer.json()["error"]) == (404, "unknown")


async def test_files_are_read_only(client: httpx.AsyncClient) -> None:
    answer = await client.put(f"/static/{MAIN}", json={})
    assert answer.status_code == 405
    assert (await client.head(f"/static/{MAIN}")).content == b""


def test_the_build_is_that_of_every_byte() -> None:
    found = {"index.html": b"x", "js/a.js": b"1"}
    assert Shelf(found).build == Shelf(dict(reversed(found.items()))).build
    assert Shelf(found).build != Shelf(found | {"js/a.js": b"2"}).build


def test_the_page_names_every_script_it_begins_with_and_no_other() -> None:
    """One that is missing comes late, one too many delays the first view."""
    html = index_html(shelf()).decode()
    named = set(re.findall(r'modulepreload" href="/static/[0-9a-f]{12}/([^"]+)"', html))
    assert named == set(shelf().imported(FIRST))
    assert {"js/views/alarms.js", "js/stream.js"} <= named
    assert not {"js/views/trend.js", "js/views/engineering.js", "vendor/uplot.iife.min.js"} & named
    for name in named:
        text = (STATIC / name).read_text()
        written = re.findall(r'^(?:import|export)\b[^;]*?from "([^"]+)"', text, re.MULTILINE)
        understood = re.findall(r'^import .*?from "(\.{1,2}/[\w./]+)";', text, re.MULTILINE)
        assert written == understood, name


def test_what_is_packed_is_what_it_was() -> None:
    for name, file in shelf().files.items():
        if file.packed:
            assert gzip.decompress(file.packed) == file.plain, name
            assert len(file.packed) < len(file.plain)


def test_a_first_view_fits_its_budget() -> None:
    """Everything the page begins with, packed; the rest of the 300 kB is for the plant."""
    begins = [
        "index.html",
        "css/base.css",
        "css/views.css",
        "i18n/zh.json",
        "js/early.js",
        *shelf().imported(FIRST),
    ]
    assert sum(len(shelf().files[name].packed or shelf().files[name].plain) for name in begins) < 80_000
