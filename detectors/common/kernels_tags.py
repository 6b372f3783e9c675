# long-file: kernel
"""Kinds that look at one tag, judged row by row: what the kernel does with a reading that may change something."""

import numpy as np

from detectors._numba import part, piece
from detectors.common.kernels_slopes import TREND_POINTS, at_rest, gather, slope, spans, surely_below, trend
from detectors.common.layout import BLOCK, FROZEN, LOCAL, MIN_POINTS, NONE, TREND
from detectors.common.memory import Memory, memory
from detectors.layout import (
    ACTIVE,
    CLEAR,
    GOOD,
    HELD,
    HOLD,
    IS_UNKNOWN,
    LEVEL,
    META_BOUND,
    META_EDGES,
    NEVER,
    NORMAL,
    NS,
    PENDING_OFF,
    RATE,
    SAYS_HOLD,
    SAYS_UNKNOWN,
    STATE_IN,
    UNCERTAIN,
)
from detectors.machine import advance, compare, judge, move, sort, status
from detectors.types import Record

TREND_SPAN = 0.75
"""and this part of the window between the first and the last"""
RATE_SPAN = 0.5


@part
def is_in(m: Memory, p: Record, value: float) -> float:
    for k in range(p.first, p.first + p.count):
        if np.rint(value) == m.lists[k]:
            return 1.0
    return 0.0


@part
def windowed(p: Record) -> bool:
    return bool(p.kind in (RATE, TREND))


