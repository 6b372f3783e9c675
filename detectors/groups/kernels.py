# long-file: kernel
"""The groups' one kernel: every kind makes a number of its members; comparator and delay machine are everyone's."""

import numpy as np

from detectors._numba import kernel, part
from detectors.groups.layout import (
    BALANCE,
    BOTH,
    CANNOT_TELL,
    DEVIATION,
    DOUBTFUL,
    EMPTY,
    EXPRESSION,
    FROM_MEDIAN,
    LOW,
    MOVING_LIMIT,
    MULTIVARIATE,
    NOT_A_NUMBER,
    NOT_SET,
    Q_ONLY,
    SPREAD,
    STATE_LIMIT,
    T2_ONLY,
)
from detectors.groups.learn import finish, learn_means, smoothed, statistics, take_sample
from detectors.groups.window import begin, imbalance, open_cell, pour, sample
from detectors.interpreter import evaluate
from detectors.layout import (
    ACTIVE,
    CLEAR,
    HOLD,
    JUDGED,
    META_BOUND,
    META_QUEUE,
    NEVER,
    PENDING_OFF,
    SAYS_CLEAR,
    SAYS_HOLD,
    SAYS_UNKNOWN,
)
from detectors.machine import advance, bound, compare, expire, judge, move, sort, status
from detectors.types import Array, Record

NOT_YET = 9
"""there is no number to judge"""


@part
def worst(p: Record, lists: Array, signals: Array) -> int:
    """Highest quality byte of the members: a higher byte is never better."""
    found = 0
    for k in range(p.first, p.first + p.count):
        found = max(found, int(signals[lists[k]].quality))
    return found


@part
def beyond_is_up(p: Record, x: float) -> float:
    if p.side == BOTH:
        return abs(x)
    return -x if p.side == LOW else x


@part
def difference(p: Record, st: Record, lists: Array, signals: Array) -> None:
    value, other = signals[lists[p.first]].value, signals[lists[p.first + 1]].value
    st.value = (value - (p.gain * other + p.offset)) * p.factor


