# long-file: kernel
"""The common kinds' one kernel, fused: limit, rate, state, discrepancy, vote."""

import numpy as np

from detectors._numba import kernel, part
from detectors.layout import (
    ACTIVE,
    CANNOT_TELL,
    CLEAR,
    DISCREPANCY,
    EMPTY,
    EXCLUDE,
    HELD,
    HOLD,
    JUDGED,
    LEVEL,
    META_BOUND,
    META_EDGES,
    META_QUEUE,
    NEVER,
    NEVER_JUDGED,
    NO_VOTE,
    NORMAL,
    NS,
    PENDING_OFF,
    RATE,
    SAYS_CLEAR,
    SAYS_HOLD,
    SAYS_RAISE,
    SAYS_UNKNOWN,
    STATE_IN,
    TRIP,
    VOTE,
    VOTES,
)
from detectors.machine import advance, bound, compare, expire, judge, move, sort, status
from detectors.types import Array, Record

MIN_POINTS = 3
"""fewer filled buckets than this say nothing about a slope"""


@part
def is_in(value: float, first: int, count: int, lists: Array) -> float:
    for k in range(first, first + count):
        if np.rint(value) == lists[k]:
            return 1.0
    return 0.0


@part
def slope(p: Record, last: int, buckets: Array, scratch: Array) -> tuple[float, int]:
    """Median of the slopes between all pairs of buckets (Theil 1950, Sen 1968), unit per second, and the worst status.

    NaN while fewer than three buckets are filled or they span less than half of the window.
    """
    base, n, worst = last - p.count + 1, 0, 0
    for k in range(base, last + 1):
        b = buckets[p.first + k % p.count]
        if b.index == k and b.count > 0:
            scratch[n] = (k - base) * (p.width / NS) + b.offset / b.count
            scratch[p.count + n] = b.sum / b.count
            worst = max(worst, b.status)
            n += 1
    if n < MIN_POINTS or (scratch[n - 1] - scratch[0]) * 2.0 * NS < p.width * (p.count - 1):
        return np.nan, worst
    pairs, start = 0, 2 * p.count
    for i in range(n):
        for j in range(i + 1, n):
            scratch[start + pairs] = (scratch[p.count + j] - scratch[p.count + i]) / (scratch[j] - scratch[i])
            pairs += 1
    found = scratch[start : start + pairs]
    sort(found, pairs)
    return 0.5 * (found[(pairs - 1) // 2] + found[pairs // 2]), worst


@part
def fill(p: Record, index: int, row: Record, st: int, buckets: Array) -> None:
    b = buckets[p.first + index % p.count]
    if b.index != index:
        b.index, b.sum, b.offset, b.count, b.status = index, 0.0, 0.0, 0, 0
    b.sum += row.value
    b.offset += (row.source - index * p.width) / NS
    b.count += 1
    b.status = max(b.status, st)


@part
def close_bucket(
    rule: int, p: Record, st: Record, row: Record, sig: Record, until: int, buckets: Array, permits: Array,
    scratch: Array, edges: Array, meta: Array,
) -> None:  # fmt: skip
    """Judge the slope when a row is the first beyond the open bucket, as of its end, if a value held then."""
    end = (st.bucket + 1) * p.width
    if st.bucket == EMPTY or row.source < end or end > until or not permits[status(sig.quality), HOLD]:
        return
    found, worst = slope(p, st.bucket, buckets, scratch)
    if np.isnan(found):
        return
    advance(rule, st, sig, until, end, st.rate, row.received, edges, meta)
    st.rate = found
    says = compare(p.sign * found, p.trigger, p.reset, worst, permits)
    judge(rule, p, st, says, permits[worst, CLEAR], end, sig, found, row.received, edges, meta)


@part
def see_rate(
    rule: int, p: Record, st: Record, row: Record, sig: Record, until: int, buckets: Array, permits: Array,
    scratch: Array, edges: Array, meta: Array,
) -> None:  # fmt: skip
    index, quality = row.source // p.width, status(row.quality)
    close_bucket(rule, p, st, row, sig, until, buckets, permits, scratch, edges, meta)
    advance(rule, st, sig, until, row.source, st.rate, row.received, edges, meta)
    if not permits[quality, HOLD]:
        judge(rule, p, st, SAYS_UNKNOWN, 0, row.source, row, st.rate, row.received, edges, meta)
    elif not row.flags & HELD:
        fill(p, index, row, quality, buckets)
        st.bucket = index
    if not permits[quality, CLEAR] and st.phase == PENDING_OFF:
        move(st, SAYS_HOLD, 0, row.source, 0, 0)


@part
def see_value(
    rule: int, p: Record, st: Record, row: Record, sig: Record, until: int, lists: Array, permits: Array,
    edges: Array, meta: Array,
) -> None:  # fmt: skip
    advance(rule, st, sig, until, row.source, np.nan, row.received, edges, meta)
    x, quality = p.sign * row.value, status(row.quality)
    if p.kind == STATE_IN and x == x:
        x = is_in(row.value, p.first, p.count, lists)
    says = compare(x, p.trigger, p.reset, quality, permits)
    judge(rule, p, st, says, permits[quality, CLEAR], row.source, row, np.nan, row.received, edges, meta)


@part
def remember_vote(p: Record, k: int, row: Record, votes: Array, permits: Array) -> None:
    says = compare(p.sign * row.value, p.trigger, p.reset, status(row.quality), permits)
    if says == SAYS_RAISE:
        votes[k] = VOTES
    elif says == SAYS_CLEAR:
        votes[k] = NO_VOTE


@part
def touch(
    rule: int,
    p: Record,
    st: Record,
    row: Record,
    lists: Array,
    votes: Array,
    permits: Array,
    queue: Array,
    meta: Array,
) -> None:
    """Note that a group has news; it is judged once, after the last row of the input."""
    if p.kind == VOTE:
        for k in range(p.first, p.first + p.count):
            if lists[k] == row.tag:
                remember_vote(p, k, row, votes, permits)
    if st.dirty == 0:
        st.dirty = 1
        queue[meta[META_QUEUE]] = rule
        meta[META_QUEUE] += 1


@part
def difference(p: Record, st: Record, lists: Array, signals: Array, permits: Array) -> int:
    command, feedback = signals[lists[p.first]], signals[lists[p.first + 1]]
    st.value = feedback.value
    st.quality = max(command.quality, feedback.quality)
    if p.needed:  # the numbers are two states
        x = 1.0 if np.rint(command.value) != np.rint(feedback.value) else 0.0
    else:
        x = abs(command.value - feedback.value)
    return compare(x, p.trigger, p.reset, status(st.quality), permits)


@part
def tally(p: Record, lists: Array, votes: Array, signals: Array, permits: Array) -> tuple[int, int, int, int]:
    """Votes of members that can be judged; members that cannot, and how many of those voted when last seen; members
    that do not vote now but may not clear.
    """
    yes, blind, lost, doubtful = 0, 0, 0, 0
    for k in range(p.first, p.first + p.count):
        st = status(signals[lists[k]].quality)
        if votes[k] == NEVER_JUDGED or not permits[st, HOLD]:
            blind += 1
            lost += votes[k] == VOTES
        else:
            yes += votes[k] == VOTES
            doubtful += votes[k] != VOTES and not permits[st, CLEAR]
    return yes, blind, lost, doubtful


@part
def count_votes(p: Record, st: Record, yes: int, blind: int, lost: int, doubtful: int) -> int:
    """The verdict. A failing member never clears: what only its lost vote would uphold, by the number of votes that
    was needed while it was seen, becomes unknown. Nor does a doubtful one that by coming back asks for more votes.
    """
    if blind == p.count:
        return SAYS_UNKNOWN
    needed = max(1, p.needed - blind) if p.degrade == TRIP else p.needed
    if yes >= needed:
        return SAYS_RAISE
    if p.degrade == CANNOT_TELL and yes + blind >= needed:
        return SAYS_UNKNOWN
    if p.degrade == EXCLUDE and p.count - blind < needed:
        return SAYS_UNKNOWN
    if st.phase in (ACTIVE, PENDING_OFF):
        if p.degrade == TRIP:
            needed = max(1, p.needed - (blind - lost) - doubtful)
        if lost > 0 and yes + lost >= needed:
            return SAYS_UNKNOWN
        if doubtful > 0 and p.degrade == TRIP and yes >= max(1, p.needed - blind - doubtful):
            return SAYS_HOLD
    return SAYS_CLEAR


@part
def vote(p: Record, st: Record, lists: Array, votes: Array, signals: Array, permits: Array) -> int:
    yes, blind, lost, doubtful = tally(p, lists, votes, signals, permits)
    says = count_votes(p, st, yes, blind, lost, doubtful)
    st.value, best, unknown = np.nan, -np.inf, says == SAYS_UNKNOWN
    for k in range(p.first, p.first + p.count):
        sig = signals[lists[k]]
        seen = permits[status(sig.quality), HOLD]
        if unknown and not seen:
            st.quality = sig.quality
            break
        if seen and p.sign * sig.value > best:
            best, st.value, st.quality = p.sign * sig.value, sig.value, sig.quality
    return says


@part
def see_group(
    rule: int,
    p: Record,
    st: Record,
    lists: Array,
    votes: Array,
    signals: Array,
    permits: Array,
    edges: Array,
    meta: Array,
) -> None:
    time, received = st.source, st.received
    for k in range(p.first, p.first + p.count):
        if signals[lists[k]].seen:
            time = max(time, signals[lists[k]].source)
            received = max(received, signals[lists[k]].received)
    advance(rule, st, st, NEVER, time, np.nan, received, edges, meta)
    if p.kind == VOTE:
        says = vote(p, st, lists, votes, signals, permits)
        may_clear = 0 if says == SAYS_HOLD else 1
    else:
        says = difference(p, st, lists, signals, permits)
        may_clear = permits[status(st.quality), CLEAR]
    st.source, st.received, st.dirty, st.seen = time, received, 0, 1
    judge(rule, p, st, says, may_clear, time, st, np.nan, received, edges, meta)


@part
def take(sig: Record, row: Record) -> None:
    sig.source, sig.received, sig.value = row.source, row.received, row.value
    sig.quality, sig.seen = row.quality, 1


@part
def see_row(
    row: Record, params: Array, state: Array, lists: Array, votes: Array, buckets: Array, signals: Array,
    offsets: Array, index: Array, permits: Array, edges: Array, queue: Array, scratch: Array, meta: Array,
) -> None:  # fmt: skip
    sig = signals[row.tag]
    until = sig.source + sig.hold if sig.seen and sig.hold != NEVER else NEVER
    holds, pending = permits[status(row.quality), HOLD], False
    for k in range(offsets[row.tag], offsets[row.tag + 1]):
        rule = index[k]
        p, st = params[rule], state[rule]
        if (
            p.kind == LEVEL
            and holds
            and st.phase == NORMAL
            and not st.unknown
            and not p.sign * row.value >= p.trigger
        ):
            continue  # nearly every row: all that follows would change nothing (parts cost: they count references)
        if p.kind in (LEVEL, STATE_IN):
            see_value(rule, p, st, row, sig, until, lists, permits, edges, meta)
        elif p.kind == RATE:
            see_rate(rule, p, st, row, sig, until, buckets, permits, scratch, edges, meta)
        else:
            touch(rule, p, st, row, lists, votes, permits, queue, meta)
        pending |= st.deadline != NEVER
    take(sig, row)
    if pending:
        for k in range(offsets[row.tag], offsets[row.tag + 1]):
            if params[index[k]].kind < DISCREPANCY:
                bound(state[index[k]], sig, meta)


@part
def scan(now: int, params: Array, state: Array, signals: Array, edges: Array, meta: Array) -> None:
    """End every delay that engine time has passed; find the next."""
    meta[META_BOUND] = NEVER
    for rule in range(len(state)):
        st = state[rule]
        if st.deadline == NEVER:
            continue
        p = params[rule]
        if p.kind >= DISCREPANCY:
            if st.received + (st.deadline - st.source) <= now:
                expire(rule, st, st, np.nan, now, edges, meta)
            bound(st, st, meta)
        else:
            sig = signals[p.tag]
            if sig.hold != NEVER and st.deadline > sig.source + sig.hold:
                continue  # the value does not hold that long
            if sig.received + (st.deadline - sig.source) <= now:
                expire(rule, st, sig, st.rate if p.kind == RATE else np.nan, now, edges, meta)
            bound(st, sig, meta)


@kernel
def detect(
    rows: Array, start: int, stop: int, now: int, params: Array, state: Array, lists: Array, votes: Array,
    buckets: Array, signals: Array, offsets: Array, index: Array, permits: Array, edges: Array, queue: Array,
    scratch: Array, meta: Array,
) -> int:  # fmt: skip
    """Judge rows ``start:stop``, then groups, then delays that ended by ``now``.

    Returns the next row to do: less than ``stop`` when ``edges`` is nearly full; empty it
    (``meta[META_EDGES] = 0``) and call again from there.
    """
    room = len(edges) - 3 * len(state)  # groups and the scan need at most three edges a rule
    for i in range(start, stop):
        row = rows[i]
        if not row.flags & JUDGED:
            continue
        if meta[META_EDGES] + 4 * (offsets[row.tag + 1] - offsets[row.tag]) > room:
            return i
        see_row(
            row, params, state, lists, votes, buckets, signals, offsets, index, permits, edges, queue, scratch, meta
        )  # fmt: skip
    for k in range(meta[META_QUEUE]):
        rule = queue[k]
        see_group(rule, params[rule], state[rule], lists, votes, signals, permits, edges, meta)
        bound(state[rule], state[rule], meta)
    meta[META_QUEUE] = 0
    if now >= meta[META_BOUND]:
        scan(now, params, state, signals, edges, meta)
    return stop
