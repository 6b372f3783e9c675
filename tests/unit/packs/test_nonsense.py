"""Nonsense where a pack is used is told as a fault, never as a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.packs.folders import PACK, SITE, TAGS, faults, spoilt

NUMBER = "shell: {HH: {trigger: 350"
OF_SITE = [
    ("packs: [kiln]", "packs: 5"),
    ("packs: [kiln]", "packs: [5]"),
    ("packs: [kiln]", "packs: {kiln: 1}"),
    ("pack: kiln,", "pack: [kiln],"),
    (NUMBER, "shell: {HH: {trigger: warm"),
    (NUMBER, "shell: {HH: {deadband: wide, trigger: 350"),
    (NUMBER, "shell: {HH: {kind: limit-hgh, trigger: 350"),
    (NUMBER, "shell: {HH: {level: pink, trigger: 350"),
    (NUMBER, "shell: {HH: {colour: red, trigger: 350"),
    ("\n  shell: {HH: {trigger: 350, reason: lining study, mark: E}}", "\n  shell: 5"),
    ("\n  shell: {HH: {trigger: 350, reason: lining study, mark: E}}", "\n  shell: {HH: 5}"),
    ("types:\n  shell: {HH: {trigger: 350, reason: lining study, mark: E}}", "types: [shell]"),
    ("from: kiln.twin", "from: 5"),
    ("from: kiln.twin", "from: kiln.twin, trigger: wide"),
    ("people:", "chains: [kiln]\npeople:"),
    ("types: {shell: {HH: {trigger: 380, reason: new, mark: E}}}", "types: 7"),
]
OF_PACK = [
    ("types:\n  shell:", "types: 5\nother:\n  shell:"),
    ("rules:\n      H:", "rules: 5\n    more:\n      H:"),
    ("format: 1\n", "format: 2\n"),
    ("format: 1\n", "format: 1\nincludes: [kiln]\n"),
    ("format: 1\n", "format: 1\nincludes: [nothing-here]\n"),
    ("cards:\n  hot: {", "cards:\n  hot: [{"),
]


@pytest.mark.parametrize(("old", "new"), OF_SITE)
def test_of_a_site(tmp_path: Path, old: str, new: str) -> None:
    found = faults(tmp_path, site=spoilt(SITE, old, new))
    assert found
    assert all(f.file and f.allowed for f in found)


@pytest.mark.parametrize(("old", "new"), OF_PACK)
def test_of_a_pack(tmp_path: Path, old: str, new: str) -> None:
    found = faults(tmp_path, pack=spoilt(PACK, old, new))
    assert found
    assert all("pack.yaml" in f.file for f in found)


@pytest.mark.parametrize("cell", ["shell.", ".shell", "kiln", "kiln.shell.H", "SHELL", "壳"])
def test_of_a_row(tmp_path: Path, cell: str) -> None:
    (found, *_) = faults(tmp_path, tags=spoilt(TAGS, "TT-1,shell", f"TT-1,{cell}"))
    assert found.path == "type/点型"
