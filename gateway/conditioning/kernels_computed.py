"""The kernel of computed tags: judged rows of inputs in, rows of computed tags behind them.

A computed tag is worked out once for each source time of its inputs within one engine input: when a newer row of an
input comes, or the rows end. Then it has the values of all its inputs as of that moment, in the order of arrival, and
not a mixture of two polls. Computed tags that it depends on go first.
"""

import numpy as np

from detectors.interpreter import evaluate
from gateway.conditioning._numba import kernel, part
from gateway.conditioning.layout import BLIND, HELD, ILL, INHERITED, JUDGED, OK, TO_BAD, TO_OK
from gateway.conditioning.types import Array, Record
from gateway.model.quality import Quality
from gateway.model.times import NEVER

BAD_FROM = 128
NOT_A_NUMBER = int(Quality.NOT_A_NUMBER)


@part
def note(row: Record, st: Record, inherited: int) -> None:
    """Tell an edge of the tag's health; bad for another reason, of its own or of an input, is one too."""
    health = OK
    if row.quality >= BAD_FROM:
        health = BLIND if inherited else ILL
        row.flags |= INHERITED * inherited
    if st.health != health:
        row.flags |= TO_OK if health == OK else TO_BAD
        st.health = health


@part
def work_out(
    row: Record, p: Record, st: Record, wait: Record, members: Array, code: Array, points: Array, latest: Array,
    stack: Array,
) -> None:  # fmt: skip
    """The row of one computed tag from its inputs as they are."""
    worst = 0
    for k in range(p.first, p.first + p.count):
        worst = max(worst, int(latest[members[k]].quality))
    row.tag, row.quality, row.flags, row.value = p.tag, worst, JUDGED | (HELD * wait.held), np.nan
    # Its time never stands still, even where one input's clock is behind another's.
    row.source, row.received = max(wait.time, st.order + 1), wait.received
    if worst < BAD_FROM:
        row.value = evaluate(code, p.start, p.stop, latest, members, p.first, points, stack)
        if not np.isfinite(row.value):
            row.value, row.quality = np.nan, NOT_A_NUMBER
    note(row, st, 1 if worst >= BAD_FROM else 0)
    st.order = st.source = row.source
    st.received, st.value, st.quality = row.received, row.value, row.quality


@part
def remember(latest: Array, row: Record) -> None:
    seen = latest[row.tag]
    seen.source, seen.value, seen.quality = row.source, row.value, row.quality


@part
def flush(
    which: int, rows: Array, count: int, params: Array, state: Array, waits: Array, before: Array, offsets: Array,
    members: Array, code: Array, points: Array, latest: Array, stack: Array,
) -> int:  # fmt: skip
    """Work out a computed tag, and before it those it depends on that wait too. Returns the rows there are now."""
    for k in range(offsets[which], offsets[which + 1]):
        wait, p = waits[before[k]], params[before[k]]
        if wait.time != NEVER:
            work_out(rows[count], p, state[p.tag], wait, members, code, points, latest, stack)
            remember(latest, rows[count])
            wait.time = NEVER
            count += 1
    return count


@part
def touch(which: int, row: Record, waits: Array, queue: Array, queued: int) -> int:
    """An input has a new row. Returns how long the queue is now."""
    wait, held = waits[which], 1 if row.flags & HELD else 0
    if wait.time == NEVER:
        wait.time, wait.received, wait.held = row.source, row.received, held
    else:
        wait.time, wait.received = max(wait.time, row.source), max(wait.received, row.received)
        wait.held *= held
    if wait.queued == 0:
        wait.queued = 1
        queue[queued] = which
        queued += 1
    return queued


@kernel
def compute(
    rows: Array, count: int, params: Array, state: Array, waits: Array, users: Array, user_offsets: Array,
    before: Array, before_offsets: Array, members: Array, code: Array, points: Array, latest: Array, queue: Array,
    stack: Array,
) -> int:  # fmt: skip
    """Append the rows of computed tags behind the ``count`` conditioned rows.

    Args:
        rows: has room for one row more for each (row, computed tag that depends on its tag).
        users: computed tags that depend on tag i, directly or not: ``users[user_offsets[i]:user_offsets[i + 1]]``.
        before: those that computed tag c depends on, and itself, in order: ``before[before_offsets[c]:...]``.
        latest: last judged row of every tag, before and after.

    Returns:
        How many rows there are now.
    """
    queued, total = 0, count
    for i in range(count):
        row = rows[i]
        if not row.flags & JUDGED:
            continue
        for k in range(user_offsets[row.tag], user_offsets[row.tag + 1]):
            if waits[users[k]].time < row.source:
                total = flush(
                    users[k], rows, total, params, state, waits, before, before_offsets, members, code, points,
                    latest, stack,
                )  # fmt: skip
        remember(latest, row)
        for k in range(user_offsets[row.tag], user_offsets[row.tag + 1]):
            queued = touch(users[k], row, waits, queue, queued)
    for k in range(queued):
        waits[queue[k]].queued = 0
        total = flush(
            queue[k], rows, total, params, state, waits, before, before_offsets, members, code, points, latest, stack
        )  # fmt: skip
    return total