@part
def note_deadline(m: Memory, rule: int, seen: Record) -> None:
    """Keep the earliest engine time at which a delay can end."""
    deadline = m.state[rule].deadline
    if deadline != NEVER:
        when = seen.received + (deadline - seen.source)
        m.bounds[rule // BLOCK] = min(m.bounds[rule // BLOCK], when)
        m.meta[META_BOUND] = min(m.meta[META_BOUND], when)


@part
def dress(m: Memory, p: Record, start: int) -> None:
    """Give the edges from ``start`` on what is known of the slope."""
    if windowed(p):
        for k in range(start, m.meta[META_EDGES]):
            if m.edges[k].after != IS_UNKNOWN:
                number = m.numbers[p.own]
                m.edges[k].rate, m.edges[k].eta = number.rate, number.eta
                m.edges[k].confidence = number.confidence


# --- windows ----------------------------------------------------------------------------------------------------------


@part
def indifferent(m: Memory, st: Record) -> bool:
    """A number that is far from the trigger would change nothing, whatever the quality it is known with."""
    return bool(
        st.phase == NORMAL and not st.unknown and m.permits[GOOD, HOLD] and m.permits[UNCERTAIN, HOLD]
    )


@part
def stays(m: Memory, rule: int, w: int) -> bool:
    """As of the end of a bucket, a rate or trend is normal and stays so, by far."""
    p = m.rules[rule]
    if not (indifferent(m, m.state[rule]) and at_rest(m, p, w)):
        return False
    if p.kind == TREND:
        number = m.numbers[p.own]
        number.rate, number.eta, number.confidence = np.nan, np.nan, 0.0
    return True


@piece
def judge_slope(at: int, rule: int, win: Record, end: int, tag: Record, until: int, received: int) -> None:
    """One rate or trend as of the end of a bucket."""
    m = memory(at)
    p, st = m.rules[rule], m.state[rule]
    n, worst = gather(m.at, win, p.count)
    t, y, spare = m.scratch, m.scratch[p.count :], m.scratch[2 * p.count :]
    number = m.numbers[p.own]
    known = st.phase == NORMAL and not st.unknown and m.permits[worst, HOLD]
    if p.kind == RATE:
        if not spans(t, n, MIN_POINTS, RATE_SPAN, p, win):
            return
        if known and surely_below(t, y, n, p.sign, p.trigger, spare):
            return
        start = m.meta[META_EDGES]
        advance(rule, st, tag, until, end, np.nan, received, m.edges, m.meta)
        dress(m, p, start)
        number.rate = slope(t, y, n, spare)
        x = p.sign * number.rate
    else:
        if not spans(t, n, TREND_POINTS, TREND_SPAN, p, win):
            return
        start = m.meta[META_EDGES]
        advance(rule, st, tag, until, end, np.nan, received, m.edges, m.meta)
        dress(m, p, start)
        trend(t, y, n, p, st, number, spare)
        x = number.confidence
    start = m.meta[META_EDGES]
    says = compare(x, p.trigger, p.reset, worst, m.permits)
    judge(rule, p, st, says, m.permits[worst, CLEAR], end, tag, np.nan, received, m.edges, m.meta)
    dress(m, p, start)


@part
def seal(m: Memory, w: int) -> None:
    """Put the open bucket into its slot."""
    win, r = m.windows[w], m.reaches[w]
    mean = win.sum / win.count
    if not r.low <= mean <= r.high:
        r.low, r.high = min(r.low, mean), max(r.high, mean)  # (a sum of finite numbers is never NaN)
    m.means[win.first + win.slot] = mean
    m.ages[win.first + win.slot] = win.age / win.count / NS
    win.doubt &= ~(1 << win.slot)
    if win.doubtful:
        win.doubt |= 1 << win.slot
    win.count = 0


@piece
def close_windows(at: int, tag: Record, row: Record, until: int) -> None:
    """Close the buckets that a row is the first beyond, and judge the slopes as of their ends, if a value held then."""
    m = memory(at)
    w = tag.window
    while w != NONE:
        win = m.windows[w]
        if win.count > 0 and row.source >= win.close:
            seal(m, w)
            if win.close <= until and m.permits[status(tag.quality), HOLD]:
                for k in range(m.offsets[row.tag], m.offsets[row.tag + 1]):
                    if not windowed(m.rules[m.index[k]]):
                        break  # the sloped come first
                    if m.rules[m.index[k]].window == w and not stays(m, m.index[k], w):
                        judge_slope(m.at, m.index[k], win, win.close, tag, until, row.received)
        w = win.next


@part
def open_bucket(m: Memory, win: Record, source: int) -> None:
    """The bucket of ``source`` opens; those between it and the last one stay empty."""
    close, slot = win.close + win.width, win.slot + 1 if win.slot + 1 < win.slots else 0
    if not win.close <= source < close:  # nearly never: divisions are what this costs
        close = (source // win.width + 1) * win.width
        for _ in range(min((close - win.close) // win.width - 1, win.slots)):
            m.means[win.first + slot], win.whole = np.nan, 0
            slot = slot + 1 if slot + 1 < win.slots else 0
        slot = (close // win.width - 1) % win.slots
    win.slot = slot
    win.close, win.sum, win.age, win.doubtful = close, 0.0, 0, 0


@part
def fill(m: Memory, tag: Record, row: Record, quality: int) -> None:
    w = tag.window
    while w != NONE:
        win = m.windows[w]
        if win.count == 0:
            open_bucket(m, win, row.source)
        win.sum += row.value
        win.age += win.close - row.source
        win.count += 1
        if quality != GOOD:
            win.doubtful = 1
        w = win.next


# --- spike, frozen ----------------------------------------------------------------------------------------------------


@part
def spike_size(m: Memory, tag: Record, value: float) -> float:
    """How far the middle of the last five good values is from their median; NaN while there are not five."""
    if tag.v4 != tag.v4:
        return np.nan
    five = m.scratch
    five[0], five[1], five[2], five[3], five[4] = value, tag.v1, tag.v2, tag.v3, tag.v4
    sort(five, 5)
    return float(abs(tag.v2 - five[2]))


@part
def rests(tag: Record, row: Record) -> float:
    """1 while the value has not moved for as long as its window."""
    if not abs(row.value - tag.rest) <= tag.band:
        tag.rest, tag.frozen_at = row.value, row.source + tag.frozen_window
    return 1.0 if row.source >= tag.frozen_at else 0.0


@part
def number_of(m: Memory, p: Record, tag: Record, row: Record, quality: int) -> float:
    """The number of a rule that is judged row by row."""
    x = p.sign * row.value
    if p.kind == LEVEL or x != x:
        return float(x)
    if p.kind == STATE_IN:
        return is_in(m, p, row.value)
    if row.flags & HELD or not m.permits[quality, HOLD]:
        return np.nan
    if p.kind == FROZEN:
        return rests(tag, row)
    return spike_size(m, tag, row.value) if quality == GOOD else np.nan


# --- one row ----------------------------------------------------------------------------------------------------------


@piece
def judge_row(at: int, rule: int, tag: Record, row: Record, until: int, quality: int) -> None:
    m = memory(at)
    p, st, start = m.rules[rule], m.state[rule], m.meta[META_EDGES]
    advance(rule, st, tag, until, row.source, np.nan, row.received, m.edges, m.meta)
    dress(m, p, start)
    says = SAYS_UNKNOWN
    if windowed(p):
        if m.permits[quality, HOLD]:
            if not m.permits[quality, CLEAR] and st.phase == PENDING_OFF:
                move(st, SAYS_HOLD, 0, row.source, 0, 0)
            return
    else:
        x = number_of(m, p, tag, row, quality)
        says = compare(x, p.trigger, p.reset, quality, m.permits)
    judge(
        rule, p, st, says, m.permits[quality, CLEAR], row.source, row, np.nan, row.received, m.edges, m.meta
    )


@part
def shift_values(tag: Record, value: float) -> None:
    tag.v4, tag.v3, tag.v2, tag.v1 = tag.v3, tag.v2, tag.v1, value


@part
def take(tag: Record, row: Record) -> None:
    tag.source, tag.received, tag.value = row.source, row.received, row.value
    tag.quality, tag.seen = row.quality, 1


@part
def narrow(m: Memory, p: Record, st: Record, tag: Record) -> None:
    """Keep the tag's band to values that change nothing in a limit or state rule."""
    if p.kind == LEVEL:
        bar = p.sign * (p.trigger if st.phase == NORMAL else p.reset)
        if (p.sign > 0.0) == (st.phase == NORMAL):
            tag.hi = min(tag.hi, bar)
        else:
            tag.lo = max(tag.lo, bar)
    else:
        cell = np.rint(tag.value)
        if (is_in(m, p, cell) == 1.0) != (st.phase == ACTIVE) or cell != cell:
            tag.quiet = 0
        tag.lo, tag.hi = max(tag.lo, cell - 0.5), min(tag.hi, cell + 0.5)


@piece
def settle(at: int, which: int) -> None:
    """Find what a next GOOD reading of the tag may be without changing anything."""
    m = memory(at)
    tag = m.tags[which]
    tag.lo, tag.hi, tag.quiet = -np.inf, np.inf, m.permits[GOOD, HOLD]
    for k in range(m.offsets[which], m.offsets[which + 1]):
        p, st = m.rules[m.index[k]], m.state[m.index[k]]
        if windowed(p):
            tag.quiet &= st.deadline == NEVER
        elif st.unknown or st.phase not in (NORMAL, ACTIVE):
            tag.quiet = 0
        elif p.kind in (LEVEL, STATE_IN):
            narrow(m, p, st, tag)
        else:
            tag.quiet &= st.phase == NORMAL
    w, tag.due = tag.window, NEVER
    while w != NONE:
        win = m.windows[w]
        tag.due = min(tag.due, win.close if win.count > 0 else 0)
        w = win.next


@piece
def roll(at: int, row: Record) -> None:
    """A GOOD reading is the first beyond a bucket of a tag at rest: close it, open the next."""
    m = memory(at)
    tag, hold, start = m.tags[row.tag], m.holds[row.tag], m.meta[META_EDGES]
    close_windows(m.at, tag, row, tag.source + hold if hold != NEVER else NEVER)
    w, tag.due = tag.window, NEVER
    while w != NONE:
        win = m.windows[w]
        if win.count == 0:
            open_bucket(m, win, row.source)
        tag.due = min(tag.due, win.close)
        w = win.next
    for k in range(m.offsets[row.tag], m.offsets[row.tag + 1]):
        if not windowed(m.rules[m.index[k]]):
            break
        if m.state[m.index[k]].deadline != NEVER:
            tag.quiet = 0
    if m.meta[META_EDGES] != start:
        tag.quiet = 0


@piece
def see_row(at: int, row: Record) -> None:
    """A reading that may change something: every rule on its tag alone, exactly."""
    m = memory(at)
    tag, quality = m.tags[row.tag], status(row.quality)
    hold = m.holds[row.tag]
    until = tag.source + hold if tag.seen and hold != NEVER else NEVER
    close_windows(m.at, tag, row, until)
    for k in range(m.offsets[row.tag], m.offsets[row.tag + 1]):
        judge_row(m.at, m.index[k], tag, row, until, quality)
    if m.permits[quality, HOLD] and not row.flags & HELD and np.isfinite(row.value):
        fill(m, tag, row, quality)
        if tag.extras & LOCAL and quality == GOOD:
            shift_values(tag, row.value)
    take(tag, row)
    for k in range(m.offsets[row.tag], m.offsets[row.tag + 1]):
        note_deadline(m, m.index[k], tag)
    settle(m.at, row.tag)
