"""A head pond without its list of those downstream is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from gateway.cli.main import app
from gateway.config.load import load
from gateway.model.errors import Misconfigured


@pytest.mark.parametrize("lost", ["posts", "routing"])
def test_the_downstream_list_must_be_there_and_be_told(tmp_path: Path, lost: str) -> None:
    folder = tmp_path / "pond"
    assert CliRunner().invoke(app, ["init", "head-pond", str(folder)]).exit_code == 0
    path = folder / "site.yaml"
    load(path)
    site = yaml.safe_load(path.read_text(encoding="utf-8"))
    site["routing"]["table"] = [{"levels": ["red", "orange", "yellow", "blue"], "posts": ["pond-duty"]}]
    if lost == "posts":
        del site["posts"]["downstream"]
    path.write_text(yaml.safe_dump(site, allow_unicode=True), encoding="utf-8")
    with pytest.raises(Misconfigured, match="posts: downstream"):
        load(path)
