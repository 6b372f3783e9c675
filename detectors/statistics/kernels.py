"""The statistical kinds' one kernel: number, then comparator under the permission table, then delay machine.

What most readings need stands in the loop itself and takes records; what takes arrays is called, and only where it is
needed: an inlined part counts the references of its arrays with every reading, which is ten times the work of a chart.
"""

import numpy as np

from detectors._numba import called, kernel, part
from detectors.layout import (
    ACTIVE,
    CLEAR,
    HELD,
    HOLD,
    JUDGED,
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
)
from detectors.machine import advance, bound, compare, condition, emit, expire, judge, move, status, thaw
from detectors.statistics.charts import baseline, chart, excess, hampel, learn, page_hinkley, sample, sided
from detectors.statistics.layout import (
    BASELINE,
    DWELL,
    EXCESS,
    HAMPEL,
    INSIDE,
    OSCILLATION,
    PAGE_HINKLEY,
    PEAK,
    SETPOINT,
    STARTS,
)
from detectors.statistics.movement import at_close
from detectors.statistics.windows import cover, over_window, stand, until_longest, until_reset
from detectors.types import Array, Record


@part
def of_sample(p: Record, st: Record, x: float, may_learn: int) -> float:
    """The number of a sample, for kinds that keep no samples."""
    if np.isnan(x):
        return np.nan
    if p.kind == SETPOINT:
        return sided(p, x - p.mean)
    if p.kind == PAGE_HINKLEY:
        return page_hinkley(p, st, x)
    return chart(p, st, x, may_learn)


@part
def take(p: Record, st: Record, row: Record, x: float, measured: int) -> None:
    """Remember the reading; windows report their number in its place."""
    st.source, st.received, st.quality, st.seen, st.last = row.source, row.received, row.quality, 1, row.value
    st.linked = 1 if measured else 0
    if p.kind <= STARTS and measured:
        st.value = -x if p.kind <= PEAK and p.side < 0 else x
    elif p.kind > STARTS or not row.flags & HELD:
        st.value = row.value


@called
def judge_dwell(
    rule: int, p: Record, st: Record, row: Record, buckets: Array, permits: Array, edges: Array, meta: Array
) -> None:
    """The delay is what is left of the longest stay, or of the time until enough of it has left the window."""
    before, quality = condition(st), status(row.quality)
    thaw(st, row.source)
    over = st.phase in (ACTIVE, PENDING_OFF)
    if st.inside == INSIDE and permits[quality, RAISE]:
        wait = 0 if over else until_longest(p, st, row.source, buckets)
        move(st, SAYS_RAISE, 0, row.source, wait, 0)
        if st.phase == PENDING_ON:
            st.deadline = row.source + wait
    elif st.inside != INSIDE and permits[quality, CLEAR]:
        wait = until_reset(p, st, row.source, buckets) if over else 0
        move(st, SAYS_CLEAR, 1, row.source, 0, wait)
        if st.phase == PENDING_OFF:
            st.deadline = row.source + wait
    else:
        move(st, SAYS_HOLD, permits[quality, CLEAR], row.source, 0, 0)
    if st.deadline <= row.source:
        st.phase = ACTIVE if st.phase == PENDING_ON else NORMAL
        st.deadline = NEVER
    emit(rule, before, st, row.source, st, np.nan, row.received, edges, meta)


@part
def forecasts(st: Record, first: int, edges: Array, meta: Array) -> None:
    """The edge at ``first``, if there is one, carries the rule's eta and confidence."""
    if meta[META_EDGES] > first:
        edges[first].eta, edges[first].confidence = st.eta, st.confidence


@called
def judge_number(
    rule: int,
    p: Record,
    st: Record,
    row: Record,
    x: float,
    worst: int,
    permits: Array,
    edges: Array,
    meta: Array,
) -> None:
    """Comparator and delay machine; NaN: a reading that makes no number."""
    first, quality = meta[META_EDGES], status(row.quality)
    if not permits[quality, HOLD]:
        judge(rule, p, st, SAYS_UNKNOWN, 0, row.source, st, st.rate, row.received, edges, meta)
    elif x == x:
        says = compare(x, p.trigger, p.reset, worst, permits)
        judge(rule, p, st, says, permits[worst, CLEAR], row.source, st, st.rate, row.received, edges, meta)
    elif not permits[quality, CLEAR] and st.phase == PENDING_OFF:
        move(st, SAYS_HOLD, 0, row.source, 0, 0)
    forecasts(st, first, edges, meta)


