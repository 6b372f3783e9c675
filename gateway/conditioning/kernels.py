# kernel file
"""The conditioning kernel: raw rows become values in the tag's unit with a final quality, in place.

Order for each row: clock, order, then value (the source's own verdict, not a number, scaling, NE 43, range, frozen),
then the tag's memory. Quality only ever gets worse on the way. After the rows, tags whose value is too old get a BAD
row.
"""

import numpy as np

from gateway.conditioning._numba import kernel, part
from gateway.conditioning.layout import (
    CLOCK_AHEAD,
    CLOCK_BEHIND,
    CONFIRM,
    FAIL_HIGH_MA,
    FAIL_LOW_MA,
    FIRST_EVER,
    HELD,
    ILL,
    JUDGED,
    META_BOUND,
    OK,
    SYNTHETIC,
    TO_BAD,
    TO_OK,
    VALID_HIGH_MA,
    VALID_LOW_MA,
)
from gateway.conditioning.types import Array, Record
from gateway.model.quality import Quality
from gateway.model.times import NEVER

UNCERTAIN_FROM = 64
BAD_FROM = 128
SATURATED_HIGH = int(Quality.SATURATED_HIGH)
SATURATED_LOW = int(Quality.SATURATED_LOW)
PENDING = int(Quality.FAILURE_CURRENT_PENDING)
FROZEN = int(Quality.FROZEN)
CLOCK_DOUBTFUL = int(Quality.CLOCK_DOUBTFUL)
NO_DATA = int(Quality.NO_DATA)
FAILED_LOW = int(Quality.FAILURE_CURRENT_LOW)
FAILED_HIGH = int(Quality.FAILURE_CURRENT_HIGH)
NOT_A_NUMBER = int(Quality.NOT_A_NUMBER)
STALE = int(Quality.STALE)
CONFIGURATION = int(Quality.CONFIGURATION)


@part
def worsen(row: Record, quality: int) -> None:
    """Take the reason if it lowers the status; the first reason of a status stays."""
    if quality >= BAD_FROM:
        if row.quality < BAD_FROM:
            row.quality = quality
    elif row.quality < UNCERTAIN_FROM:
        row.quality = quality


@part
def check_clock(row: Record, st: Record) -> None:
    """A source time that cannot be is replaced by the received time, after the tag's last, so that it is judged."""
    ahead = row.source - row.received
    if ahead > CLOCK_AHEAD or ahead < -CLOCK_BEHIND:
        row.source = max(row.received, st.order + 1)
        worsen(row, CLOCK_DOUBTFUL)


@part
def loop_current(row: Record, p: Record, st: Record, ma: float) -> float:
    """NE 43: value of a 4-20 mA current; a failure current holds a value still in force until it is confirmed."""
    if FAIL_LOW_MA < ma < FAIL_HIGH_MA:
        if row.flags & JUDGED:
            st.failing_since = NEVER
        if ma < VALID_LOW_MA:
            worsen(row, SATURATED_LOW)
        elif ma > VALID_HIGH_MA:
            worsen(row, SATURATED_HIGH)
        return float(p.low + (ma - 4.0) / 16.0 * (p.high - p.low))
    if row.flags & JUDGED and st.failing_since == NEVER:
        st.failing_since = row.source
    if st.quality < BAD_FROM and st.failing_since != NEVER and row.source - st.failing_since < CONFIRM:
        worsen(row, PENDING)
        row.flags |= HELD
        return float(st.value)
    worsen(row, FAILED_LOW if ma <= FAIL_LOW_MA else FAILED_HIGH)
    return np.nan


@part
def check_range(row: Record, p: Record, value: float) -> None:
    """At the dangerous end the true value may be beyond what the instrument can tell. At the harmless end a 4-20 mA
    signal is believed down to the end of its measuring information (NE 43), others to the end of the range.
    """
    if value > p.high and not (p.milliamp and not p.danger_high):
        worsen(row, SATURATED_HIGH)
    elif value < p.low and not (p.milliamp and not p.danger_low):
        worsen(row, SATURATED_LOW)
    elif value == p.high and p.danger_high:
        worsen(row, SATURATED_HIGH)
    elif value == p.low and p.danger_low:
        worsen(row, SATURATED_LOW)


