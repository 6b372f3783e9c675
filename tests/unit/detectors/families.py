"""All kinds, gathered from ``kinds_<family>.py``: what the contract tests draw from."""

from typing import Any

from hypothesis import strategies as st

from detectors.kinds import Params
from tests.unit.detectors import kinds_common, kinds_groups, kinds_learned, kinds_statistics
from tests.unit.detectors.twin import Twin

RULES: dict[str, st.SearchStrategy[Any]] = {
    **kinds_common.RULES,
    **kinds_statistics.RULES,
    **kinds_groups.RULES,
    **kinds_learned.RULES,
}
TWINS: dict[type[Any], type[Twin]] = {
    **kinds_common.TWINS,
    **kinds_statistics.TWINS,
    **kinds_groups.TWINS,
    **kinds_learned.TWINS,
}
any_rule: st.SearchStrategy[Params] = st.one_of(*RULES.values())
