"""The kernel of the learned kinds."""

import numpy as np

from detectors._numba import kernel, part
from detectors.layout import CLEAR, GOOD, HELD, HOLD, JUDGED, META_BOUND, META_EDGES, NEVER
from detectors.learned.layout import (
    ALIKE,
    CLIP,
    DAY,
    DEPARTURE,
    EXCURSION,
    FIRST_MOVE,
    HABIT,
    HABIT_HALF,
    PART_MEMORY,
    PARTS,
    REMEMBERED,
    SHAPE,
    TAILS,
)
from detectors.machine import advance, bound, compare, expire, judge, status
from detectors.types import Array, Record

LN10 = np.log(10.0)


@part
def departure(p: Record, mem: Record, x: float, teach: int) -> float:
    """Distance from the learned mean in units of the learned noise; NaN while it learns."""
    if mem.count == 0:
        mem.fast = x
    off = x - mem.fast
    noise = max(np.sqrt(mem.slow), p.floor)
    learned = mem.count >= p.learn
    if teach:
        mem.count += 1
        r = min(max(off, -CLIP * noise), CLIP * noise) if learned else off
        mem.slow += max(1.0 / mem.count, 1.0 / p.slow) * (r * r - mem.slow)
        mem.fast += max(1.0 / mem.count, 1.0 / p.fast) * r
    if not learned:
        return np.nan
    return float((abs(off) if p.side == 0 else p.side * off) / noise)


@part
def surprise(top: Array, largest: int, count: int, x: float) -> float:
    """-log10 of the probability of more than ``x``: ``largest`` of ``count`` were above ``top[0]``, with a generalised
    Pareto tail whose shape and scale give the mean and the mean square of their excesses.
    """
    over = x - top[0]
    if not over > 0.0:
        return 0.0
    mean, square = 0.0, 0.0
    for k in range(1, largest + 1):
        excess = top[k] - top[0]
        mean += excess
        square += excess * excess
    mean /= largest
    spread = square / largest - mean * mean
    if mean <= 0.0:
        return FIRST_MOVE
    shape = min(0.5 * (1.0 - mean * mean / spread), SHAPE) if spread > mean * mean else 0.0
    scale = mean * (1.0 - shape)
    tail = over / scale if shape < 1e-3 else np.log1p(shape * over / scale) / shape
    return float(tail / LN10 + np.log10(count / largest))


@part
def keep(top: Array, largest: int, x: float) -> None:
    """Put ``x`` among the largest (ascending), and drop the smallest."""
    if not x > top[0]:
        return
    k = 0
    while k < largest and top[k + 1] < x:
        top[k] = top[k + 1]
        k += 1
    top[k] = x