@called
def pass_time(rule: int, st: Record, row: Record, until: int, edges: Array, meta: Array) -> None:
    """End a delay that ended before this reading."""
    first = meta[META_EDGES]
    advance(rule, st, st, until, row.source, st.rate, row.received, edges, meta)
    forecasts(st, first, edges, meta)


@called
def scan(now: int, params: Array, state: Array, edges: Array, meta: Array) -> None:
    """End every delay that engine time has passed; find the next."""
    meta[META_BOUND] = NEVER
    for rule in range(len(state)):
        p, st, first = params[rule], state[rule], meta[META_EDGES]
        if st.deadline == NEVER or (p.hold != NEVER and st.deadline > st.source + p.hold):
            continue  # the value does not hold that long
        if st.received + (st.deadline - st.source) <= now:
            expire(rule, st, st, st.rate, now, edges, meta)
            forecasts(st, first, edges, meta)
        bound(st, st, meta)


@kernel
def detect(
    rows: Array, start: int, stop: int, now: int, params: Array, state: Array, lists: Array, buckets: Array,
    samples: Array, slots: Array, offsets: Array, index: Array, permits: Array, edges: Array, scratch: Array,
    meta: Array,
) -> int:  # fmt: skip
    """Judge rows ``start:stop``, then delays that ended by ``now``.

    Returns the next row to do: less than ``stop`` when ``edges`` is nearly full; empty it
    (``meta[META_EDGES] = 0``) and call again from there.
    """
    room = len(edges) - len(state)  # the scan needs at most one edge a rule
    for i in range(start, stop):
        row = rows[i]
        if not row.flags & JUDGED:
            continue
        if meta[META_EDGES] + 2 * (offsets[row.tag + 1] - offsets[row.tag]) > room:
            return i
        quality = status(row.quality)
        holds, clears = permits[quality, HOLD], permits[quality, CLEAR]
        measured = holds and row.flags & HELD == 0 and np.isfinite(row.value)
        for k in range(offsets[row.tag], offsets[row.tag + 1]):
            rule = index[k]
            p, st = params[rule], state[rule]
            until = st.source + p.hold if st.seen and p.hold != NEVER else NEVER
            if st.deadline != NEVER:
                pass_time(rule, st, row, until, edges, meta)
            if p.kind <= DWELL:
                cover(p, st, min(row.source, until), buckets, permits)
            x, worst = np.nan, quality
            if measured:
                if p.kind <= OSCILLATION:
                    x, worst = over_window(p, st, row, quality, lists, buckets)
                elif p.kind == DWELL:
                    stand(p, st, row.value, clears, lists)
                elif p.kind <= HAMPEL:
                    x, worst = sample(p, st, row, quality)
                    if p.kind == HAMPEL:
                        x = hampel(p, st, x, samples, scratch)
                    else:
                        x = of_sample(p, st, x, permits[worst, CLEAR])
                elif p.kind == BASELINE:
                    x = baseline(p, st, row, slots)
                elif p.kind == EXCESS:
                    x = excess(p, st, row, clears, buckets, scratch)
                else:
                    x, worst = at_close(p, st, row, quality, buckets, scratch)
            take(p, st, row, x, measured)
            if measured and p.kind == DWELL:
                judge_dwell(rule, p, st, row, buckets, permits, edges, meta)
            elif st.unknown or st.phase != NORMAL or x >= p.trigger or not holds:  # else nothing can change
                judge_number(rule, p, st, row, x, worst, permits, edges, meta)
            if measured and p.kind == BASELINE and clears:
                learn(p, st, row, x, slots)
            bound(st, st, meta)
    if now >= meta[META_BOUND]:
        scan(now, params, state, edges, meta)
    return stop
