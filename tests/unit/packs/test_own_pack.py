"""A pack of a user's own, made as its README says, by somebody who has read nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmarks.packs import run
from gateway.app.packsite import CALM, INCIDENT, pack_folder
from gateway.cli.main import app
from gateway.config.load import load
from gateway.config.notes import not_judged
from gateway.model.errors import Misconfigured


@pytest.fixture
def kiln(tmp_path: Path) -> Path:
    """Step one of the README: the template under a name of one's own."""
    pack = tmp_path / "my-kiln"
    assert CliRunner().invoke(app, ["init", "pack-template", str(pack)]).exit_code == 0
    return pack


def test_it_works_like_a_built_in_one(kiln: Path, tmp_path: Path) -> None:
    site = tmp_path / "my-site"
    assert CliRunner().invoke(app, ["init", str(kiln), str(site)]).exit_code == 0
    assert (site / "packs" / "my-kiln" / "pack.yaml").is_file()
    checked = CliRunner().invoke(app, ["check", str(site / "site.yaml")])
    assert checked.exit_code == 0, checked.output
    loaded = load(site / "site.yaml")
    assert not_judged(loaded) == ["TT-101", "TT-102"], "the site has still to give its limits"
    told = CliRunner().invoke(app, ["check", str(site / "site.yaml"), "--explain", "AT-101"]).output
    assert "my-kiln/pack.yaml" in told


def test_its_scenario_is_judged_as_any_other(kiln: Path, tmp_path: Path) -> None:
    assert pack_folder(str(kiln)) == kiln
    for which in (INCIDENT, CALM):
        (tmp_path / which).mkdir()
        found = run(kiln, which, tmp_path / which)
        assert found.good, found.report


def test_what_is_wrong_in_it_is_told_with_its_line(kiln: Path, tmp_path: Path) -> None:
    text = (kiln / "pack.yaml").read_text(encoding="utf-8")
    (kiln / "pack.yaml").write_text(text.replace("pack: my-kiln", "pack: kiln"), encoding="utf-8")
    site = tmp_path / "my-site"
    assert CliRunner().invoke(app, ["init", str(kiln), str(site)]).exit_code == 0
    with pytest.raises(Misconfigured) as caught:
        load(site / "site.yaml")
    assert "my-kiln, the name of its folder" in str(caught.value)
    assert "pack.yaml:5" in str(caught.value)


def test_a_folder_that_is_none_is_refused_with_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="tailings-pond"):
        pack_folder(str(tmp_path))
