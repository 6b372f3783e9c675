# long-file: kernel
"""Numbers made from a window of buckets: the robust slope, and the trend with its time to the limit."""

import math

import numpy as np

from detectors._numba import part, piece
from detectors.common.memory import Memory, memory
from detectors.layout import ACTIVE, NS, PENDING_OFF, RATE, UNCERTAIN, UNJUDGED
from detectors.machine import sort
from detectors.types import Array, Record

ROUGH = 0.5
"""of the needed slope, that the medians of the first and last quarter must show between them"""
SUPPORT = 0.25
"""of that rise, that each third of the way must show: steps and spikes do not"""
RECENT = 0.5
"""and of the last one: what has levelled off does not"""
LASTING = 0.75
"""of the step before it, for the last: what levels off does not"""
CLEAR_OF_NOISE = 4.0
"""times the scale of the residuals, that the line must rise over the window"""
SURE = 5.0
"""times its standard error, that the slope must be: a trend is looked for thousands of times a week"""
LEAST_SCALE = 0.25
"""of the mean distance of residuals, where more than half of them are nearly nothing"""
MOST_ALIKE = 0.9
"""the autocorrelation of residuals is not believed beyond this: from so few it is not known better"""
SLACK = 1e-9
"""relative; more than the rounding of the cheap tests"""
AGES = 1e-6
"""relative; more than is lost where the ages of buckets are kept in single precision"""
TREND_POINTS = 8
"""a trend needs as many buckets: two in each quarter of its window"""
FEW = 16
ROUNDING = 2e-15
"""relative; more than three operations lose"""


@piece
def gather(at: int, win: Record, count: int) -> tuple[int, int]:
    """The filled ones of the last ``count`` buckets, oldest first: seconds relative to their end into
    ``scratch[:n]``, means into ``scratch[count:count + n]``. Returns n and the worst status.
    """
    m = memory(at)
    n, worst, width = 0, 0, win.width / NS
    slot = win.slot + 1 - count
    slot = slot if slot >= 0 else slot + win.slots
    for back in range(count - 1, -1, -1):
        mean = m.means[win.first + slot]
        if mean == mean:
            m.scratch[n] = -(back * width + m.ages[win.first + slot])
            m.scratch[count + n] = mean
            if (win.doubt >> slot) & 1:
                worst = UNCERTAIN
            n += 1
        slot += 1
        if slot == win.slots:
            slot = 0
    return n, worst


@part
def sort_few(a: Array, n: int) -> None:
    """By insertion: the fastest for a dozen."""
    for i in range(1, n):
        x, j = a[i], i
        while j > 0 and a[j - 1] > x:
            a[j] = a[j - 1]
            j -= 1
        a[j] = x


