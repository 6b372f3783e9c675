"""The console's tools as real processes over a real configuration."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from gateway.app.tools import Tools
from gateway.config.load import load
from gateway.config.xlsxfile import MAGIC
from gateway.model.errors import Refused
from tests.helpers.gateway import REPO


@pytest.fixture
def tools(tmp_path: Path) -> Tools:
    shutil.copytree(
        REPO / "configs" / "examples" / "minimal", tmp_path / "site", ignore=shutil.ignore_patterns("state")
    )
    return Tools(load(tmp_path / "site" / "site.yaml"), time.time_ns)


async def test_a_list_is_checked_in_a_copy(tools: Tools) -> None:
    folder = tools._loaded.path.parent
    before = {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}
    name = Path(tools._loaded.file.tags[0]).name
    assert (await tools.check(name, before[name]))["ok"] is True
    text = before[name].decode("utf-8-sig").splitlines()
    broken = "\n".join([text[0], text[1], text[1]]).encode()
    found = await tools.check(name, broken)
    assert found["ok"] is False
    assert {fault["file"] for fault in found["faults"]} <= {name, "site.yaml"}
    assert any(fault["line"] == 3 for fault in found["faults"]), "the line of the second one"
    assert before == {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}, "nothing is kept"


async def test_a_list_that_is_not_the_sites_is_refused(tools: Tools) -> None:
    with pytest.raises(Refused, match="no tag list other"):
        await tools.check("other.csv", b"")


async def test_where_a_value_came_from(tools: Tools) -> None:
    tag = tools._loaded.site.tags[0].id
    found = await tools.explain(tag)
    assert found["explain"]


async def test_a_list_with_faults_comes_back_as_a_workbook(tools: Tools) -> None:
    name = Path(tools._loaded.file.tags[0]).name
    good = (tools._loaded.path.parent / name).read_bytes()
    lines = good.decode("utf-8-sig").splitlines()
    broken = "\n".join([lines[0], lines[1], lines[1]]).encode()
    assert (await tools.annotated(name, broken)).startswith(MAGIC)
    with pytest.raises(Refused, match="no fault"):
        await tools.annotated(name, good)