@part
def views(p: Record, mem: Record, x: float, source: int, day: Array, found: Array, teach: int) -> None:
    """The three numbers, each upwards and downwards, into ``found``."""
    count = mem.count + 1
    if mem.count == 0:
        mem.fast = mem.slow = mem.reference = x
    fast = mem.fast + max(1.0 / p.fast, 1.0 / count) * (x - mem.fast)
    slow = mem.slow + max(1.0 / p.slow, 1.0 / count) * (x - mem.slow)
    reference = mem.reference + max(1.0 / p.reference, 1.0 / count) * (x - mem.reference)
    hour = day[(source % DAY) * PARTS // DAY]
    found[0], found[2] = fast - slow, x - reference
    found[4] = x - hour.mean if hour.count > 0 else 0.0
    for k in range(0, TAILS, 2):
        found[k + 1] = -found[k]
    if teach:
        mem.fast, mem.slow, mem.reference = fast, slow, reference
        hour.count += 1
        hour.mean += max(1.0 / PART_MEMORY, 1.0 / hour.count) * (x - hour.mean)


@part
def remember(mem: Record, past: Array, hold: int) -> None:
    """An excursion is over ``hold`` readings after its highest."""
    if mem.peak > 0.0 and mem.count - mem.peak_at > hold:
        past[mem.next].height, past[mem.next].at = mem.peak, mem.peak_at
        mem.next = (mem.next + 1) % REMEMBERED
        mem.peak = 0.0


@part
def habit(mem: Record, past: Array, total: float, teach: int) -> float:
    """The sum, less of a surprise by every remembered excursion that was as high."""
    if total <= EXCURSION:
        return total
    seen = 0.0
    for k in range(REMEMBERED):
        if past[k].height >= ALIKE * total:
            seen += 0.5 ** ((mem.count - past[k].at) / HABIT_HALF)
    if teach and total > mem.peak:
        mem.peak, mem.peak_at = total, mem.count
    return total / (1.0 + HABIT * seen)


@part
def novelty(
    p: Record, mem: Record, x: float, source: int, tails: Array, day: Array, past: Array, found: Array, teach: int
) -> float:  # fmt: skip
    """The sum of surprises; NaN while it learns, the trigger while it still stays beyond."""
    views(p, mem, x, source, day, found, teach)
    total = 0.0
    if mem.count >= p.learn:
        for k in range(0, TAILS, 2):
            total += max(
                surprise(tails[k], p.largest, mem.count, found[k]),
                surprise(tails[k + 1], p.largest, mem.count, found[k + 1]),
            )
    remember(mem, past, p.hold)
    number = habit(mem, past, total, teach) if mem.count >= p.learn else np.nan
    if teach:
        mem.count += 1
        for k in range(TAILS):
            keep(tails[k], p.largest, found[k])
        if number >= p.trigger:
            mem.left = p.hold
        elif mem.left > 0:
            mem.left -= 1
            number = p.trigger
    elif mem.left > 0:
        number = max(number, p.trigger)
    return number


@part
def see_row(
    rule: int, p: Record, st: Record, mem: Record, row: Record, sig: Record, until: int, tails: Array, days: Array,
    pasts: Array, found: Array, permits: Array, edges: Array, meta: Array,
) -> None:  # fmt: skip
    quality = status(row.quality)
    advance(rule, st, sig, until, row.source, np.nan, row.received, edges, meta)
    number, teach = np.nan, 1 if quality == GOOD else 0
    if permits[quality, HOLD] and not row.flags & HELD and row.value == row.value and abs(row.value) < np.inf:
        if p.kind == DEPARTURE:
            number = departure(p, mem, row.value, teach)
        else:
            k = p.slot
            number = novelty(p, mem, row.value, row.source, tails[k], days[k], pasts[k], found, teach)
    says = compare(number, p.trigger, p.reset, quality, permits)
    judge(rule, p, st, says, permits[quality, CLEAR], row.source, row, np.nan, row.received, edges, meta)


@part
def scan(now: int, params: Array, state: Array, signals: Array, edges: Array, meta: Array) -> None:
    """End every delay that engine time has passed; find the next."""
    meta[META_BOUND] = NEVER
    for rule in range(len(state)):
        st, sig = state[rule], signals[params[rule].tag]
        if st.deadline == NEVER or (sig.hold != NEVER and st.deadline > sig.source + sig.hold):
            continue  # none runs, or the value does not hold that long
        if sig.received + (st.deadline - sig.source) <= now:
            expire(rule, st, sig, np.nan, now, edges, meta)
        bound(st, sig, meta)


@kernel
def learn(
    rows: Array, start: int, stop: int, now: int, params: Array, state: Array, learned: Array, tails: Array,
    days: Array, pasts: Array, signals: Array, offsets: Array, index: Array, permits: Array, edges: Array,
    found: Array, meta: Array,
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
        first, last = offsets[row.tag], offsets[row.tag + 1]
        if meta[META_EDGES] + 2 * (last - first) > room:
            return i
        sig = signals[row.tag]
        until = sig.source + sig.hold if sig.seen and sig.hold != NEVER else NEVER
        for k in range(first, last):
            rule = index[k]
            see_row(
                rule, params[rule], state[rule], learned[rule], row, sig, until, tails, days, pasts, found, permits,
                edges, meta,
            )  # fmt: skip
        sig.source, sig.received, sig.value, sig.quality, sig.seen = (
            row.source,
            row.received,
            row.value,
            row.quality,
            1,
        )
        for k in range(first, last):
            bound(state[index[k]], sig, meta)
    if now >= meta[META_BOUND]:
        scan(now, params, state, signals, edges, meta)
    return stop
