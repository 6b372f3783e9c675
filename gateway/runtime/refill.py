"""A spool that was lost: it is filled again from the inputs behind the older snapshot. What that does not bring back is
told in one gap record, counted where the inputs of what no output had yet are still there.
"""

from collections.abc import Sequence
from dataclasses import replace

from gateway.model.inputs import Gap, Readings, time_of
from gateway.store import Store


def lost_spool(store: Store) -> bool:
    """This start found no spool, or none that could be read."""
    return any(gap.who == "spool" for gap in store.found)


def told_exactly(store: Store, begun: int, delivered: int) -> Sequence[Gap]:
    """What opening had to give up, now that the spool was filled again from the inputs behind ``begun`` (0: from all
    that are kept). ``delivered``: id of the chunk up to which every output has had the readings.
    """
    return [_exactly(store, gap, begun, delivered - store.spool.offset) for gap in store.found]


def _exactly(store: Store, gap: Gap, begun: int, had: int) -> Gap:
    if gap.who != "spool":
        return gap
    behind = next(store.inputs(begun), None)
    end = max(gap.end, time_of(behind.input) if behind is not None else store.last_input[1])
    begun = begun or (behind.number if behind is not None else store.last_input[0] + 1) - 1
    if 0 < begun <= had:
        return replace(gap, end=end, why=f"{gap.why}; every output had what it held, its history is gone")
    first, count = _count(store, max(0, had), begun)
    older = "" if first <= had + 1 else "; how many older ones were not yet delivered is not known"
    return replace(
        gap, end=end, count=count, why=f"{gap.why}; {count} readings were not yet delivered{older}"
    )


def _count(store: Store, after: int, last: int) -> tuple[int, int]:
    """The first input that is kept behind ``after``, and the readings of all from there to ``last``."""
    first, count = last + 1, 0
    for entry in store.inputs(after):
        if entry.number > last:
            break
        first = min(first, entry.number)
        count += len(entry.input.batch) if isinstance(entry.input, Readings) else 0
    return first, count