@part
def spread(p: Record, st: Record, lists: Array, signals: Array, permits: Array, scratch: Array) -> None:
    n, found = 0, 0
    for k in range(p.first, p.first + p.count):
        sig = signals[lists[k]]
        if permits[status(sig.quality), HOLD]:
            scratch[n] = sig.value
            found = max(found, int(sig.quality))
            n += 1
    if n < p.least:
        st.value, st.quality = np.nan, worst(p, lists, signals)
        return
    # A sensor that failed must not clear what it had raised.
    st.quality = found if n == p.count else max(found, DOUBTFUL)
    sort(scratch, n)
    if p.mode == FROM_MEDIAN:
        middle = 0.5 * (scratch[(n - 1) // 2] + scratch[n // 2])
        st.value = max(scratch[n - 1] - middle, middle - scratch[0])
    else:
        st.value = scratch[n - 1] - scratch[0]


@part
def of_state(p: Record, st: Record, lists: Array, signals: Array, cases: Array, permits: Array) -> int:
    """What a state limit says."""
    tag, selector = signals[lists[p.first]], signals[lists[p.first + 1]]
    st.value, st.quality = tag.value, max(tag.quality, selector.quality)
    trigger, reset, known = p.trigger, p.reset, False
    if permits[status(selector.quality), HOLD]:
        for k in range(p.own, p.own + p.size):
            if cases[k].state == np.rint(selector.value):
                if cases[k].free:
                    may = permits[status(st.quality), CLEAR]
                    held = permits[status(st.quality), HOLD]
                    return SAYS_CLEAR if may else SAYS_HOLD if held else SAYS_UNKNOWN
                trigger, reset, known = cases[k].trigger, cases[k].reset, True
        if not known and p.mode == CANNOT_TELL:
            st.quality = NOT_SET
    elif p.mode != CANNOT_TELL and permits[status(tag.quality), HOLD]:
        st.quality = max(int(tag.quality), DOUBTFUL)
    return compare(beyond_is_up(p, tag.value), trigger, reset, status(st.quality), permits)


@part
def learned(
    p: Record, st: Record, time: int, lists: Array, signals: Array, pool: Array, scratch: Array, square: Array
) -> int:
    """Learn from the members, or judge them. Returns 1 if there is a number."""
    if st.mark != EMPTY and time - st.mark < p.width:
        return 0
    for k in range(p.count):
        scratch[k] = signals[lists[p.first + k]].value
    if st.learned == 0:
        if st.quality < 64:
            st.since = time if st.since == EMPTY else st.since
            st.mark = time
            take_sample(p, st, scratch, pool)
            if time - st.since >= p.bridge and st.samples >= p.least:
                finish(p, st, pool, square)
        return 0
    st.mark = time
    if p.split > 0 and st.phase == ACTIVE and pool[p.own + 3] >= 0.0:
        if st.quality < 64:
            learn_means(p, st, scratch, pool)  # after a change: what it is like from now on
        return 0
    t2, q = statistics(p, st, scratch, pool)
    x = t2 if p.mode == T2_ONLY else q if p.mode == Q_ONLY else max(t2, q)
    st.value = smoothed(p, st, pool, x)
    if st.phase != ACTIVE or st.value >= p.trigger:
        pool[p.own + 3] = 0.0
    return 1


@part
def see_window(
    rule: int, p: Record, st: Record, time: int, received: int, lists: Array, signals: Array, cells: Array,
    permits: Array, edges: Array, meta: Array,
) -> None:  # fmt: skip
    """A sample of a balance: close every cell that it reaches beyond, each judged at its own end."""
    quality = worst(p, lists, signals)
    now = status(quality)
    volume, net, gross = sample(p, lists, signals)
    if st.mark == EMPTY or time - st.mark > p.bridge:
        st.volume = volume
        begin(p, st, time, now, cells)
    else:
        at, limit, of_both = st.mark, time, max(now, int(st.doubt))
        while at < limit:
            stop = min((at // p.width + 1) * p.width, limit)
            pour(p, st, cells, at, stop, time, volume, net, gross, of_both)
            if stop % p.width == 0:
                found, doubt = imbalance(p, at // p.width, cells)
                open_cell(p, cells, stop // p.width, 1)
                if found == found:
                    advance(rule, st, st, NEVER, stop, np.nan, received, edges, meta)
                    st.value, st.quality = found, quality
                    says = compare(beyond_is_up(p, found), p.trigger, p.reset, doubt, permits)
                    judge(rule, p, st, says, permits[doubt, CLEAR], stop, st, np.nan, received, edges, meta)
            at = stop
    st.mark, st.volume, st.net, st.gross = time, volume, net, gross
    st.quality, st.doubt = quality, now


@part
def of_members(
    p: Record, st: Record, time: int, lists: Array, signals: Array, cases: Array, code: Array, points: Array,
    pool: Array, permits: Array, scratch: Array, square: Array,
) -> int:  # fmt: skip
    """Number and quality of all kinds but the balance, and what they say; NOT_YET when nothing is to be judged."""
    if p.kind == SPREAD:
        spread(p, st, lists, signals, permits, scratch)
        return compare(st.value, p.trigger, p.reset, status(st.quality), permits)
    if p.kind == STATE_LIMIT:
        return of_state(p, st, lists, signals, cases, permits)
    st.quality = worst(p, lists, signals)
    if not permits[status(st.quality), HOLD]:
        st.value = np.nan
        return SAYS_UNKNOWN
    if p.kind in (DEVIATION, MOVING_LIMIT):
        difference(p, st, lists, signals)
    elif p.kind == EXPRESSION:
        st.value = evaluate(code, p.own, p.own + p.size, signals, lists, p.first, points, scratch)
        if not np.isfinite(st.value):
            st.quality = NOT_A_NUMBER
    elif p.kind == MULTIVARIATE and not learned(p, st, time, lists, signals, pool, scratch, square):
        return NOT_YET
    return compare(beyond_is_up(p, st.value), p.trigger, p.reset, status(st.quality), permits)


@part
def rest(
    rule: int, p: Record, st: Record, time: int, received: int, permits: Array, edges: Array, meta: Array
) -> None:
    """An input that brings no number: BAD is unknown all the same, UNCERTAIN stops an off-delay."""
    quality = status(st.quality)
    if not permits[quality, HOLD]:
        judge(rule, p, st, SAYS_UNKNOWN, 0, time, st, np.nan, received, edges, meta)
    elif not permits[quality, CLEAR] and st.phase == PENDING_OFF:
        move(st, SAYS_HOLD, 0, time, 0, 0)


@part
def see_group(
    rule: int, p: Record, st: Record, lists: Array, signals: Array, cases: Array, code: Array, points: Array,
    pool: Array, cells: Array, permits: Array, scratch: Array, square: Array, edges: Array, meta: Array,
) -> None:  # fmt: skip
    time, received = st.source, st.received
    for k in range(p.first, p.first + p.count):
        sig = signals[lists[k]]
        if sig.seen:
            time, received = max(time, sig.source), max(received, sig.received)
    if p.kind == BALANCE:
        if permits[status(worst(p, lists, signals)), HOLD]:
            see_window(rule, p, st, time, received, lists, signals, cells, permits, edges, meta)
        else:
            st.quality = worst(p, lists, signals)
        advance(rule, st, st, NEVER, time, np.nan, received, edges, meta)
        st.source, st.received, st.dirty, st.seen = time, received, 0, 1
        rest(rule, p, st, time, received, permits, edges, meta)
        return
    advance(rule, st, st, NEVER, time, np.nan, received, edges, meta)
    says = of_members(p, st, time, lists, signals, cases, code, points, pool, permits, scratch, square)
    st.source, st.received, st.dirty, st.seen = time, received, 0, 1
    if says == NOT_YET:
        rest(rule, p, st, time, received, permits, edges, meta)
    else:
        may_clear = permits[status(st.quality), CLEAR]
        judge(rule, p, st, says, may_clear, time, st, np.nan, received, edges, meta)


@part
def scan(now: int, state: Array, edges: Array, meta: Array) -> None:
    """End every delay that engine time has passed; find the next."""
    meta[META_BOUND] = NEVER
    for rule in range(len(state)):
        st = state[rule]
        if st.deadline != NEVER:
            if st.received + (st.deadline - st.source) <= now:
                expire(rule, st, st, np.nan, now, edges, meta)
            bound(st, st, meta)


@kernel
def detect(
    rows: Array, count: int, now: int, params: Array, state: Array, lists: Array, signals: Array, cases: Array,
    code: Array, points: Array, pool: Array, cells: Array, offsets: Array, index: Array, permits: Array,
    edges: Array, queue: Array, scratch: Array, square: Array, meta: Array,
) -> None:  # fmt: skip
    """Take the first ``count`` rows, judge every group they touch once, then delays that ended by ``now``."""
    for i in range(count):
        row = rows[i]
        if not row.flags & JUDGED:
            continue
        sig = signals[row.tag]
        sig.source, sig.received, sig.value = row.source, row.received, row.value
        sig.quality, sig.seen = row.quality, 1
        for k in range(offsets[row.tag], offsets[row.tag + 1]):
            if state[index[k]].dirty == 0:
                state[index[k]].dirty = 1
                queue[meta[META_QUEUE]] = index[k]
                meta[META_QUEUE] += 1
    for k in range(meta[META_QUEUE]):
        rule = queue[k]
        see_group(
            rule, params[rule], state[rule], lists, signals, cases, code, points, pool, cells, permits, scratch,
            square, edges, meta,
        )  # fmt: skip
        bound(state[rule], state[rule], meta)
    meta[META_QUEUE] = 0
    if now >= meta[META_BOUND]:
        scan(now, state, edges, meta)