@part
def median(a: Array, n: int) -> float:
    """Of the first ``n``; sorts them."""
    if n <= FEW:
        sort_few(a, n)
    else:
        sort(a, n)
    return float(0.5 * (a[(n - 1) // 2] + a[n // 2]))


@piece
def slope(t: Array, y: Array, n: int, pairs: Array) -> float:
    """Median of the slopes between all pairs of points (Theil 1950, Sen 1968)."""
    k = 0
    for i in range(n):
        for j in range(i + 1, n):
            if t[j] > t[i]:  # (a nanosecond between two buckets may be lost in rounding)
                pairs[k] = (y[j] - y[i]) / (t[j] - t[i])
                k += 1
    return median(pairs, k)


@piece
def surely_below(t: Array, y: Array, n: int, sign: float, trigger: float, z: Array) -> bool:
    """So few pairs are as steep as the trigger that their median is less: known without dividing or sorting.

    A pair is as steep if z = sign y - trigger t does not fall between its points; what rounding could hide counts as
    steep.
    """
    largest, in_order = 0.0, True
    for i in range(n):
        z[i] = sign * y[i] - trigger * t[i]
        largest = max(largest, abs(y[i]) + abs(trigger * t[i]))
        in_order &= i == 0 or t[i] > t[i - 1]
    if not in_order:
        return False
    steep, lost = 0, ROUNDING * largest
    for i in range(1, n):
        steep += 1 if z[i] >= z[i - 1] - lost else 0
    if steep == 0:
        return True  # z falls all the way: nearly always
    steep = 0
    for i in range(n):
        bar = z[i] - lost
        for j in range(i + 1, n):
            steep += 1 if z[j] >= bar else 0
    pairs = n * (n - 1) // 2
    return bool(steep < pairs - pairs // 2)


@part
def middle(t: Array, y: Array, start: int, stop: int, spare: Array) -> tuple[float, float]:
    """Mean time and median value of the points ``start:stop``."""
    total = 0.0
    for i in range(start, stop):
        total += t[i]
        spare[i - start] = y[i]
    return total / (stop - start), median(spare, stop - start)


@part
def far_away(y: Array, n: int, p: Record, least: float) -> bool:
    """Not even from the lowest of the first quarter to the highest of the last does it rise enough: known without
    sorting. ``least``: seconds that lie between the quarters' mean times at least.
    """
    low, high = np.inf, -np.inf
    for i in range(n // 4):
        low = min(low, p.sign * y[i])
    for i in range(3 * n // 4, n):
        high = max(high, p.sign * y[i])
    return bool(high - low < ROUGH * (p.limit - high) / p.horizon * least * (1.0 - SLACK))


@piece
def measure_reach(at: int, w: int) -> None:
    """Find the lowest and the highest mean of a window anew. One with a gap has none."""
    m = memory(at)
    win, r, low, high = m.windows[w], m.reaches[w], np.inf, -np.inf
    win.whole = 0
    for k in range(win.first, win.first + win.slots):
        mean = m.means[k]
        if mean != mean:
            return
        low, high = min(low, mean), max(high, mean)
    r.low, r.high, win.whole = low, high, 1


@part
def level_rate(p: Record, win: Record, r: Record) -> bool:
    """Most pairs of points are a quarter of the window apart, and none of them is as steep as the trigger: then the
    median of all is not.
    """
    apart = (p.count // 4 - 1) * (
        1.0 - AGES
    )  # buckets: pairs of means are nearer than their slots by one at most
    return bool((r.high - r.low) * NS < p.trigger * win.width * apart * (1.0 - SLACK))


@part
def level_trend(p: Record, win: Record, r: Record) -> bool:
    """All buckets together do not rise enough: then neither does :func:`far_away`'s part of them."""
    apart = (3 * p.count // 4 - p.count // 4) * (1.0 - AGES)
    top = r.high if p.sign > 0.0 else -r.low
    enough = ROUGH * (p.limit - top) * win.width * apart * (1.0 - SLACK)
    return bool((r.high - r.low) * (p.horizon * NS) < enough and p.count >= TREND_POINTS)


@part
def level(p: Record, win: Record, r: Record) -> bool:
    return win.whole == 1 and (level_rate(p, win, r) if p.kind == RATE else level_trend(p, win, r))


@part
def at_rest(m: Memory, p: Record, w: int) -> bool:
    """The slope is surely too small, by the lowest and highest mean alone: nothing need be gathered. Nearly always so,
    and then this is what a slope costs.

    Only of a window without a gap: there points are surely as far apart as their slots say, less one bucket.
    """
    if level(p, m.windows[w], m.reaches[w]):
        return True
    measure_reach(m.at, w)
    return level(p, m.windows[w], m.reaches[w])


@piece
def may_arrive(t: Array, y: Array, n: int, p: Record, spare: Array) -> float:
    """Rise between the middles of the first and last quarter, unit/s upwards; 0 where that does not lead to the limit
    within the horizon, by far.
    """
    if far_away(y, n, p, t[3 * n // 4] - t[n // 4 - 1]):
        return 0.0
    t1, m1 = middle(t, y, 0, n // 4, spare)
    t4, m4 = middle(t, y, 3 * n // 4, n, spare)
    rise = p.sign * (m4 - m1) / (t4 - t1)
    return rise if rise > 0.0 and rise >= ROUGH * (p.limit - p.sign * m4) / p.horizon else 0.0


@piece
def supported(t: Array, y: Array, n: int, p: Record, rise: float, spare: Array) -> bool:
    """Every part of the window rises like the whole: not so of a step, of a spike, of what has levelled off."""
    t1, m1 = middle(t, y, 0, n // 4, spare)
    t2, m2 = middle(t, y, n // 4, n // 2, spare)
    t3, m3 = middle(t, y, n // 2, 3 * n // 4, spare)
    t4, m4 = middle(t, y, 3 * n // 4, n, spare)
    first, second = p.sign * (m2 - m1) / (t2 - t1), p.sign * (m3 - m2) / (t3 - t2)
    last = p.sign * (m4 - m3) / (t4 - t3)
    return bool(min(first, second) >= SUPPORT * rise and last >= max(RECENT * rise, LASTING * second))


@piece
def spread(t: Array, e: Array, n: int, spare: Array) -> tuple[float, float]:
    """Scale of the residuals, and standard error of the slope: asymptotic, normal errors (pi/3 for Theil's slope),
    inflated for the first autocorrelation of the residuals (Bayley and Hammersley 1946), which is first corrected
    for its bias (Kendall 1954).
    """
    mean_t, spread_t, squares, products, apart = 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(n):
        mean_t += t[i] / n
        squares += e[i] * e[i]
        apart += abs(e[i]) / n
        spare[i] = abs(e[i])
        if i:
            products += e[i] * e[i - 1]
    for i in range(n):
        spread_t += (t[i] - mean_t) * (t[i] - mean_t)
    scale = max(1.4826 * median(spare, n), LEAST_SCALE * apart)
    alike = products / squares if squares > 0.0 else 0.0
    alike = min(max((n * alike + 1.0) / (n - 4.0), 0.0), MOST_ALIKE)
    return scale, scale * math.sqrt(math.pi / 3.0 / spread_t * (1.0 + alike) / (1.0 - alike))


@piece
def trend(t: Array, y: Array, n: int, p: Record, st: Record, number: Record, spare: Array) -> None:
    """Fill ``number``: slope, seconds to the limit, confidence that it is reached within the horizon.

    The shape of a rise is asked of a rule that is not active. One that has not been judged yet may have been active
    before its memory was lost: where that makes a difference it has no number.
    """
    number.rate, number.eta, number.confidence = np.nan, np.nan, 0.0
    open_ = st.phase in (ACTIVE, PENDING_OFF)
    shaped = open_
    if not open_:
        rise = may_arrive(t, y, n, p, spare)
        shaped = rise > 0.0 and supported(t, y, n, p, rise, spare)
        if not shaped and st.phase != UNJUDGED:
            return
    b = p.sign * slope(t, y, n, spare)
    for i in range(n):
        spare[i] = p.sign * y[i] - b * t[i]
    now = median(spare, n)
    for i in range(n):
        spare[i] = p.sign * y[i] - b * t[i] - now
    scale, error = spread(t, spare, n, spare[n:])
    over = b - (p.limit - now) / p.horizon
    if error > 0.0:
        sure = 0.5 * math.erfc(-over / error / math.sqrt(2.0))
    else:
        sure = 1.0 if over >= 0.0 else 0.0
    if not open_:
        shaped &= b * (t[n - 1] - t[0]) >= CLEAR_OF_NOISE * scale and b >= SURE * error
    if shaped:
        number.rate, number.confidence = p.sign * b, sure
        if b > 0.0:
            number.eta = max(p.limit - now, 0.0) / b
    elif st.phase == UNJUDGED and sure >= p.reset:
        number.confidence = np.nan


@part
def spans(t: Array, n: int, least: int, part_of: float, p: Record, win: Record) -> bool:
    """Enough buckets are filled, over enough of the window."""
    return bool(n >= least and (t[n - 1] - t[0]) * NS >= part_of * win.width * (p.count - 1))
