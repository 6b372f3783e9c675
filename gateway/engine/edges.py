"""Kernel records become facts. Only changes come here, so objects are cheap enough."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from detectors.layout import IS_ACTIVE, IS_NORMAL, IS_UNKNOWN
from gateway.alarms.facts import RuleFact, TagFact
from gateway.conditioning.layout import INHERITED, TO_BAD, TO_OK
from gateway.model.events import Condition

CONDITION: Final = {IS_NORMAL: Condition.NORMAL, IS_ACTIVE: Condition.ACTIVE, IS_UNKNOWN: Condition.UNKNOWN}


def tag_facts(rows: NDArray[Any]) -> Iterator[TagFact]:
    """Edges of health, in order of rows."""
    for i in np.flatnonzero(rows["flags"] & (TO_BAD | TO_OK)).tolist():
        row = rows[i]
        flags, quality, time = int(row["flags"]), int(row["quality"]), int(row["source"])
        yield TagFact(int(row["tag"]), bool(flags & TO_BAD), quality, time, bool(flags & INHERITED))


def rule_facts(edges: NDArray[Any]) -> Iterator[RuleFact]:
    """Edges of conditions, in the given order."""
    for (
        time,
        onset,
        received,
        value,
        rate,
        eta,
        confidence,
        rule,
        before,
        after,
        quality,
        _,
    ) in edges.tolist():
        yield RuleFact(
            rule, CONDITION[before], CONDITION[after], time, onset, value, quality, _said(rate), received, _said(eta),
            _said(confidence),
        )  # fmt: skip


def _said(number: float) -> float | None:
    """None for NaN: the rule's kind says no such thing, or not now."""
    return None if number != number else number  # noqa: PLR0124
