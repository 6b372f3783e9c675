"""What makes the live level of a place other than its alarms alone would (动态评估): one literal table.

No number for any of it was found in a standard, so every row has mark U and is off until a named engineer signs it in
the configuration (``levels.modifiers``); ``fengsui check`` says which rows would apply and are off. A row that is on
raises what alarms colour by its steps; several together raise by the largest of theirs, never above red. None makes a
colour where no alarm gives one, but an overdue disposal: its alarm goes on counting with its own level.
"""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from gateway.model.site import (
    BYPASS,
    GRADE,
    HEAD_POND,
    HEIGHTENED_WATCH,
    OVERDUE_DISPOSAL,
    WEATHER,
    Installation,
    Site,
)


@dataclass(frozen=True, slots=True)
class Modifier:
    """One row. ``steps``: colours by which what stands is raised; 0: it counts, and raises nothing."""

    chinese: str
    english: str
    steps: int
    mark: str
    source: str


_IDEA: Final = (
    "live level from alarms, overdue hidden dangers, bypasses and weather; the step is our own judgement"
)
MODIFIERS: Final = MappingProxyType(
    {
        OVERDUE_DISPOSAL: Modifier("处置超期", "a disposal is overdue: its alarm counts on", 0, "U", _IDEA),
        BYPASS: Modifier("联锁或报警旁路", "an interlock or alarm is bypassed", 1, "U", _IDEA),
        WEATHER: Modifier("气象预警", "a weather warning holds", 1, "U", _IDEA),
        GRADE: Modifier("一、二级重大危险源", "grade 1 or 2 by GB 18218-2018", 1, "U", _IDEA),
        HEAD_POND: Modifier("头顶库", "people live below the dam", 1, "U", _IDEA),
        HEIGHTENED_WATCH: Modifier("重点时段", "a period of heightened watch", 1, "U", _IDEA),
    }
)
GRADES: Final = (1, 2)
"""grades of GB 18218 that are a modifier"""


def enabled(site: Site) -> frozenset[str]:
    """Rows that a named engineer has signed."""
    return frozenset(name for name, signed in site.modifiers if signed and name in MODIFIERS)


def standing(installation: Installation, on: frozenset[str]) -> dict[str, str]:
    """Modifiers that hold for good, with what makes them so."""
    found = {}
    if GRADE in on and installation.grade in GRADES:
        found[GRADE] = f"grade {installation.grade}"
    if HEAD_POND in on and installation.head_pond:
        found[HEAD_POND] = installation.id
    return found
