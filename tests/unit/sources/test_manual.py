"""The manual source: which tags people enter, and what each is compared with."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

import gateway
from gateway.model.site import Tag
from gateway.model.times import NS
from gateway.sources.manual.config import Binding, Settings, bind
from tests.unit.config.writing import SITE, TAGS, faults, good, row

FOLDER = Path(gateway.__file__).parent / "sources" / "manual"
SETTINGS = Settings.model_validate({"kind": "manual", "period": "8h"})
TAG = Tag(id="T", raw="T", description="", cls="level", unit="m", installation="")
WITH = SITE.replace("  pond: {", "  rounds: {kind: manual, period: 8h}\n  pond: {")


def test_addresses() -> None:
    assert bind(SETTINGS, "-", TAG) == Binding("", 0.0)
    assert bind(SETTINGS, " LT-101 0.05 ", TAG) == Binding("LT-101", 0.05)
    for wrong in ("", "LT-101", "LT-101 x", "LT-101 -1", "0.05"):
        with pytest.raises(ValueError, match="allowed: - "):
            bind(SETTINGS, wrong, TAG)


def test_a_manual_tag_knows_its_twin(tmp_path: Path) -> None:
    loaded = good(tmp_path, WITH, TAGS + row(source="rounds", address="LT-1 0.05") + "\n")
    tag = next(t for t in loaded.site.tags if t.id == "T-9")
    assert (tag.manual, tag.twin, tag.twin_within) == (True, "LT-1", 0.05)
    assert (tag.period, tag.links) == (8 * 3600 * NS, ())
    assert not any(t.manual for t in loaded.site.tags if t.id != "T-9")


@pytest.mark.parametrize(
    ("address", "words"), [("LT-7 0.05", "LT-7 is none"), ("T-9 1", "T-9 is none"), ("LT-1", "far")]
)
def test_a_twin_that_is_not_there_is_a_fault(tmp_path: Path, address: str, words: str) -> None:
    found = faults(tmp_path, WITH, TAGS + row(source="rounds", address=address) + "\n")
    assert [(f.path, words in str(f)) for f in found] == [("address/地址", True)]


def test_the_period_must_be_said(tmp_path: Path) -> None:
    assert any("period" in f.path for f in faults(tmp_path, WITH.replace(", period: 8h", "")))


def test_the_sample_is_what_the_readme_shows_and_loads() -> None:
    text = (FOLDER / "sample.yaml").read_text()
    readme = (FOLDER / "README.md").read_text()
    assert text in readme
    Settings.model_validate(yaml.safe_load(text)["sources"]["rounds"])
    assert [name for name in Settings.model_fields if f"`{name}`" not in readme] == []
