"""What differs between two moments of the plant: the messages of the stream. Pure; encoded once for all clients."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from gateway.console import views
from gateway.model.events import Occurrence
from gateway.model.ports import LiveState, Plant, Present, TagState
from gateway.model.quality import Quality
from gateway.model.site import Site
from gateway.model.times import MS

Json = dict[str, Any]
DIGITS: Final = 7
"""significant digits of a value in the stream; the API has them all"""
NEVER_MS: Final = -1
"""age of a tag that has no reading yet"""


@dataclass(frozen=True, slots=True)
class Moment:
    """What the clients were told last."""

    site: Site
    status: Json
    levels: tuple[LiveState, ...]
    alarms: dict[str, Occurrence]
    tags: Sequence[TagState]


def states(plant: Plant) -> Sequence[TagState]:
    """One state per tag of the table: before the engine runs there is no data, and that is said."""
    found = plant.tags()
    if len(found) == len(plant.site.tags):
        return found
    return [TagState(t.id, None, Quality.NO_DATA, 0, 0) for t in plant.site.tags]


def moment(present: Present, tags: Sequence[TagState]) -> Moment:
    """A moment to compare with a later one."""
    alarms = {o.id: o for o in present.occurrences}
    return Moment(present.site, views.status(present), present.levels, alarms, tags)


def full(now: Moment, time: int) -> Json:
    """Everything, for a client that knows nothing."""
    return {
        "t": time // MS,
        "status": now.status,
        "levels": views.levels(now.site, now.levels),
        "alarms": [views.alarm(o) for o in now.alarms.values()],
        "tags": columns(range(len(now.tags)), now.tags, time),
    }


def change(old: Moment, new: Moment, time: int) -> Json | None:
    """What a client of ``old`` must be told; None when nothing changed."""
    out: Json = {}
    if _lasting(old.status) != _lasting(new.status):
        out["status"] = new.status
    if old.levels != new.levels:
        out["levels"] = views.levels(new.site, new.levels)
    if old.alarms != new.alarms:
        out["alarms"] = _alarms(old.alarms, new.alarms)
    if rows := _changed_rows(old.tags, new.tags):
        out["tags"] = columns(rows, new.tags, time)
    return {"t": time // MS, **out} if out else None


def columns(rows: Sequence[int], tags: Sequence[TagState], time: int) -> Json:
    """Rows as columns: ``i`` place in the tag table, ``v`` value, ``q`` quality byte, ``a`` age in ms."""
    return {
        "i": list(rows),
        "v": [rounded(tags[i].value) for i in rows],
        "q": [int(tags[i].quality) for i in rows],
        "a": [(time - tags[i].source) // MS if tags[i].source else NEVER_MS for i in rows],
    }


def rounded(value: float | None) -> float | None:
    """Seven digits are more than an instrument has, and half the bytes."""
    return None if (value := views.finite(value)) is None else float(f"{value:.{DIGITS}g}")


def _alarms(old: dict[str, Occurrence], new: dict[str, Occurrence]) -> Json:
    told = [views.alarm(o) for key, o in new.items() if old.get(key) != o]
    return {"set": told, "gone": [key for key in old if key not in new]}


def _changed_rows(old: Sequence[TagState], new: Sequence[TagState]) -> list[int]:
    if old is new:
        return []
    if len(old) != len(new):  # the engine has just begun
        return list(range(len(new)))
    return [i for i, (a, b) in enumerate(zip(old, new, strict=True)) if a is not b and a != b]


def _lasting(status: Json) -> Json:
    """Status without what moves by itself all the time: a clock tick or a kilobyte of disk is no news."""
    return {**status, "time": None, "disk_free": status["disk_free"] >> 24}
