"""Parts of the kinds that make a number of each sample: control charts, Hampel's identifier, learned baselines."""

import math

import numpy as np

from detectors._numba import called, part
from detectors.layout import NORMAL
from detectors.machine import sort
from detectors.statistics.layout import CAP, CLIP, EWMA, LEAST_POINTS, SCALE_OF_MAD
from detectors.statistics.windows import renew
from detectors.types import Array, Record


@part
def sided(p: Record, x: float) -> float:
    return abs(x) if p.side == 0 else float(p.side * x)


@part
def sample(p: Record, st: Record, row: Record, quality: int) -> tuple[float, int]:
    """The sample that this reading completes (NaN: none) and its status."""
    if p.every == 0:
        return float(row.value), quality
    index, x, worst = row.source // p.every, np.nan, quality
    if st.gathered and index != st.bucket:
        x, worst = st.sum / st.gathered, max(st.worst, quality)
        st.sum, st.gathered, st.worst = 0.0, 0, 0
    st.bucket = index
    st.sum += row.value
    st.gathered += 1
    st.worst = max(st.worst, quality)
    return x, worst


@part
def scaled(p: Record, st: Record, x: float, may_learn: int) -> float:
    """x in standard deviations from the mean; NaN while they are learned (Welford 1962)."""
    if p.needed == 0:
        return float((x - p.mean) / p.sigma)
    if st.count >= p.needed:
        return float((x - st.mean) / st.spread)
    if may_learn:
        st.count += 1
        step = x - st.mean
        st.mean += step / st.count
        st.spread += step * (x - st.mean)
        if st.count == p.needed:
            st.spread = max(math.sqrt(st.spread / (st.count - 1)), p.sigma)
    return np.nan


@part
def larger(p: Record, st: Record) -> float:
    if p.side > 0:
        return float(st.up)
    return float(st.down) if p.side < 0 else float(max(st.up, st.down))


@part
def chart(p: Record, st: Record, x: float, may_learn: int) -> float:
    """CUSUM and EWMA."""
    z = scaled(p, st, x, may_learn)
    if np.isnan(z):
        return np.nan
    if p.kind == EWMA:
        kept = 1.0 - p.slack
        st.up = kept * st.up + p.slack * z
        st.square = 1.0 - (1.0 - st.square) * kept * kept
        return sided(p, st.up / math.sqrt(p.slack / (2.0 - p.slack) * st.square))
    st.up = min(max(0.0, st.up + z - p.slack), CAP * p.trigger)
    st.down = min(max(0.0, st.down - z - p.slack), CAP * p.trigger)
    return larger(p, st)


@part
def page_hinkley(p: Record, st: Record, x: float) -> float:
    st.count = min(st.count + 1, p.memory)
    st.mean += (x - st.mean) / st.count
    if st.count < p.needed:
        return np.nan
    st.up = min(max(0.0, st.up + x - st.mean - p.slack), CAP * p.trigger)
    st.down = min(max(0.0, st.down - x + st.mean - p.slack), CAP * p.trigger)
    return larger(p, st)


@part
def middle(a: Array, n: int) -> float:
    """The median; sorts."""
    sort(a, n)
    return float(0.5 * (a[(n - 1) // 2] + a[n // 2]))


@called
def hampel(p: Record, st: Record, x: float, samples: Array, scratch: Array) -> float:
    found, n = np.nan, p.count
    if np.isnan(x):
        return found
    if st.count >= n:
        for k in range(n):
            scratch[k] = samples[p.first + k]
        centre = middle(scratch, n)
        for k in range(n):
            scratch[k] = abs(samples[p.first + k] - centre)
        found = sided(p, (x - centre) / max(SCALE_OF_MAD * middle(scratch, n), p.sigma))
    samples[p.first + st.count % n] = x
    st.count += 1
    return found


# --- a learned cycle --------------------------------------------------------------------------------------------------


@called
def expected(p: Record, time: int, slots: Array) -> tuple[float, float]:
    """Level and scale of this moment of the cycle; NaN while its slot is not warm."""
    slot, within = (time // p.width) % p.count, (time % p.width) / p.width - 0.5
    beside = (slot + (1 if within >= 0.0 else p.count - 1)) % p.count
    here, there = slots[p.first + slot], slots[p.first + beside]
    if here.visits < p.needed:
        return np.nan, np.nan
    if there.visits < p.needed:
        return here.level, max(math.sqrt(here.variance), p.sigma)
    w = abs(within)
    scale = math.sqrt(max(here.variance, there.variance))
    return (1.0 - w) * here.level + w * there.level, max(scale, p.sigma)


@called
def close_visit(p: Record, st: Record, slots: Array) -> None:
    """A slot takes in what its visit brought."""
    s = slots[p.first + st.bucket % p.count]
    mean, square = st.sum / st.gathered, st.square / st.gathered
    if s.visits == 0:
        s.level, s.variance = st.mean + mean, square - mean * mean
    else:
        weight = max(1.0 / (s.visits + 1), p.share)
        s.level += weight * mean
        s.variance += weight * (square - s.variance)
    s.variance = max(s.variance, 0.0)
    s.visits += 1
    st.sum, st.square, st.gathered = 0.0, 0.0, 0


@called
def baseline(p: Record, st: Record, row: Record, slots: Array) -> float:
    visit = row.source // p.width
    if visit != st.bucket and st.gathered:
        close_visit(p, st, slots)
    st.bucket = visit
    level, scale = expected(p, row.source, slots)
    return sided(p, (row.value - level) / scale)


@called
def learn(p: Record, st: Record, row: Record, x: float, slots: Array) -> None:
    """Gather a reading for its slot, unless it is beyond or the rule is not normal."""
    if x >= p.trigger or (x == x and st.phase != NORMAL):
        return
    s = slots[p.first + st.bucket % p.count]
    if st.gathered == 0:
        st.mean = s.level if s.visits else row.value
    step = row.value - st.mean
    if s.visits >= p.needed:
        most = CLIP * max(math.sqrt(s.variance), p.sigma)
        step = min(max(step, -most), most)
    st.sum += step
    st.square += step * step
    st.gathered += 1


# --- a background -----------------------------------------------------------------------------------------------------


@called
def background(p: Record, index: int, buckets: Array, scratch: Array) -> float:
    """The quantile of the closed buckets' means; NaN before half of them are filled."""
    n = 0
    for i in range(index - p.count + 1, index):
        b = buckets[p.first + i % p.count]
        if b.index == i and b.count > 0:
            scratch[n] = b.sum / b.count
            n += 1
    if n < LEAST_POINTS or 2 * n < p.count - 1:
        return np.nan
    sort(scratch, n)
    at = (p.slack if p.side > 0 else 1.0 - p.slack) * (n - 1)
    low = min(int(at), n - 2)
    return float(scratch[low] + (at - low) * (scratch[low + 1] - scratch[low]))


@called
def excess(p: Record, st: Record, row: Record, may_learn: int, buckets: Array, scratch: Array) -> float:
    index = row.source // p.width
    if index != st.bucket:
        st.bucket, st.mean = index, background(p, index, buckets, scratch)
    if may_learn:
        b = buckets[p.first + index % p.count]
        renew(b, index)
        b.sum += row.value
        b.count += 1
    return sided(p, row.value - st.mean)
