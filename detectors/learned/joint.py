"""Parts of the joint chart: several tags against what they were together while it learned.

A rule's floats in the pool: d means, d weighted distances, and a d x d matrix: co-moments while it learns, then the
Cholesky factor of the correlations by rows, with the deviation of each tag on a line of its own behind it.
"""

import numpy as np

from detectors._numba import part
from detectors.learned.layout import FLAT
from detectors.types import Array, Record


@part
def learn_sample(p: Record, mem: Record, x: Array, pool: Array) -> None:
    """One more sample for means and co-moments (Welford 1962)."""
    n, mean, off = p.count, p.own, p.own + p.count
    matrix = off + n
    mem.count += 1
    for i in range(n):
        pool[off + i] = x[i] - pool[mean + i]
        pool[mean + i] += pool[off + i] / mem.count
    for i in range(n):
        for j in range(i + 1):
            pool[matrix + i * n + j] += pool[off + i] * (x[j] - pool[mean + j])
    if mem.count == p.learn:
        factor(p, pool)
        for i in range(n):
            pool[off + i] = 0.0


@part
def factor(p: Record, pool: Array) -> None:
    """Co-moments to deviations and the Cholesky factor of the correlations, shrunk towards none (Golub and Van Loan,
    4.2). A tag that never moved, or that the others determine, has no deviation of its own: its row is 0.
    """
    n, matrix = p.count, p.own + 2 * p.count
    deviation = matrix + n * n
    for i in range(n):
        pool[deviation + i] = np.sqrt(max(pool[matrix + i * n + i], 0.0) / (p.learn - 1))
    for i in range(n):
        for j in range(i + 1):
            spread = pool[deviation + i] * pool[deviation + j]
            r = pool[matrix + i * n + j] / (p.learn - 1) / spread if spread > 0.0 else 0.0
            total = 1.0 if i == j else (1.0 - p.shrink) * r
            for k in range(j):
                total -= pool[matrix + i * n + k] * pool[matrix + j * n + k]
            if i == j:
                own = pool[deviation + i] > FLAT * abs(pool[p.own + i]) and total > FLAT
                pool[matrix + i * n + i] = np.sqrt(total) if own else 0.0
            else:
                under = pool[matrix + j * n + j]
                pool[matrix + i * n + j] = total / under if under > 0.0 else 0.0


@part
def distance(p: Record, z: Array, pool: Array) -> float:
    """z' S^-1 z by forward substitution; ``z`` is overwritten."""
    n, matrix = p.count, p.own + 2 * p.count
    deviation, found = matrix + n * n, 0.0
    for i in range(n):
        under = pool[matrix + i * n + i]
        if under <= 0.0:
            z[i] = 0.0
            continue
        total = z[i] / pool[deviation + i]
        for k in range(i):
            total -= pool[matrix + i * n + k] * z[k]
        z[i] = total / under
        found += z[i] * z[i]
    return found


@part
def learn_again(p: Record, mem: Record, x: Array, pool: Array) -> None:
    """One of the samples that make the new means."""
    mean, off = p.own, p.own + p.count
    mem.left -= 1
    for i in range(p.count):
        pool[off + i] += (x[i] - pool[off + i]) / (p.hold - mem.left)
    if mem.left == 0:
        for i in range(p.count):
            pool[mean + i] = pool[off + i]
            pool[off + i] = 0.0
        mem.steps = 0


@part
def joint(p: Record, mem: Record, x: Array, z: Array, pool: Array, teach: int) -> float:
    """T2 of the weighted distance; NaN while it learns; beyond while it learns anew, 0 when that is done."""
    if mem.count < p.learn:
        if teach:
            learn_sample(p, mem, x, pool)
        return np.nan
    if mem.left > 0:
        if teach:
            learn_again(p, mem, x, pool)
        return float(p.trigger if mem.left > 0 else 0.0)
    mean, off = p.own, p.own + p.count
    for i in range(p.count):
        z[i] = pool[off + i] + p.weight * (x[i] - pool[mean + i] - pool[off + i])
        if teach:
            pool[off + i] = z[i]
    steps = mem.steps + 1
    if teach:
        mem.steps = steps
    share = p.weight / (2.0 - p.weight) * (1.0 - (1.0 - p.weight) ** (2.0 * steps))
    number = distance(p, z, pool) / share
    if teach and p.hold > 0 and number >= p.trigger:
        mem.left = p.hold
        for i in range(p.count):
            pool[off + i] = 0.0
    return float(number)
