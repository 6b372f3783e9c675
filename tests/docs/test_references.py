"""What people can meet is written down: commands and options, events, troubles, metrics, errors, environment."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from gateway.cli.main import app
from gateway.cli.reference import commands, options, spelled
from gateway.cli.reference import main as cli_page
from gateway.console import metrics
from gateway.model import errors
from gateway.model.events import EventKind
from tests.docs import tree

DOCS = tree.ROOT / "docs"
TABLE_NAMES = re.compile(r"`([^`]+)`")


def first_cells(page: str) -> set[str]:
    """Names in backquotes in the first column of the page's tables, and in its prose lists of reserved names."""
    text = tree.text(DOCS / page)
    cells = re.findall(r"^\| ([^|]+)\|", text, re.MULTILINE)
    return {name for cell in cells for name in TABLE_NAMES.findall(cell)}


def test_the_page_of_the_command_line_is_in_step() -> None:
    assert cli_page([]) == 0, "run: python -m gateway.cli.reference --write"


def test_every_command_and_option_says_what_it_does() -> None:
    silent = []
    for name, command in commands(typer.main.get_command(app), "fengsui"):
        silent += [] if command.help else [name]
        silent += [f"{name} {spelled(each)}" for each in options(command) if not each.help]
    assert silent == []


def test_every_command_and_option_is_on_the_page() -> None:
    page = tree.text(DOCS / "cli.md")
    for name, command in list(commands(typer.main.get_command(app), "fengsui"))[1:]:
        assert f"# {name}\n" in page
        assert [spelled(each) for each in options(command) if f"| `{spelled(each)}` |" not in page] == []


def test_every_event_is_documented_and_no_other() -> None:
    text = tree.text(DOCS / "events.md").partition("## Troubles")[0]
    reserved = set(TABLE_NAMES.findall(text.partition("Reserved for a later version")[2]))
    told = {
        name
        for row in re.findall(r"^\| (`[^|]+`) \|", text, re.MULTILINE)
        for name in TABLE_NAMES.findall(row)
    }
    assert (told | reserved) == {kind.value for kind in EventKind}
    assert not told & reserved


def test_every_trouble_that_is_reported_is_documented() -> None:
    reports = re.compile(r"(?:\.trouble|troubles|_troubles|Trouble)\(\s*\"([a-z-]+)\"")
    said = {word for each in tree.sources("gateway") for word in reports.findall(tree.text(each))}
    told = {name.rpartition(".")[2] for name in first_cells("events.md")}
    assert {"disk", "login", "refused"} <= said
    assert said - told == set()


def test_every_error_is_documented_and_no_other() -> None:
    ours = {
        name
        for name, each in vars(errors).items()
        if isinstance(each, type) and issubclass(each, errors.FengsuiError)
    }
    assert first_cells("errors.md") == ours


def test_every_metric_is_documented_and_no_other() -> None:
    made = set(re.findall(r"\"(fengsui_[a-z_]+)\"", tree.text(Path(str(metrics.__file__)))))
    assert made
    assert first_cells("metrics.md") == made


@pytest.mark.parametrize("variable", ["NUMBA_CACHE_DIR", "NUMBA_CPU_NAME", "FENGSUI_HEALTH"])
def test_environment_variables_are_documented(variable: str) -> None:
    assert variable in first_cells("operation.md")


def test_both_languages_of_a_page_have_the_same_parts() -> None:
    for page in (each for each in DOCS.glob("*.zh-CN.md")):
        english = page.with_name(page.name.replace(".zh-CN", ""))
        shapes = [re.findall(r"^#+|^\|-", tree.text(each), re.MULTILINE) for each in (page, english)]
        assert shapes[0] == shapes[1], page.name
