"""Parts every kernel is made of: permission comparator, delay machine, edges.

A rule is three things in a row: a **number** made from its tag or members (value, slope, membership, difference,
votes), a **comparator** with hysteresis under the permission table, and the **delay machine**. Kinds differ only in
the number; what follows it is here, once.

Event time. A tag's event time is its last source time plus the engine time gone by since that was received. Delays
are deadlines in event time: a constant lag of a device's clock neither shortens nor lengthens a delay, and readings
that come late in a burst are judged by their own times.
"""

import numpy as np

from detectors._numba import part
from detectors.layout import (
    ACTIVE,
    BAD,
    CLEAR,
    GOOD,
    HOLD,
    IS_ACTIVE,
    IS_NORMAL,
    IS_UNKNOWN,
    META_BOUND,
    META_EDGES,
    NEVER,
    NORMAL,
    PENDING_OFF,
    PENDING_ON,
    RAISE,
    SAYS_CLEAR,
    SAYS_HOLD,
    SAYS_RAISE,
    SAYS_UNKNOWN,
    UNCERTAIN,
    UNJUDGED,
)
from detectors.types import Array, Record


@part
def status(quality: int) -> int:
    # Comparisons, not a shift: numba would make the result unsigned and every index mixed with it a float.
    if quality >= 128:
        return BAD
    return UNCERTAIN if quality >= 64 else GOOD


@part
def condition(st: Record) -> int:
    if st.unknown == 1 or st.phase == UNJUDGED:
        return IS_UNKNOWN
    if st.phase in (ACTIVE, PENDING_OFF):
        return IS_ACTIVE
    return IS_NORMAL


@part
def emit(
    rule: int,
    before: int,
    st: Record,
    time: int,
    seen: Record,
    rate: float,
    received: int,
    edges: Array,
    meta: Array,
) -> None:
    after = condition(st)
    if after == before:
        return
    edge = edges[meta[META_EDGES]]
    meta[META_EDGES] += 1
    edge.rule = rule
    edge.before = before
    edge.after = after
    edge.time = time
    edge.onset = st.onset
    edge.received = received
    edge.value = seen.value
    edge.rate = rate
    edge.eta = np.nan
    edge.confidence = np.nan
    edge.quality = seen.quality


@part
def expire(rule: int, st: Record, seen: Record, rate: float, latest: int, edges: Array, meta: Array) -> None:
    """The delay is over, at its deadline, on the value that held until then."""
    before, time = condition(st), st.deadline
    st.phase = ACTIVE if st.phase == PENDING_ON else NORMAL
    st.deadline = NEVER
    emit(rule, before, st, time, seen, rate, min(seen.received + (time - seen.source), latest), edges, meta)


@part
def advance(
    rule: int,
    st: Record,
    seen: Record,
    until: int,
    time: int,
    rate: float,
    latest: int,
    edges: Array,
    meta: Array,
) -> None:
    """Let event time reach ``time``: a delay that ended before it ends, one that outlived its value stands still."""
    if st.deadline == NEVER:
        return
    if time > until:
        if st.deadline <= until:
            expire(rule, st, seen, rate, latest, edges, meta)
        else:
            st.deadline += time - until
    elif st.deadline < time:
        expire(rule, st, seen, rate, latest, edges, meta)


@part
def compare(x: float, trigger: float, reset: float, st: int, permits: Array) -> int:
    """The comparator under the permission table; NaN compares false to everything and so holds."""
    if x >= trigger and permits[st, RAISE]:
        return SAYS_RAISE
    if x < reset and permits[st, CLEAR]:
        return SAYS_CLEAR
    return SAYS_HOLD if permits[st, HOLD] else SAYS_UNKNOWN


@part
def freeze(st: Record, time: int) -> None:
    if st.unknown == 0:
        st.unknown = 1
        if st.deadline != NEVER:
            st.remaining = max(st.deadline - time, 0)
            st.deadline = NEVER


@part
def thaw(st: Record, time: int) -> None:
    if st.unknown == 1:
        st.unknown = 0
        if st.phase in (PENDING_ON, PENDING_OFF):
            st.deadline = time + st.remaining


@part
def move(st: Record, says: int, may_clear: int, time: int, on_delay: int, off_delay: int) -> None:
    """One step of the delay machine, without the clock."""
    phase = st.phase
    if says == SAYS_RAISE:
        if phase in (NORMAL, UNJUDGED):
            st.onset = time
            st.phase = PENDING_ON
            st.deadline = time + on_delay
        elif phase == PENDING_OFF:
            st.phase = ACTIVE
            st.deadline = NEVER
    elif says == SAYS_CLEAR:
        if phase in (PENDING_ON, UNJUDGED):
            st.phase = NORMAL
            st.deadline = NEVER
        elif phase == ACTIVE:
            st.phase = PENDING_OFF
            st.deadline = time + off_delay
    elif phase == PENDING_OFF and not may_clear:
        # Time must not clear what this reading may not clear: the delay starts again with the next good one.
        st.phase = ACTIVE
        st.deadline = NEVER


@part
def judge(
    rule: int, p: Record, st: Record, says: int, may_clear: int, time: int, seen: Record, rate: float, received: int,
    edges: Array, meta: Array,
) -> None:  # fmt: skip
    before = condition(st)
    if says == SAYS_UNKNOWN:
        freeze(st, time)
    else:
        thaw(st, time)
        move(st, says, may_clear, time, p.on_delay, p.off_delay)
        if st.deadline <= time:
            st.phase = ACTIVE if st.phase == PENDING_ON else NORMAL
            st.deadline = NEVER
    emit(rule, before, st, time, seen, rate, received, edges, meta)


@part
def sort(a: Array, n: int) -> None:
    """Shell sort: small, no memory, the same everywhere."""
    gap = n // 2
    while gap > 0:
        for i in range(gap, n):
            x, j = a[i], i
            while j >= gap and a[j - gap] > x:
                a[j] = a[j - gap]
                j -= gap
            a[j] = x
        gap //= 2


@part
def bound(st: Record, seen: Record, meta: Array) -> None:
    """Keep the earliest engine time at which a delay can end."""
    if st.deadline != NEVER:
        meta[META_BOUND] = min(meta[META_BOUND], seen.received + (st.deadline - seen.source))
