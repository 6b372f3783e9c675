"""A spool that was lost: it is filled again from the inputs behind the older snapshot. What that does not bring back is
told in one gap record, counted for each output by the tally in ``plant.db`` (:mod:`gateway.store.tally`), or where
there is none yet by the inputs that are still there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gateway.model.inputs import Gap, Readings, time_of
from gateway.store import Store


def lost_spool(store: Store) -> bool:
    """This start found no spool, or none that could be read."""
    return any(gap.who == "spool" for gap in store.found)


def told_exactly(store: Store, begun: int, lanes: Mapping[str, int]) -> Sequence[Gap]:
    """What opening had to give up, now that the spool was filled again from the inputs behind ``begun`` (0: from all
    that are kept). ``lanes``: outputs of readings, and the id of the chunk up to which each has had them.
    """
    return [_exactly(store, gap, begun, lanes) for gap in store.found]


def _exactly(store: Store, gap: Gap, begun: int, lanes: Mapping[str, int]) -> Gap:
    if gap.who != "spool":
        return gap
    behind = next(store.inputs(begun), None)
    end = max(gap.end, time_of(behind.input) if behind is not None else store.last_input[1])
    begun = begun or (behind.number if behind is not None else store.last_input[0] + 1) - 1
    counts = {name: _lacks(store, cursor, begun) for name, cursor in lanes.items()}
    count = max((c.count for c in counts.values()), default=0)
    why = "every output had what it held, its history is gone"
    if any(not c.had for c in counts.values()):
        each = ", ".join(f"{name} {c.count}" for name, c in counts.items())
        why = f"{count} readings were not yet delivered" + (f" ({each})" if len(counts) > 1 else "")
    if not all(c.whole for c in counts.values()):
        why += "; how many older ones were not yet delivered is not known"
    return replace(gap, end=end, count=count, why=f"{gap.why}; {why}")


@dataclass(frozen=True, slots=True)
class _Lacks:
    """What an output does not get. ``had``: nothing; ``whole``: that is all of it."""

    count: int
    had: bool = False
    whole: bool = True


def _lacks(store: Store, cursor: int, begun: int) -> _Lacks:
    """Of the readings of inputs up to ``begun``, which are not filled in again."""
    offset = store.spool.offset
    if 0 < begun <= cursor - offset:
        return _Lacks(0, had=True)
    noted = store.owed(cursor, offset + begun)
    if noted is not None:
        count, reach = noted
        _, again = _count(store, begun, reach - offset)
        return _Lacks(max(0, count - again))
    had = max(0, cursor - offset)
    first, count = _count(store, had, begun)
    return _Lacks(count, whole=first <= had + 1)


def _count(store: Store, after: int, last: int) -> tuple[int, int]:
    """The first input that is kept behind ``after``, and the readings of all from there to ``last``."""
    first, count = last + 1, 0
    for entry in store.inputs(after):
        if entry.number > last:
            break
        first = min(first, entry.number)
        count += len(entry.input.batch) if isinstance(entry.input, Readings) else 0
    return first, count
