"""Packs and examples: what is committed loads; what ``init`` writes is a site that checks."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli import init as init_module
from gateway.cli.init import packs_folder
from gateway.cli.main import app
from gateway.config.load import load
from gateway.config.notes import not_judged
from gateway.model.errors import Misconfigured

PACKS = ("gas-detection", "tailings-pond", "tank-farm")
EXAMPLES = Path("configs/examples")


def test_the_packs_are_these() -> None:
    assert tuple(sorted(p.name for p in packs_folder().iterdir() if p.is_dir())) == PACKS


@pytest.mark.parametrize("pack", PACKS)
def test_init_then_check_is_ok(tmp_path: Path, pack: str) -> None:
    run = CliRunner().invoke
    folder = tmp_path / "new"
    assert run(app, ["init", pack, str(folder)]).exit_code == 0
    assert sorted(p.name for p in folder.iterdir()) == ["README.md", "site.yaml", "tags.csv"]
    checked = run(app, ["check", str(folder / "site.yaml")])
    assert checked.exit_code == 0, checked.output
    again = run(app, ["init", pack, str(folder)])
    assert isinstance(again.exception, Misconfigured)
    assert "nothing is overwritten" in str(again.exception)


def test_init_names_the_packs_there_are(tmp_path: Path) -> None:
    said = CliRunner().invoke(app, ["init", "nuclear", str(tmp_path / "x")]).exception
    assert "one of gas-detection, tailings-pond, tank-farm" in str(said)
    (tmp_path / "file").write_text("")
    assert isinstance(
        CliRunner().invoke(app, ["init", "tank-farm", str(tmp_path / "file")]).exception, Misconfigured
    )


def test_the_packs_of_a_wheel_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = tmp_path / "gateway"
    (wheel / "_configs" / "packs").mkdir(parents=True)
    monkeypatch.setattr(init_module, "files", lambda _: wheel)
    assert packs_folder() == wheel / "_configs" / "packs"
    monkeypatch.setattr(init_module, "files", lambda _: tmp_path / "nowhere")
    with pytest.raises(Misconfigured):
        packs_folder()


@pytest.mark.parametrize("pack", PACKS)
def test_a_pack_s_list_is_for_people_with_spreadsheets(pack: str) -> None:
    place = packs_folder() / pack / "tags.csv"
    assert place.read_bytes().startswith(b"\xef\xbb\xbf")
    header = next(csv.reader(place.read_text(encoding="utf-8-sig").splitlines()))
    assert header[:3] == ["编号", "位号", "描述"]


@pytest.mark.parametrize("pack", PACKS)
def test_a_pack_s_marked_numbers_name_their_standard(pack: str) -> None:
    rules = load(packs_folder() / pack / "site.yaml").site.rules
    assert all(r.standard for r in rules if r.mark)
    assert {r.mark for r in rules} <= {"", "S", "V"}, "an unverified number may not be in a pack"
    named = {r.standard for r in rules if r.standard}
    assert all(re.fullmatch(r"(GB|GB/T|AQ) \d+-\d{4}", name) for name in named)


@pytest.mark.parametrize("example", sorted(p.name for p in EXAMPLES.iterdir() if p.is_dir()))
def test_the_examples_load(example: str) -> None:
    loaded = load(EXAMPLES / example / "site.yaml")
    assert loaded.site.tags
    assert not_judged(loaded) == []
