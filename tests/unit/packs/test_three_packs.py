"""A chemical plant with a pond and ammonia cooling: three packs in one site of 2,000 tags."""

from __future__ import annotations

from pathlib import Path

from benchmarks.packs_check import POINTS, write_large
from gateway.cli.check import grouped
from gateway.config.explain import BUILT_IN, explain
from gateway.config.load import load
from gateway.config.notes import not_judged, notes


def test_it_loads_and_every_effective_value_has_its_origin(tmp_path: Path) -> None:
    """How long it takes is timed by ``python -m benchmarks.packs_check``."""
    loaded = load(write_large(tmp_path, 2000))
    assert (len(loaded.site.tags), len(loaded.site.rules)) == (2000, 4500)
    assert {i.pack for i in loaded.site.installations} == {
        "tank-farm",
        "tailings-pond",
        "ammonia-refrigeration",
    }
    for tag in loaded.site.tags[: len(POINTS)]:
        found = explain(loaded, tag.id)
        rules = [e for e in found if "." in e.what]
        assert all("pack.yaml:" in e.where or "site.yaml:" in e.where for e in rules), tag.id
        typed = {e.what: e.where for e in found}
        assert "pack.yaml" in typed["class"]
        assert typed["deadband"].endswith(BUILT_IN)
    assert not_judged(loaded) == []


def test_a_thousand_tags_of_a_type_are_one_remark(tmp_path: Path) -> None:
    loaded = load(write_large(tmp_path, 2000))
    remarks = notes(loaded, today="2026-01-01", environment={})
    told = grouped(remarks)
    assert len(remarks) > 5000
    assert len(told) < 60
    assert any(note.subject.endswith(" and 249 more") and "pack.yaml:" in note.place for note in told)