@part
def check_frozen(row: Record, p: Record, st: Record, value: float) -> None:
    if not abs(value - st.rest_value) <= p.frozen_band:
        if row.flags & JUDGED:
            st.rest_value, st.rest_since = value, row.source
    elif row.source - st.rest_since >= p.frozen_window:
        worsen(row, FROZEN)


@part
def scale(row: Record, p: Record, st: Record) -> float:
    x = row.value * p.gain + p.offset
    if row.quality >= BAD_FROM:
        return np.nan
    if not np.isfinite(x):
        worsen(row, NOT_A_NUMBER)
        return np.nan
    if not p.milliamp:
        return float(x)
    if np.isnan(p.high - p.low):
        worsen(row, CONFIGURATION)
        return np.nan
    return loop_current(row, p, st, x)


@part
def measure(row: Record, p: Record, st: Record) -> None:
    value = scale(row, p, st)
    if not row.flags & HELD and row.quality < BAD_FROM:
        check_range(row, p, value)
        if p.frozen_window > 0:
            check_frozen(row, p, st, value)
    row.value = value if row.quality < BAD_FROM else np.nan


@part
def note(row: Record, st: Record) -> None:
    """Tell an edge of the tag's health."""
    ill = ILL if row.quality >= BAD_FROM else OK
    if st.health != ill:
        row.flags |= TO_BAD if ill == ILL else TO_OK
        st.health = ill


@part
def remember(row: Record, p: Record, st: Record, meta: Array) -> None:
    note(row, st)
    st.source, st.received, st.value, st.quality = row.source, row.received, row.value, row.quality
    st.stale_at = NEVER
    if row.quality < BAD_FROM and p.max_age > 0:
        st.stale_at = row.received + p.max_age
        meta[META_BOUND] = min(meta[META_BOUND], st.stale_at)


@part
def see_row(row: Record, p: Record, st: Record, meta: Array) -> None:
    if row.flags & SYNTHETIC:
        row.flags |= JUDGED
        row.value = np.nan
    else:
        check_clock(row, st)
        if row.source > st.order:
            row.flags |= JUDGED
            st.order = row.source
        measure(row, p, st)
    if row.flags & JUDGED:
        remember(row, p, st, meta)


@part
def age_out(rows: Array, count: int, now: int, params: Array, state: Array, meta: Array) -> int:
    """Append a BAD row for every tag whose value is too old by ``now``, dated when it became so."""
    meta[META_BOUND] = NEVER
    for tag in range(len(state)):
        st = state[tag]
        if st.stale_at <= now:
            row = rows[count]
            count += 1
            row.tag, row.received, row.value = tag, st.stale_at, np.nan
            row.flags = SYNTHETIC | JUDGED
            if st.order == FIRST_EVER:
                row.source, row.quality = st.stale_at, NO_DATA
            else:
                row.source, row.quality = st.source + (st.stale_at - st.received), STALE
            remember(row, params[tag], st, meta)
        elif st.stale_at != NEVER:
            meta[META_BOUND] = min(meta[META_BOUND], st.stale_at)
    return count


@kernel
def condition(rows: Array, count: int, now: int, params: Array, state: Array, meta: Array) -> int:
    """Condition ``count`` rows in place; ``rows`` has room for one more row per tag.

    Returns:
        Rows there are now, with those of tags gone stale; -1 and nothing done if a row names no tag.
    """
    for i in range(count):
        if not 0 <= rows[i].tag < len(state):
            return -1
    for i in range(count):
        row = rows[i]
        see_row(row, params[row.tag], state[row.tag], meta)
    return age_out(rows, count, now, params, state, meta) if now >= meta[META_BOUND] else count
