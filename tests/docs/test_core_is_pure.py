"""The core reads no clock: what import contracts cannot see, such as ``datetime.now()``, is looked for here."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs import tree

CORE = ("gateway/model", "gateway/conditioning", "gateway/alarms", "gateway/engine", "detectors")
# `time` itself is a fair name for a value; its functions are not.
CLOCK_CALLS = {
    "now",
    "utcnow",
    "today",
    "monotonic",
    "monotonic_ns",
    "perf_counter",
    "perf_counter_ns",
    "time_ns",
    "process_time",
    "get_running_loop",
    "urandom",
    "getrandbits",
}
CLOCK_OWNERS = {"datetime", "date", "time", "dt", "asyncio", "os", "random"}
CLOCK_MODULES = {"time", "random", "secrets", "asyncio", "logging", "os", "threading", "socket"}


def clock_reads(tree_: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree_):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names if each.name.split(".")[0] in CLOCK_MODULES)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            if node.module.split(".")[0] in CLOCK_MODULES:
                yield node.module
        elif isinstance(node, ast.Attribute) and node.attr in CLOCK_CALLS:
            if _last_name(node.value) in CLOCK_OWNERS:
                yield f"{_last_name(node.value)}.{node.attr}"
        elif isinstance(node, ast.Call) and _last_name(node.func) in {"__import__", "import_module"}:
            yield "import by string"


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def test_core_reads_no_clock() -> None:
    found = [
        (tree.name(path), read) for path in tree.sources(*CORE) for read in clock_reads(tree.parsed(path))
    ]
    assert found == []


@pytest.mark.parametrize(
    "planted",
    [
        "import time",
        "from time import monotonic",
        "from datetime import datetime as d\nimport datetime\nx = datetime.datetime.now()",
        "from datetime import date\nx = date.today()",
        "x = __import__('time')",
    ],
)
def test_a_planted_clock_is_found(planted: str) -> None:
    assert list(clock_reads(ast.parse(planted)))


def test_paths_of_the_core_exist() -> None:
    assert [each for each in CORE if not (Path(tree.ROOT) / each).is_dir()] == []
