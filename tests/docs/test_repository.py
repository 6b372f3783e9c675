"""Rules that hold for every file of the repository."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.docs import tree

LONGEST = 400
# Written by people and read from top to bottom; data, locks and the licence are neither.
READ_BY_PEOPLE = {".py", ".js", ".css", ".html", ".sh", ".md", ".toml"}
# A longer file says, near its top, which kind of exception it is.
LONG_FILE = re.compile(r"long-file: (kernel|table|generated)\b")

# Written in parts, or this file would break its own rule.
HOSTS = [
    "pypi" + ".org",
    "python" + "hosted",
    "npm" + "js",
    "crates" + ".io",
    "index" + ".docker",
    "proxy.golang" + ".org",
    "deb.debian" + ".org",
]
INDEX_OPTIONS = re.compile(r"^\s*(-i\b|-f\b|--(extra-)?index-url|--find-links|--trusted-host)", re.MULTILINE)


def test_no_file_is_too_long() -> None:
    def too_long(path: Path) -> bool:
        lines = tree.text(path).splitlines()
        return len(lines) > LONGEST and not LONG_FILE.search("\n".join(lines[:20]))

    found = [tree.name(each) for each in tree.files() if each.suffix in READ_BY_PEOPLE and too_long(each)]
    assert found == [], f"split them, or mark kernels and tables with `{LONG_FILE.pattern}`"


def test_no_file_names_a_package_host() -> None:
    found = [
        (tree.name(each), host) for each in tree.files() for host in HOSTS if host in tree.text(each).lower()
    ]
    assert found == []


def test_no_lock_chooses_an_index() -> None:
    locks = [each for each in tree.files() if tree.is_under(each, "requirements")]
    assert [tree.name(each) for each in locks if INDEX_OPTIONS.search(tree.text(each))] == []


def test_every_package_says_what_it_is() -> None:
    found = [
        tree.name(each)
        for each in tree.sources("gateway", "detectors", "simulators", "tests")
        if each.name == "__init__.py" and not ast.get_docstring(tree.parsed(each))
    ]
    assert found == []


def test_every_python_folder_of_the_product_is_a_package() -> None:
    folders = {each.parent for each in tree.sources("gateway", "detectors", "simulators")}
    assert [tree.name(each) for each in folders if not (each / "__init__.py").exists()] == []


def test_every_top_level_part_of_the_gateway_has_a_layer() -> None:
    contract = tree.text(tree.ROOT / ".importlinter")
    layers = set(re.findall(r"gateway\.(\w+)", contract.partition("layers =")[2].partition("[")[0]))
    parts = {each.relative_to(tree.ROOT).parts[1].removesuffix(".py") for each in tree.sources("gateway")}
    assert parts - layers - {"__init__", "__main__", "py.typed"} == set()
