"""Learning what is normal for several tags together: moments, principal components, limits.

All parts work in one rule's floats of the pool: a head (limits, components kept), the last numbers, means, deviations,
variances of the components, weighted distances, sums to learn anew from, and a matrix: co-moments while learning, then
the loadings by column.
"""

import numpy as np

from detectors._numba import part
from detectors.groups.layout import EMPTY, MEDIAN_OF, POOL_HEAD, Q_ONLY, T2_ONLY, VECTORS
from detectors.types import Array, Record

SWEEPS = 60
"""of Jacobi rotations; 32 tags are done in about ten"""
ROUND_OFF = 1e-11
"""squared size, off the diagonal and relative to its order, at which a correlation matrix counts as diagonal; also the
variance below which a component is taken as none"""


@part
def places(p: Record) -> tuple[int, int, int, int]:
    """Where means, deviations, variances and the matrix of a rule begin."""
    mean = p.own + POOL_HEAD + MEDIAN_OF
    return mean, mean + p.count, mean + 2 * p.count, mean + VECTORS * p.count


@part
def take_sample(p: Record, st: Record, x: Array, pool: Array) -> None:
    """One more sample for means and co-moments (Welford 1962), of the weighted values that are judged later."""
    mean, old, _, matrix = places(p)
    z = mean + 3 * p.count
    st.samples += 1
    for i in range(p.count):
        pool[z + i] += (1.0 if st.samples == 1 else p.gain) * (x[i] - pool[z + i])
        pool[old + i] = (
            pool[z + i] - pool[mean + i]
        )  # deviations are not known yet: their place keeps the distance
        pool[mean + i] += pool[old + i] / st.samples
    for i in range(p.count):
        for j in range(p.count):
            pool[matrix + i * p.count + j] += pool[old + i] * (pool[z + j] - pool[mean + j])


@part
def rotate(a: Array, pool: Array, v: int, n: int, i: int, j: int) -> None:
    """One Jacobi rotation that makes a[i, j] zero (Golub and Van Loan, Matrix Computations, 8.5)."""
    theta = (a[j, j] - a[i, i]) / (2.0 * a[i, j])
    t = (1.0 if theta >= 0.0 else -1.0) / (abs(theta) + np.sqrt(theta * theta + 1.0))
    c = 1.0 / np.sqrt(t * t + 1.0)
    s = t * c
    for k in range(n):
        x, y = a[k, i], a[k, j]
        a[k, i], a[k, j] = c * x - s * y, s * x + c * y
    for k in range(n):
        x, y = a[i, k], a[j, k]
        a[i, k], a[j, k] = c * x - s * y, s * x + c * y
        x, y = pool[v + k * n + i], pool[v + k * n + j]
        pool[v + k * n + i], pool[v + k * n + j] = c * x - s * y, s * x + c * y


@part
def diagonalise(a: Array, pool: Array, v: int, n: int) -> None:
    """``a`` becomes diagonal, the matrix at ``v`` its eigenvectors by column."""
    for i in range(n):
        for j in range(n):
            pool[v + i * n + j] = 1.0 if i == j else 0.0
    for _ in range(SWEEPS):
        off = 0.0
        for i in range(n):
            for j in range(i + 1, n):
                off += a[i, j] * a[i, j]
        if off <= ROUND_OFF * ROUND_OFF * n:
            break
        for i in range(n):
            for j in range(i + 1, n):
                if a[i, j] != 0.0:
                    rotate(a, pool, v, n, i, j)


@part
def by_variance(p: Record, a: Array, pool: Array) -> None:
    """Components in order of falling variance."""
    _, _, variance, v = places(p)
    n = p.count
    for i in range(n):
        pool[variance + i] = max(a[i, i], 0.0)
    for i in range(n):
        best = i
        for j in range(i + 1, n):
            if pool[variance + j] > pool[variance + best]:
                best = j
        pool[variance + i], pool[variance + best] = pool[variance + best], pool[variance + i]
        for k in range(n):
            x, y = pool[v + k * n + i], pool[v + k * n + best]
            pool[v + k * n + i], pool[v + k * n + best] = y, x


@part
def kept(p: Record, pool: Array) -> int:
    """Components that hold the wanted share of the variance; those without any are never kept."""
    _, _, variance, _ = places(p)
    total, sum_, k = 0.0, 0.0, 0
    for i in range(p.count):
        total += pool[variance + i]
    while k < p.count and pool[variance + k] > ROUND_OFF and (k == 0 or sum_ < p.fixed * total):
        sum_ += pool[variance + k]
        k += 1
    return k


@part
def f_quantile(z: float, a: float, b: float) -> float:
    """Quantile of F(a, b) where the normal quantile is ``z`` (Paulson 1942; a per cent or better for b > 10)."""
    ca, cb = 2.0 / (9.0 * a), 2.0 / (9.0 * b)
    m, r = 1.0 - ca, 1.0 - cb
    root = (m * r + z * np.sqrt(ca * r * r + cb * m * m - z * z * ca * cb)) / (r * r - z * z * cb)
    return float(root * root * root)


