"""Parts of the kinds that make a number of the closed buckets, when a new one opens: shift, noise, velocities."""

import math

import numpy as np

from detectors._numba import called, part
from detectors.layout import NS
from detectors.statistics.charts import middle, sided
from detectors.statistics.layout import (
    ERROR_OF_MEDIAN,
    LEAST_FIT,
    LEAST_POINTS,
    NOISE,
    SCALE_OF_MAD,
    SHIFT,
    VELOCITY,
)
from detectors.statistics.windows import renew
from detectors.types import Array, Record


@called
def half(p: Record, start: int, stop: int, buckets: Array, scratch: Array, at: int) -> tuple[float, int, int]:
    """Median of the means of buckets ``start:stop``, how many there are, their worst status. Leaves their distances
    from it in ``scratch[at:]``.
    """
    n, worst = 0, 0
    for i in range(start, stop):
        b = buckets[p.first + i % p.count]
        if b.index == i and b.count > 0:
            scratch[at + n] = b.sum / b.count
            worst = max(worst, b.status)
            n += 1
    if n == 0:
        return np.nan, 0, 0
    centre = middle(scratch[at : at + n], n)
    for k in range(at, at + n):
        scratch[k] = abs(scratch[k] - centre)
    return centre, n, worst


@called
def shift(p: Record, index: int, buckets: Array, scratch: Array) -> tuple[float, int]:
    between = index - p.count // 2
    old, m, before = half(p, index - p.count, between, buckets, scratch, 0)
    new, n, after = half(p, between, index, buckets, scratch, m)
    if min(m, n) < LEAST_POINTS or 4 * min(m, n) < p.count:
        return np.nan, 0
    scale = SCALE_OF_MAD * middle(scratch, m + n)
    error = ERROR_OF_MEDIAN * scale * math.sqrt(1.0 / m + 1.0 / n)
    return max(sided(p, new - old) - p.slack * error, 0.0), max(before, after)


@called
def roughness(p: Record, start: int, stop: int, buckets: Array) -> tuple[float, int]:
    """Standard deviation of buckets ``start:stop`` by successive differences; NaN if less than half hold any."""
    total, n, filled, worst = 0.0, 0, 0, 0
    for i in range(start, stop):
        b = buckets[p.first + i % p.count]
        if b.index == i and b.count > 0:
            total += b.sum
            n += b.count
            filled += 1
            worst = max(worst, b.status)
    if 2 * filled < stop - start:
        return np.nan, worst
    return max(math.sqrt(total / (2.0 * n)), p.sigma), worst


@called
def noise(p: Record, index: int, buckets: Array) -> tuple[float, int]:
    recent, after = roughness(p, index - p.needed, index, buckets)
    older, before = roughness(p, index - p.count, index - p.needed, buckets)
    ratio = recent / older
    if p.side < 0 or (p.side == 0 and ratio < 1.0):
        ratio = 1.0 / ratio
    return ratio, max(before, after)


@called
def points(p: Record, row: Record, index: int, buckets: Array, scratch: Array) -> tuple[int, int]:
    """Times (s from the reading) and means of the filled buckets, in ``scratch[:n]`` and ``scratch[count:]``; n and
    their worst status.
    """
    n, worst = 0, 0
    for i in range(index - p.count, index):
        b = buckets[p.first + i % p.count]
        if b.index == i and b.count > 0:
            scratch[n] = (i * p.width - row.source) / NS + b.offset / b.count
            scratch[p.count + n] = b.sum / b.count
            worst = max(worst, b.status)
            n += 1
    return n, worst


@called
def velocity(
    p: Record, st: Record, row: Record, index: int, buckets: Array, scratch: Array
) -> tuple[float, int]:
    n, worst = points(p, row, index, buckets, scratch)
    if n < LEAST_POINTS or (scratch[n - 1] - scratch[0]) * 2.0 * NS < p.width * (p.count - 1):
        return np.nan, worst
    pairs, start = 0, 2 * p.count
    for i in range(n):
        for j in range(i + 1, n):
            gap = scratch[j] - scratch[i]
            if gap > 0.0:  # centroids 1 ns apart are one, in a float, over years
                scratch[start + pairs] = (scratch[p.count + j] - scratch[p.count + i]) / gap
                pairs += 1
    st.rate = middle(scratch[start : start + pairs], pairs)
    return sided(p, st.rate * p.per / NS), worst


