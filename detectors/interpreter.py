"""Runs programs (:mod:`detectors.program`): parts of the kernels that judge and compute by them."""

import numpy as np

from detectors._numba import part
from detectors.program import (
    ABS,
    ACOS,
    ADD,
    AND,
    ASIN,
    ATAN,
    BINARY,
    COS,
    DIV,
    EQ,
    EXP,
    GE,
    GT,
    JUMP,
    LE,
    LN,
    LOAD,
    LT,
    MAX,
    MIN,
    MUL,
    NE,
    NEG,
    NOT,
    PICK,
    POW,
    PUSH,
    SIN,
    SQRT,
    SQUASH,
    SUB,
    TABLE,
    TAN,
    UNLESS,
)
from detectors.types import Array


@part
def look_up(x: float, first: int, points: Array) -> float:
    """Straight lines between the points; NaN outside of them: a table is not continued."""
    count = int(points[first])
    xs, ys = first + 1, first + 1 + count
    if not points[xs] <= x <= points[xs + count - 1]:
        return np.nan
    low, high = 0, count - 1
    while high - low > 1:
        middle = (low + high) // 2
        if points[xs + middle] <= x:
            low = middle
        else:
            high = middle
    share = (x - points[xs + low]) / (points[xs + high] - points[xs + low])
    return float(points[ys + low] + share * (points[ys + high] - points[ys + low]))


@part
def of_one(op: int, x: float) -> float:
    if op == NEG:
        return -x
    if op == NOT:
        return 1.0 - x
    if op == ABS:
        return abs(x)
    if op == SQRT:
        return float(np.sqrt(x))
    if op == EXP:
        return float(np.exp(x))
    if op == LN:
        return float(np.log(x))
    if op == SIN:
        return float(np.sin(x))
    if op == COS:
        return float(np.cos(x))
    if op == TAN:
        return float(np.tan(x))
    if op == ASIN:
        return float(np.arcsin(x))
    if op == ACOS:
        return float(np.arccos(x))
    if op == ATAN:
        return float(np.arctan(x))
    return float(np.rint(x))


@part
def power(x: float, y: float) -> float:
    """Small whole powers by multiplying: the same bits on every machine."""
    if y == 2.0:
        return x * x
    if y == 3.0:
        return x * x * x
    return float(np.power(x, y))


@part
def of_two(op: int, x: float, y: float) -> float:
    if op == ADD:
        return x + y
    if op == SUB:
        return x - y
    if op == MUL:
        return x * y
    if op == DIV:
        return x / y if y != 0.0 else np.nan
    if op == POW:
        return power(x, y)
    if op == MIN:
        return min(x, y)
    if op == MAX:
        return max(x, y)
    if op == LT:
        return 1.0 if x < y else 0.0
    if op == LE:
        return 1.0 if x <= y else 0.0
    if op == GT:
        return 1.0 if x > y else 0.0
    if op == GE:
        return 1.0 if x >= y else 0.0
    if op == EQ:
        return 1.0 if x == y else 0.0
    if op == NE:
        return 1.0 if x != y else 0.0
    if op == AND:
        return x * y
    return max(x, y)


@part
def evaluate(
    code: Array,
    start: int,
    stop: int,
    signals: Array,
    members: Array,
    first: int,
    points: Array,
    stack: Array,
) -> float:
    """Run the checked program ``code[start:stop]`` over the values of ``signals[members[first:]]``.

    Returns:
        The number, or NaN where it has none.
    """
    at, top = start, -1
    while at < stop:
        op, arg = code[at].op, code[at].arg
        at += 1
        if op == JUMP:
            at = start + int(arg)
            continue
        if op == UNLESS:
            top -= 1
            if stack[top + 1] == 0.0:
                at = start + int(arg)
            continue
        if op == PUSH:
            top += 1
            stack[top] = arg
        elif op == LOAD:
            top += 1
            stack[top] = signals[members[first + int(arg)]].value
        elif op == PICK:
            top += 1
            stack[top] = stack[int(arg)]
        elif op == SQUASH:
            top -= int(arg)
            stack[top] = stack[top + int(arg)]
        elif op == TABLE:
            stack[top] = look_up(stack[top], int(arg), points)
        elif op >= BINARY:
            top -= 1
            stack[top] = of_two(op, stack[top], stack[top + 1])
        else:
            stack[top] = of_one(op, stack[top])
        if not np.isfinite(stack[top]):
            return np.nan
    return float(stack[0])
