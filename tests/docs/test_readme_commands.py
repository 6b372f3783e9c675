"""The commands of both READMEs work: `init` and `check` run here for every pack, the others where it says below."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli.main import app
from gateway.config.packs.find import built_in
from tests.docs import tree

BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
READMES = ("README.md", "README.zh-CN.md")
PACKS = ("tank-farm", "gas-leak", "tailings-pond")
FENGSUI = ".venv/bin/fengsui"
# fengsui run: tests/e2e/test_run.py; make demo: tests/e2e/test_demo.py; make test: .ci/run
RUN_ELSEWHERE = {"run", "make"}


def lines(readme: str) -> list[list[str]]:
    """The commands, split as a shell does, without comments."""
    blocks = BLOCK.findall(tree.text(tree.ROOT / readme))
    return [words for line in "".join(blocks).splitlines() if (words := shlex.split(line, comments=True))]


@pytest.mark.parametrize("pack", PACKS)
@pytest.mark.parametrize("readme", READMES)
def test_commands_of_your_own_plant(
    readme: str, pack: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = []
    for first, *words in lines(readme):
        if first != FENGSUI or words[0] in RUN_ELSEWHERE:
            continue
        done = CliRunner().invoke(app, [pack if word == PACKS[0] else word for word in words])
        assert done.exit_code == 0, (words, done.output)
        ran.append(words[0])
    assert ran == ["init", "check"]


@pytest.mark.parametrize("readme", READMES)
def test_every_other_command_is_known(readme: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", tree.text(tree.ROOT / "Makefile"), re.MULTILINE))
    for first, *words in lines(readme):
        if first == "make":
            assert words[0] in targets
        else:
            assert (first, words[0] in {"init", "check"} | RUN_ELSEWHERE) == (FENGSUI, True)


@pytest.mark.parametrize("readme", READMES)
def test_every_pack_is_named(readme: str) -> None:
    named = tree.text(tree.ROOT / readme)
    assert [pack for pack in built_in() if f"`{pack}`" not in named] == []


def test_the_configuration_shown_in_the_readme_loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = tree.text(tree.ROOT / "README.md")
    yaml = re.search(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    rows = [
        line.strip("|").split("|") for line in text.splitlines() if line.startswith(("| 位号", "| LT-101"))
    ]
    assert yaml
    assert len(rows) == 2
    monkeypatch.setenv("COUNTY_PASSWORD", "x")
    (tmp_path / "site.yaml").write_text(yaml[1], encoding="utf-8")
    table = "".join(",".join(cell.strip() for cell in row) + "\n" for row in rows)
    (tmp_path / "tags.csv").write_text(table, encoding="utf-8")
    done = CliRunner().invoke(app, ["check", str(tmp_path / "site.yaml")])
    assert done.exit_code == 0, (done.output, done.exception)