@part
def below(t: float, freedom: int) -> float:
    """Student's distribution by its normal approximation (Abramowitz and Stegun 26.7.8)."""
    z = t * (1.0 - 1.0 / (4.0 * freedom)) / math.sqrt(1.0 + t * t / (2.0 * freedom))
    return 0.5 * math.erfc(-z / math.sqrt(2.0))


@called
def velocities(p: Record, n: int, direction: float, scratch: Array) -> tuple[int, float]:
    """Times and inverse of the velocities that count, over the points; how many, and the newest velocity."""
    m, newest = 0, 0.0
    for j in range(n - 1):
        gap = scratch[j + 1] - scratch[j]
        if gap > 0.0:
            newest = direction * (scratch[p.count + j + 1] - scratch[p.count + j]) / gap
        if gap > 0.0 and newest >= p.sigma:
            scratch[2 * p.count + m] = 0.5 * (scratch[j] + scratch[j + 1])
            scratch[3 * p.count + m] = 1.0 / newest
            m += 1
    return m, newest


@called
def forecast(p: Record, st: Record, m: int, scratch: Array) -> float:
    """Confidence that the fitted line of 1 / v is at zero by the horizon; leaves eta."""
    times, inverse = scratch[2 * p.count : 2 * p.count + m], scratch[3 * p.count : 3 * p.count + m]
    least = np.inf
    for k in range(m):
        least = min(least, inverse[k])
    total, t_mean, y_mean = 0.0, 0.0, 0.0
    for k in range(m):
        w = (least / inverse[k]) ** 4
        total += w
        t_mean += w * times[k]
        y_mean += w * inverse[k]
    t_mean, y_mean = t_mean / total, y_mean / total
    tt, ty, yy = 0.0, 0.0, 0.0
    for k in range(m):
        w, dt, dy = (least / inverse[k]) ** 4, times[k] - t_mean, inverse[k] - y_mean
        tt, ty, yy = tt + w * dt * dt, ty + w * dt * dy, yy + w * dy * dy
    if not tt > 0.0:
        return 0.0
    fall = ty / tt
    if fall < 0.0:
        st.eta = max(t_mean - y_mean / fall, 0.0)
    left, ahead = y_mean + fall * (p.slack - t_mean), p.slack - t_mean
    error = math.sqrt(max(yy - fall * ty, 0.0) / (m - 2) * (1.0 / total + ahead * ahead / tt))
    if error <= 1e-12 * y_mean:
        return 1.0 if left <= 0.0 else 0.0
    return below(-left / error, m - 2)


@called
def inverse_velocity(
    p: Record, st: Record, row: Record, index: int, buckets: Array, scratch: Array
) -> tuple[float, int]:
    n, worst = points(p, row, index, buckets, scratch)
    if 2 * n < p.count:
        return np.nan, worst
    direction = float(p.side)
    if p.side == 0:
        direction = 1.0 if scratch[p.count + n - 1] >= scratch[p.count] else -1.0
    m, newest = velocities(p, n, direction, scratch)
    st.rate, st.eta, st.confidence = direction * newest, np.nan, 0.0
    if m >= LEAST_FIT and newest >= p.sigma:
        st.confidence = forecast(p, st, m, scratch)
    return float(st.confidence), worst


@part
def put(p: Record, st: Record, row: Record, b: Record, quality: int) -> None:
    if p.kind == NOISE and not st.linked:
        return
    index, step = row.source // p.width, row.value - st.last
    renew(b, index)
    b.sum += step * step if p.kind == NOISE else row.value
    b.offset += (row.source - index * p.width) / NS
    b.count += 1
    b.status = max(b.status, quality)


@called
def at_close(
    p: Record, st: Record, row: Record, quality: int, buckets: Array, scratch: Array
) -> tuple[float, int]:
    """The number (NaN: no bucket has closed, or too few are filled) and its status; then the reading enters."""
    index, x, worst = row.source // p.width, np.nan, 0
    if index != st.bucket:
        if p.kind == SHIFT:
            x, worst = shift(p, index, buckets, scratch)
        elif p.kind == NOISE:
            x, worst = noise(p, index, buckets)
        elif p.kind == VELOCITY:
            x, worst = velocity(p, st, row, index, buckets, scratch)
        else:
            x, worst = inverse_velocity(p, st, row, index, buckets, scratch)
        st.bucket = index
    put(p, st, row, buckets[p.first + index % p.count], quality)
    return x, max(worst, quality)
