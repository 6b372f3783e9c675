"""The kinds of ``detectors.groups`` as the contract tests see them: random rules, and a naive twin for each."""

from typing import Any

from hypothesis import strategies as st

from tests.unit.detectors.twin import Twin

RULES: dict[str, st.SearchStrategy[Any]] = {}
TWINS: dict[type[Any], type[Twin]] = {}