@part
def q_limit(p: Record, pool: Array, k: int) -> float:
    """Limit of the squared prediction error (Jackson and Mudholkar 1979); 0: no component is left out."""
    _, _, variance, _ = places(p)
    one, two, three = 0.0, 0.0, 0.0
    for i in range(k, p.count):
        x = pool[variance + i]
        one, two, three = one + x, two + x * x, three + x * x * x
    if one <= ROUND_OFF:
        return 0.0
    h = 1.0 - 2.0 * one * three / (3.0 * two * two)
    h = max(h, 0.001)  # the approximation has no sense below; one component dominates what is left out
    inside = p.share * np.sqrt(2.0 * two * h * h) / one + 1.0 + two * h * (h - 1.0) / (one * one)
    return float(one * max(inside, ROUND_OFF) ** (1.0 / h))


@part
def limit(p: Record, pool: Array) -> float:
    """Of the statistic that is judged; 0: it has none, and its number would be 0 whatever comes."""
    t2, q = pool[p.own], pool[p.own + 1]
    if p.mode == T2_ONLY:
        return float(t2)
    return float(q) if p.mode == Q_ONLY else float(max(t2, q))


@part
def forget(p: Record, st: Record, pool: Array) -> None:
    for i in range(p.own, p.own + p.size):
        pool[i] = 0.0
    st.samples, st.since = 0, EMPTY


@part
def finish(p: Record, st: Record, pool: Array, a: Array) -> None:
    """Freeze what was learned; begin again if that gives no limit (a plant that stood still teaches nothing)."""
    mean, deviation, _, matrix = places(p)
    n, samples = p.count, st.samples
    for i in range(n):
        found = np.sqrt(max(pool[matrix + i * n + i], 0.0) / (samples - 1))
        # One that never moved says nothing of how it moves with the others: it is left out.
        pool[deviation + i] = found if found > ROUND_OFF * abs(pool[mean + i]) and found > 0.0 else np.inf
    for i in range(n):
        for j in range(n):
            scaled = pool[matrix + i * n + j] / (samples - 1) / (pool[deviation + i] * pool[deviation + j])
            a[i, j] = scaled * (1.0 - p.offset) + (
                p.offset if i == j and pool[deviation + i] < np.inf else 0.0
            )
    for i in range(n):
        for j in range(i):
            a[i, j] = a[j, i]
    diagonalise(a, pool, matrix, n)
    by_variance(p, a, pool)
    k = kept(p, pool)
    scale = k * (float(samples) * samples - 1.0) / (float(samples) * (samples - k))
    pool[p.own] = scale * f_quantile(p.share, k, samples - k) if k > 0 else 0.0
    pool[p.own + 1] = q_limit(p, pool, k)
    pool[p.own + 2] = k
    if not limit(p, pool) > 0.0:
        forget(p, st, pool)
        return
    for i in range(n):
        pool[mean + 3 * n + i] = 0.0
    st.learned, st.samples = 1, 0


@part
def weigh(p: Record, st: Record, x: Array, pool: Array) -> float:
    """Exponentially weighted distances from the means, in deviations; returns their variance, which is that of what was
    learned but for the first few (Lowry et al. 1992).
    """
    mean, deviation, _, _ = places(p)
    z = mean + 3 * p.count
    for i in range(p.count):
        pool[z + i] += p.gain * ((x[i] - pool[mean + i]) / pool[deviation + i] - pool[z + i])
    return float(1.0 - (1.0 - p.gain) ** (2.0 * (st.samples + 1)))


@part
def statistics(p: Record, st: Record, x: Array, pool: Array) -> tuple[float, float]:
    """T2 and Q of one sample, each over its limit; 0 where there is none."""
    mean, _, variance, matrix = places(p)
    n, k, z = p.count, int(pool[p.own + 2]), mean + 3 * p.count
    factor, total, t2, explained = weigh(p, st, x, pool), 0.0, 0.0, 0.0
    for i in range(n):
        total += pool[z + i] * pool[z + i]
    for c in range(k):
        t = 0.0
        for i in range(n):
            t += pool[matrix + i * n + c] * pool[z + i]
        explained += t * t
        t2 += t * t / pool[variance + c]
    q = max(total - explained, 0.0)
    over_t2 = t2 / factor / pool[p.own] if pool[p.own] > 0.0 else 0.0
    over_q = q / factor / pool[p.own + 1] if pool[p.own + 1] > 0.0 else 0.0
    return over_t2, over_q


@part
def learn_means(p: Record, st: Record, x: Array, pool: Array) -> None:
    """One more sample for new means after a change; with the last the distances begin anew."""
    mean = p.own + POOL_HEAD + MEDIAN_OF
    sums, z = mean + 4 * p.count, mean + 3 * p.count
    pool[p.own + 3] += 1.0
    done = pool[p.own + 3] >= p.split
    for i in range(p.count):
        pool[sums + i] += x[i]
        if done:
            pool[mean + i] = pool[sums + i] / pool[p.own + 3]
            pool[sums + i] = pool[z + i] = 0.0
    if done:  # and not again before a number has been judged
        pool[p.own + 3], st.samples = -1.0, 0


@part
def smoothed(p: Record, st: Record, pool: Array, x: float) -> float:
    """The number, or the median of the last five; of as many as there are at first."""
    ring = p.own + POOL_HEAD
    pool[ring + st.samples % MEDIAN_OF] = x
    st.samples += 1
    if not p.smooth:
        return x
    n = int(min(st.samples, MEDIAN_OF))
    for i in range(n):
        smaller, same = 0, 0
        for j in range(n):
            smaller += pool[ring + j] < pool[ring + i]
            same += pool[ring + j] == pool[ring + i]
        if smaller <= n // 2 < smaller + same:
            return float(pool[ring + i])
    return x
