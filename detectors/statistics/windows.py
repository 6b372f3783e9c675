"""Parts of the kinds that make a number over a window anew with every reading: bounded work, no history.

Buckets are a ring by event time. What the closed ones hold together is summed up once, when a new one opens; a reading
adds the open one to it. ``st.last`` counts from its own time to the next reading's, or to where it stopped to hold.
"""

import numpy as np

from detectors._numba import called, part
from detectors.layout import HOLD, NS, UNCERTAIN
from detectors.machine import status
from detectors.statistics.layout import (
    COUNTER,
    DWELL,
    FLOW,
    INSIDE,
    MEAN,
    NOWHERE,
    OSCILLATION,
    OUTSIDE,
    PEAK,
    STARTS,
    TOTAL,
    ZERO,
)
from detectors.types import Array, Record


@part
def renew(b: Record, index: int) -> None:
    """Empty a bucket that still holds an older one."""
    if b.index != index:
        b.index, b.sum, b.offset, b.covered, b.count, b.status = index, 0.0, 0.0, 0.0, 0, 0


@part
def speed(p: Record, st: Record) -> float:
    """What the last value adds to a bucket's sum with each second that it holds."""
    if p.kind == MEAN:
        return float(st.last)
    if p.kind == TOTAL and p.mode == FLOW:
        return float(st.last * NS / p.per)
    if p.kind == DWELL and st.inside == INSIDE:
        return float(NS)  # whole ns: their sums are exact
    return 0.0


