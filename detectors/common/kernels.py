# long-file: kernel
"""The common kinds' one kernel. Nearly every reading changes nothing but what is remembered: :func:`passes` finds that
with a few comparisons; all others go through :func:`detectors.common.kernels_tags.see_row`.
"""

from typing import Any

import numpy as np

from detectors._numba import carray, part, piece, pointer
from detectors.common.kernels_groups import see_group, touch
from detectors.common.kernels_tags import dress, note_deadline, roll, see_row, settle
from detectors.common.layout import BLOCK, EDGES, GROUPED, LOCAL, NONE
from detectors.common.memory import Memory, memory
from detectors.layout import DISCREPANCY, HELD, JUDGED, META_BOUND, META_EDGES, META_QUEUE, NEVER, ROW, VOTE
from detectors.machine import expire
from detectors.types import Record

UNCERTAIN_FROM = 64
# Indices of what every reading touches are unsigned: a signed one is first asked whether it counts from the end.


@part
def passes(m: Memory, tag: Record, row: Record) -> bool:
    """Take a GOOD reading that changes no condition, starts no delay and closes no bucket. False: nothing was done."""
    x, source = row.value, row.source
    if source >= tag.due or not (tag.lo < x < tag.hi) or not tag.quiet:
        return False
    if row.quality >= UNCERTAIN_FROM or row.flags & HELD:
        return False
    if tag.extras & LOCAL:
        # The middle of five is no spike if two others are near it: then so is the median.
        if not (abs(tag.v2 - tag.v1) < tag.spike and abs(tag.v2 - tag.v3) < tag.spike):
            return False
        if not abs(x - tag.rest) <= tag.band:
            tag.rest, tag.frozen_at = x, source + tag.frozen_window
        elif source >= tag.frozen_at:
            return False
        tag.v4, tag.v3, tag.v2, tag.v1 = tag.v3, tag.v2, tag.v1, x
    w = tag.window
    while w != NONE:
        win = m.windows[np.uint32(w)]
        win.sum += x
        win.age += win.close - source
        win.count += 1
        w = win.next
    tag.source, tag.received, tag.value, tag.quality = source, row.received, x, row.quality
    return True


@part
def may_roll(tag: Record, row: Record) -> bool:
    return bool(tag.quiet and tag.seen and row.quality < UNCERTAIN_FROM and not row.flags & HELD)


@piece
def end_delay(at: int, rule: int, now: int) -> None:
    """End the rule's delay if engine time has passed it; note when it can else."""
    m = memory(at)
    p, st, start = m.rules[rule], m.state[rule], m.meta[META_EDGES]
    if p.kind in (DISCREPANCY, VOTE):
        g = m.groups[p.own]
        if g.received + (st.deadline - g.source) <= now:
            expire(rule, st, g, np.nan, now, m.edges, m.meta)
        note_deadline(m, rule, g)
        return
    tag, hold = m.tags[p.tag], m.holds[p.tag]
    if hold != NEVER and st.deadline > tag.source + hold:
        return  # the value does not hold that long
    if tag.received + (st.deadline - tag.source) <= now:
        expire(rule, st, tag, np.nan, now, m.edges, m.meta)
        dress(m, p, start)
        settle(m.at, p.tag)
    note_deadline(m, rule, tag)


@piece
def scan(at: int, now: int) -> None:
    """End every delay that engine time has passed; find the next. Looks only into blocks of rules that have one."""
    m = memory(at)
    m.meta[META_BOUND] = NEVER
    for block in range(len(m.bounds)):
        if m.bounds[block] <= now:
            m.bounds[block] = NEVER
            for rule in range(block * BLOCK, min((block + 1) * BLOCK, len(m.state))):
                if m.state[rule].deadline != NEVER:
                    end_delay(m.at, rule, now)
        m.meta[META_BOUND] = min(m.meta[META_BOUND], m.bounds[block])


@piece
def see_groups(at: int) -> None:
    m = memory(at)
    for k in range(m.meta[META_QUEUE]):
        rule = m.queue[k]
        see_group(m.at, rule)
        note_deadline(m, rule, m.groups[m.rules[rule].own])
    m.meta[META_QUEUE] = 0


@part
def hand_over(m: Memory, done: int) -> int:
    """What :func:`detect` returns; the next call begins with no edges."""
    found = done * EDGES + m.meta[META_EDGES]
    m.meta[META_EDGES] = 0
    return int(found)


def detect(context: Any, rows_at: int, start: int, stop: int, now: int) -> int:
    """Judge rows ``start:stop``, then groups, then delays that ended by ``now``.

    Args:
        context: pointer to one :data:`detectors.common.layout.CONTEXT` record.
        rows_at: address of the rows.

    Returns:
        The next row to do, times :data:`detectors.common.layout.EDGES`, plus how many edges were found. The row is less
        than ``stop`` when ``edges`` is nearly full; take them and call again from there.
    """
    m = memory(carray(context, 1)[0].at)
    rows = carray(pointer(rows_at), stop, ROW)
    room = len(m.edges) - 3 * len(m.state)  # groups and the scan need at most three edges a rule
    for i in range(start, stop):
        row = rows[np.uint64(i)]
        if not row.flags & JUDGED:
            continue
        tag = m.tags[np.uint32(row.tag)]
        if not passes(m, tag, row):
            if m.meta[META_EDGES] + 4 * (m.offsets[row.tag + 1] - m.offsets[row.tag]) > room:
                return hand_over(m, i)
            if row.source >= tag.due and may_roll(tag, row):
                roll(m.at, row)
                if not passes(m, tag, row):
                    see_row(m.at, row)
            else:
                see_row(m.at, row)
        if tag.extras & GROUPED:
            touch(m.at, row)
    if m.meta[META_QUEUE] > 0:
        see_groups(m.at)
    if now >= m.meta[META_BOUND]:
        scan(m.at, now)
    return hand_over(m, stop)
