"""Packs and examples: what is committed loads; what ``init`` writes is a site that checks."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli.main import app
from gateway.config.load import load
from gateway.config.notes import not_judged, notes
from gateway.config.packs import find
from gateway.config.packs.find import built_in, packs_folder, read_pack
from gateway.model.errors import Fault, Misconfigured

PACKS = tuple(built_in())
EXAMPLES = Path("configs/examples")
STANDARD = re.compile(r"(GB|GB/T|GBZ|AQ|DL/T|SL|CJJ|GA) ?[0-9.]+-\d{4}|煤矿安全规程.*|总局令第40号|应急厅.*")


def test_every_folder_is_a_whole_pack() -> None:
    for folder in (p for p in packs_folder().iterdir() if p.is_dir()):
        have = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
        assert {"README.md", "pack.yaml", "site.yaml", "tags.csv", "scenarios/plant.yaml"} <= have, folder
        assert {"scenarios/incident.yaml", "scenarios/calm.yaml"} <= have, folder


@pytest.mark.parametrize("pack", PACKS)
def test_init_then_check_is_ok(tmp_path: Path, pack: str) -> None:
    run = CliRunner().invoke
    folder = tmp_path / "new"
    assert run(app, ["init", pack, str(folder)]).exit_code == 0
    written = {p.name for p in folder.iterdir()}
    assert written - {"drill.yaml"} == {"README.md", "site.yaml", "tags.csv"}
    checked = run(app, ["check", str(folder / "site.yaml")])
    assert checked.exit_code == 0, checked.output
    again = run(app, ["init", pack, str(folder)])
    assert isinstance(again.exception, Misconfigured)
    assert "nothing is overwritten" in str(again.exception)


def test_init_names_the_packs_there_are(tmp_path: Path) -> None:
    said = CliRunner().invoke(app, ["init", "nuclear", str(tmp_path / "x")]).exception
    assert ", ".join(PACKS) in str(said)
    (tmp_path / "file").write_text("")
    assert isinstance(
        CliRunner().invoke(app, ["init", "tank-farm", str(tmp_path / "file")]).exception, Misconfigured
    )


def test_the_packs_of_a_wheel_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = tmp_path / "gateway"
    (wheel / "_configs" / "packs").mkdir(parents=True)
    monkeypatch.setattr(find, "files", lambda _: wheel)
    assert packs_folder() == wheel / "_configs" / "packs"
    monkeypatch.setattr(find, "files", lambda _: tmp_path / "nowhere")
    with pytest.raises(Misconfigured):
        packs_folder()


@pytest.mark.parametrize("pack", PACKS)
def test_a_pack_s_list_is_for_people_with_spreadsheets(pack: str) -> None:
    place = packs_folder() / pack / "tags.csv"
    assert place.read_bytes().startswith(b"\xef\xbb\xbf")
    header = next(csv.reader(place.read_text(encoding="utf-8-sig").splitlines()))
    assert header[:4] == ["位号", "描述", "英文描述", "点型"]


@pytest.mark.parametrize("pack", PACKS)
def test_every_number_names_its_standard_or_its_reason_and_its_mark(pack: str) -> None:
    faults: list[Fault] = []
    assert read_pack(packs_folder() / pack, faults) is not None, faults  # refuses a number without
    loaded = load(packs_folder() / pack / "site.yaml")
    said = notes(loaded, today="2026-01-01", environment={})
    assert [str(n) for n in said if n.code == "unverified-ceiling"] == [], (
        "its own ceilings go before the class's"
    )
    rules = loaded.site.rules
    assert rules or pack in ("open-pit-slope", "tailings-pond", "head-pond")
    for rule in rules:
        assert rule.mark in ("V", "S", "U", "E"), rule.id
        assert rule.standard or rule.reason, rule.id
        assert rule.mark == "E" or STANDARD.fullmatch(rule.standard), rule.id
        assert rule.enabled == (rule.mark != "U"), rule.id


@pytest.mark.parametrize("example", sorted(p.name for p in EXAMPLES.iterdir() if p.is_dir()))
def test_the_examples_load(example: str) -> None:
    loaded = load(EXAMPLES / example / "site.yaml")
    assert loaded.site.tags
    assert not_judged(loaded) == []