@called
def spread(p: Record, st: Record, until: int, adds: float, quality: int, buckets: Array) -> None:
    """The last value held over several buckets."""
    last = (until - 1) // p.width
    for index in range(max(st.source // p.width, last - p.count + 1), last + 1):
        b = buckets[p.first + index % p.count]
        renew(b, index)
        held = (min(until, (index + 1) * p.width) - max(st.source, index * p.width)) / NS
        b.covered += held
        b.sum += adds * held
        b.status = max(b.status, quality)


@called
def cover(p: Record, st: Record, until: int, buckets: Array, permits: Array) -> None:
    """Let the last value count until ``until``, in each bucket that it held in and that is still in the window."""
    if not st.seen or until <= st.source or not np.isfinite(st.last):
        return
    quality = status(st.quality)
    if not permits[quality, HOLD]:
        return
    adds = speed(p, st)
    if p.width == 0:  # time in one go
        st.sum += adds / NS * (until - st.source)
        return
    index, last = st.source // p.width, (until - 1) // p.width
    if index != last:
        spread(p, st, until, adds, quality, buckets)
        return
    held = (until - st.source) / NS
    b = buckets[p.first + index % p.count]
    renew(b, index)
    b.covered += held
    b.sum += adds * held
    b.status = max(b.status, quality)


@called
def gather(p: Record, st: Record, index: int, buckets: Array) -> None:
    """What the closed buckets hold together; the oldest apart."""
    st.sum, st.covered, st.square, st.worst, st.bucket = 0.0, 0.0, -np.inf, 0, index
    for i in range(index - p.count + 2, index):
        b = buckets[p.first + i % p.count]
        if b.index == i:
            st.sum += b.sum
            st.covered += b.covered
            st.worst = max(st.worst, b.status)
            if p.kind == PEAK and b.count > 0:
                st.square = max(st.square, b.sum)


@called
def is_in(value: float, p: Record, lists: Array) -> int:
    for k in range(p.values, p.values + p.listed):
        if np.rint(value) == lists[k]:
            return INSIDE
    return OUTSIDE


@part
def counted(st: Record, value: float) -> float:
    """What a meter counted since it was last seen."""
    grown = value - st.mean if st.count else 0.0
    st.mean, st.count = value, 1
    return grown if grown >= 0.0 else max(value, 0.0)


@called
def entered(p: Record, st: Record, value: float, lists: Array) -> float:
    before, st.inside = st.inside, is_in(value, p, lists)
    return 1.0 if before == OUTSIDE and st.inside == INSIDE else 0.0


@part
def turned(p: Record, st: Record, x: float) -> float:
    """1 where the signal has come back from its last extreme by the band."""
    if not st.count:
        st.count, st.up, st.down = 1, x, x
    st.up, st.down = max(st.up, x), min(st.down, x)
    if st.turn >= 0 and st.up - x >= p.slack:
        known, st.turn, st.down = st.turn, -1, x
        return 1.0 if known else 0.0
    if st.turn <= 0 and x - st.down >= p.slack:
        known, st.turn, st.up = st.turn, 1, x
        return 1.0 if known else 0.0
    return 0.0


@part
def add(p: Record, st: Record, b: Record, value: float) -> None:
    if p.kind == TOTAL and p.mode != FLOW:
        b.sum += counted(st, value) if p.mode == COUNTER else value
    elif p.kind == PEAK:
        b.sum = p.side * value if b.count == 0 else max(b.sum, p.side * value)
    elif p.kind == OSCILLATION:
        b.sum += turned(p, st, value)
    b.count += 1


@called
def over_window(
    p: Record, st: Record, row: Record, quality: int, lists: Array, buckets: Array
) -> tuple[float, int]:
    """The number, upwards beyond, and its status: UNCERTAIN at best while too little of the window is known."""
    index = row.source // p.width
    if index != st.bucket:
        gather(p, st, index, buckets)
    b = buckets[p.first + index % p.count]
    renew(b, index)
    if p.kind == STARTS:
        b.sum += entered(p, st, row.value, lists)
    add(p, st, b, row.value)
    b.status = max(b.status, quality)
    worst, total, covered, peak = max(st.worst, b.status), st.sum + b.sum, st.covered + b.covered, st.square
    old = buckets[p.first + (index - p.count + 1) % p.count]
    if old.index == index - p.count + 1:
        left = 1.0 - (row.source - index * p.width) / p.width if p.kind <= MEAN else 1.0
        total += left * old.sum
        covered += left * old.covered
        worst = max(worst, old.status)
        if p.kind == PEAK and old.count > 0:
            peak = max(peak, old.sum)
    window = p.width * (p.count - 1) / NS
    known = covered >= p.share * window
    if not known:
        worst = max(worst, UNCERTAIN)
    if p.kind == PEAK:
        return max(peak, b.sum), worst
    if p.kind == MEAN:
        if p.mode == ZERO:
            return total / window, worst
        return p.side * total / covered if known and covered > 0.0 else np.nan, worst
    return total, worst


# --- time in a set ----------------------------------------------------------------------------------------------------


@called
def spent(p: Record, st: Record, index: int, buckets: Array) -> float:
    """Time inside, ns, over the window or in this go."""
    if p.width == 0:
        return float(st.sum)
    total = 0.0
    for i in range(index - p.count + 1, index + 1):
        b = buckets[p.first + i % p.count]
        if b.index == i:
            total += b.sum
    return total


@part
def leaving(p: Record, index: int, buckets: Array) -> float:
    """What leaves the window when bucket ``index`` opens."""
    i = index - p.count
    b = buckets[p.first + i % p.count]
    return float(b.sum) if b.index == i else 0.0


@called
def until_longest(p: Record, st: Record, time: int, buckets: Array) -> int:
    """ns from ``time`` until the time inside reaches the longest allowed, if it stays inside."""
    if p.width == 0:
        return max(int(p.trigger - st.sum), 0)
    index, at = time // p.width, time
    total = int(spent(p, st, index, buckets))
    while total < p.trigger:
        end = (index + 1) * p.width
        if total + (end - at) >= p.trigger:
            return int(p.trigger) - total + at - time
        total += end - at - int(leaving(p, index + 1, buckets))
        at, index = end, index + 1
    return at - time


@called
def until_reset(p: Record, st: Record, time: int, buckets: Array) -> int:
    """ns from ``time`` until the time inside is less than the reset, if it stays outside."""
    if p.width == 0:
        return 0
    index, at = time // p.width, time
    total = spent(p, st, index, buckets)
    for _ in range(p.count + 1):
        if total < p.reset:
            break
        index += 1
        total -= leaving(p, index, buckets)
        at = index * p.width
    return at - time


@called
def stand(p: Record, st: Record, value: float, may_clear: int, lists: Array) -> None:
    """Inside or outside; an UNCERTAIN value outside does not end a stay."""
    now = is_in(value, p, lists)
    if now == INSIDE:
        if st.inside != INSIDE and p.width == 0:
            st.sum = 0.0
        st.inside = INSIDE
    elif may_clear or st.inside == NOWHERE:
        st.inside = OUTSIDE
