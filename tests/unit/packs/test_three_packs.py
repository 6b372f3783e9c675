"""A chemical plant with a pond and ammonia cooling: three packs in one site of 2,000 tags."""

from __future__ import annotations

from pathlib import Path

from benchmarks.packs_check import POINTS, write_large
from gateway.config.explain import BUILT_IN, explain
from gateway.config.load import load
from gateway.config.notes import not_judged


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
