"""Kernels are there before the first reading, and none that the site does not need."""

from pathlib import Path

from detectors.bank import FAMILIES
from gateway.engine.warm import ANY, COMPUTED, needed, warm, warm_all
from tests.unit.config.writing import good
from tests.unit.engine.test_groups import SITE
from tests.unit.engine.test_statistics import ENTRIES, TAGS


def test_every_family_can_be_warmed() -> None:
    assert set(ANY) == set(FAMILIES)
    assert all(rule.family == name for name, rule in ANY.items())
    warm()
    warm({COMPUTED})
    warm_all()


def test_a_site_needs_the_families_of_its_rules(tmp_path: Path) -> None:
    assert needed(good(tmp_path, SITE % ENTRIES["cusum"], TAGS).site) == {"statistics"}
