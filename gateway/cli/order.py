"""The order in which open alarms are told: what a person must look at first stands on top."""

from collections.abc import Iterable
from typing import Any, Final

_LEVEL: Final = {"red": 4, "orange": 3, "yellow": 2, "blue": 1}


def ordered(alarms: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """As the console has them: announced before shadow, unacknowledged first, of these what stands before what went
    back, then by level, process before instrument, priority, and the newest.
    """
    newest = sorted(alarms, key=lambda a: str(a["raised"]), reverse=True)
    return sorted(newest, key=_weight)


def _weight(a: dict[str, Any]) -> tuple[object, ...]:
    seen = a["acknowledgement"] != "unacknowledged"
    return a["shadow"], seen, a["condition"] == "normal", -_LEVEL[a["level"]], a["fault"], a["priority"]
