"""Records of a major hazard installation are not kept for less than the order asks, and the fault says where."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.model.errors import Misconfigured
from tests.unit.config.writing import SITE, faults, good


def test_less_than_thirty_days_is_refused_where_an_installation_has_a_grade(tmp_path: Path) -> None:
    text = SITE.replace("name: 储罐区}", "name: 储罐区, grade: 3}") + "storage: {keep: 10d}\n"
    (found,) = faults(tmp_path, site=text)
    assert found.path == "storage.keep"
    assert "at least 30d" in str(found)
    assert "site.yaml" in str(found)


@pytest.mark.parametrize("keep", ["30d", "400d"])
def test_thirty_days_and_more_are_allowed(tmp_path: Path, keep: str) -> None:
    text = SITE.replace("name: 储罐区}", "name: 储罐区, grade: 3}") + f"storage: {{keep: {keep}}}\n"
    assert good(tmp_path, site=text).file.storage.keep >= 30 * 86_400 * 10**9


def test_elsewhere_it_is_the_site_s_own_affair(tmp_path: Path) -> None:
    try:
        good(tmp_path, site=SITE + "storage: {keep: 10d}\n")
    except Misconfigured as error:
        pytest.fail(str(error.faults))
