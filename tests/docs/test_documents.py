"""Documents: links that lead somewhere, decisions in one shape, a changelog that knows the version."""

from __future__ import annotations

import re
from pathlib import Path

import gateway
from tests.docs import tree

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
DECISIONS = tree.ROOT / "docs/decisions"
HEADINGS = ("Context", "Decision", "Consequences")


def pages() -> list[Path]:
    return [each for each in tree.files() if each.suffix == ".md"]


def links(page: Path) -> list[str]:
    return LINK.findall(FENCE.sub("", tree.text(page)))


def test_relative_links_lead_to_files() -> None:
    found = [
        (tree.name(page), link)
        for page in pages()
        for link in links(page)
        if "://" not in link
        and not link.startswith(("#", "mailto:"))
        and not (page.parent / link.split("#")[0]).exists()
    ]
    assert found == []


def test_every_page_of_docs_is_in_the_index() -> None:
    index = tree.ROOT / "docs/README.md"
    listed = {(index.parent / link.split("#")[0]).resolve() for link in links(index)}
    here = {each for each in pages() if each.parent == index.parent} - {index}
    assert sorted(tree.name(each) for each in here - listed) == []


def test_decisions_have_one_shape_and_one_number_each() -> None:
    records = [each for each in pages() if each.parent == DECISIONS]
    numbers = [each.name[:4] for each in records]
    assert sorted(numbers) == sorted(set(numbers)), "two decisions share a number"
    assert [each.name for each in records if not re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", each.name)] == []
    headings = {each.name: re.findall(r"^## (.+)$", tree.text(each), re.MULTILINE) for each in records}
    assert {name: found for name, found in headings.items() if not set(HEADINGS) <= set(found)} == {}


def test_changelog_knows_the_version() -> None:
    text = tree.text(tree.ROOT / "CHANGELOG.md")
    assert re.search(rf"^## \[({re.escape(gateway.__version__)}|Unreleased)\]", text, re.MULTILINE)
