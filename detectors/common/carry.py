"""The arrays of the common family: how they begin, and what a rule takes along from another bank."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from detectors import layout as lo
from detectors.common import layout as co
from detectors.common.build import Tables
from detectors.kinds.common import Frozen, Spike
from detectors.kinds.params import Params

Arrays = Mapping[str, NDArray[Any]]
_SPARE_EDGES: Final = 1024
_UNSEEN: Final = 128
_LINE: Final = 64
"""bytes of a cache line"""


def _lined_up(count: int, dtype: Any) -> NDArray[Any]:
    """Zeros that begin on a cache line; at least one, so that an address exists."""
    size = max(count, 1) * np.dtype(dtype).itemsize
    raw = np.zeros(size + _LINE, np.uint8)
    start = -raw.ctypes.data % _LINE
    whole: NDArray[Any] = raw[start : start + size].view(dtype)
    return whole[:count]


def fresh(
    tables: Tables, rules: Sequence[Params], hold: Sequence[int], permits: Sequence[Sequence[int]]
) -> dict[str, NDArray[Any]]:
    """All arrays of :data:`detectors.common.layout.ARRAYS`, as before the first reading."""
    count, tags = len(rules), len(hold)
    slots = sum(slots for _, slots in tables.windows.values())
    sizes = {
        "state": count, "tags": tags, "windows": len(tables.windows), "reaches": len(tables.windows),
        "means": slots, "ages": slots,
        "numbers": max(tables.numbers, 1), "groups": max(tables.groups, 1), "votes": len(tables.lists),
        "bounds": -(-count // co.BLOCK), "queue": count, "scratch": tables.scratch, "meta": lo.META_SIZE,
    }  # fmt: skip
    m = {name: _lined_up(sizes[name], dtype) for name, dtype in co.ARRAYS if name in sizes}
    per_tag = int(np.diff(tables.offsets).max(initial=0))
    m["edges"] = np.zeros(3 * count + 4 * per_tag + _SPARE_EDGES, lo.EDGE)
    m["permits"] = np.array(permits, np.uint8)
    m["holds"] = np.array([age or lo.NEVER for age in hold], np.int64)
    for name in ("rules", "lists", "offsets", "index", "gofs", "gindex"):
        m[name] = getattr(tables, name)
    _begin(m)
    _windows(m, tables)
    _extras(m, tables, rules)
    return m


def _begin(m: Arrays) -> None:
    m["state"]["phase"], m["state"]["deadline"] = lo.UNJUDGED, lo.NEVER
    m["tags"]["quality"] = m["groups"]["quality"] = _UNSEEN
    for name in ("value", "v1", "v2", "v3", "v4"):
        m["tags"][name] = np.nan
    m["tags"]["due"], m["tags"]["window"] = lo.NEVER, co.NONE
    m["tags"]["spike"] = m["tags"]["band"] = np.inf
    m["tags"]["frozen_at"] = lo.NEVER
    m["groups"]["value"] = m["means"][:] = np.nan
    for name in ("rate", "eta", "confidence"):
        m["numbers"][name] = np.nan
    m["votes"][:], m["bounds"][:], m["meta"][lo.META_BOUND] = lo.NEVER_JUDGED, lo.NEVER, lo.NEVER


def _windows(m: Arrays, tables: Tables) -> None:
    """Lay out the slots; chain the windows of each tag."""
    first = 0
    for (tag, width), (row, slots) in tables.windows.items():
        win = m["windows"][row]
        win["width"], win["first"], win["slots"], win["next"] = width, first, slots, m["tags"]["window"][tag]
        m["tags"]["window"][tag], m["tags"]["due"][tag] = row, 0
        first += slots


def _extras(m: Arrays, tables: Tables, rules: Sequence[Params]) -> None:
    m["tags"]["extras"][np.flatnonzero(np.diff(tables.gofs))] |= co.GROUPED
    for rule in rules:
        if isinstance(rule, Spike):
            m["tags"]["spike"][rule.tag] = min(m["tags"]["spike"][rule.tag], rule.reset)
        elif isinstance(rule, Frozen):
            _one_rest(m["tags"][rule.tag], rule)
            m["tags"]["band"][rule.tag], m["tags"]["rest"][rule.tag] = rule.band, np.nan
            m["tags"]["frozen_window"][rule.tag] = rule.window
        if isinstance(rule, Spike | Frozen):
            m["tags"]["extras"][rule.tag] |= co.LOCAL


def _one_rest(tag: Any, rule: Frozen) -> None:
    if tag["frozen_window"] and (tag["frozen_window"], tag["band"]) != (rule.window, rule.band):
        raise ValueError(
            f"frozen: tag {rule.tag} has rules of different windows or bands; allowed one of each"
        )


def copy_own(mine: Arrays, theirs: Arrays, here: Any, there: Any) -> None:
    """What a rule (RULE records) remembers beside its delay machine."""
    if here["kind"] in co.SLOPES:
        mine["numbers"][here["own"]] = theirs["numbers"][there["own"]]
        _copy_window(mine, theirs, here["window"], there["window"])
    elif here["kind"] in co.GROUPS:
        mine["groups"][here["own"]] = theirs["groups"][there["own"]]
        mine["votes"][_members(here)] = theirs["votes"][_members(there)]
    elif here["kind"] in (co.SPIKE, co.FROZEN):
        names = ("v1", "v2", "v3", "v4") if here["kind"] == co.SPIKE else ("rest", "frozen_at")
        for name in names:
            mine["tags"][name][here["tag"]] = theirs["tags"][name][there["tag"]]


def _members(p: Any) -> slice:
    return slice(int(p["first"]), int(p["first"] + p["count"]))


def _copy_window(mine: Arrays, theirs: Arrays, here: int, there: int) -> None:
    """The open bucket, and as many closed ones as both have room for (a window may be shared with other rules)."""
    a, b = mine["windows"][here], theirs["windows"][there]
    for name in ("close", "sum", "age", "count", "doubtful"):
        a[name] = b[name]
    last, doubt = int(b["close"] // b["width"]), 0
    a["slot"] = (last - 1) % int(a["slots"])
    for index in range(last - min(int(a["slots"]), int(b["slots"])), last):
        to, of = index % int(a["slots"]), index % int(b["slots"])
        for name in ("means", "ages"):
            mine[name][a["first"] + to] = theirs[name][b["first"] + of]
        doubt |= (int(b["doubt"]) >> of & 1) << to
    a["doubt"] = doubt
