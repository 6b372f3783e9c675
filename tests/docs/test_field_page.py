"""docs/field.md names a test for every complaint, and each test it names exists."""

from __future__ import annotations

import re

from tests.docs import tree

PAGE = tree.ROOT / "docs/field.md"
COMPLAINTS = "## What users of other gateways complain of"


def named(row: str) -> list[tuple[str, str]]:
    """(file, function) in the order of the row: a function belongs to the file named before it."""
    found, file = [], ""
    for link, function in re.findall(r"\]\((\.\./tests/[^)]+)\)|`(test_\w+)`", row):
        file = link or file
        if function:
            found.append((file, function))
    return found


def test_every_complaint_has_a_test_and_every_test_exists() -> None:
    _, _, section = tree.text(PAGE).partition(COMPLAINTS)
    rows = [line for line in section.splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 25
    assert [row for row in rows if not named(row)] == []
    lost = [
        (file, function)
        for row in rows
        for file, function in named(row)
        if f"def {function}(" not in tree.text((PAGE.parent / file).resolve())
    ]
    assert lost == []
