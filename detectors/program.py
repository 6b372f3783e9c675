"""A tiny stack program over tags: what an expression becomes. Written by whoever parses expressions, run by kernels.

A program is a list of (op, arg). Ops work on a stack of numbers; true is 1 and false 0. It has no loops (jumps go
forwards only), so it ends after at most as many steps as it has ops. A result that is not finite (division by zero,
root of a negative number, overflow, outside a table), anywhere on the way, makes the whole result NaN.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, TypeAlias

import numpy as np

from detectors._numba import part
from detectors._sources import STAMP
from detectors.types import Array

PUSH: Final = 0
"""the number ``arg``"""
LOAD: Final = 1
"""the value of input number ``arg``"""
PICK: Final = 2
"""a copy of the number at place ``arg`` from the bottom of the stack: an argument of a function"""
SQUASH: Final = 3
"""drop the ``arg`` numbers below the top: a function returns"""
TABLE: Final = 4
"""straight lines between the points of the table at ``arg``: its count, all x (rising), all y"""
JUMP: Final = 5
"""go on at op ``arg``"""
UNLESS: Final = 6
"""take the top; go on at op ``arg`` if it is false"""
NEG: Final = 7
NOT: Final = 8
ABS: Final = 9
SQRT: Final = 10
EXP: Final = 11
LN: Final = 12
SIN: Final = 13
COS: Final = 14
TAN: Final = 15
ASIN: Final = 16
ACOS: Final = 17
ATAN: Final = 18
ROUND: Final = 19
ADD: Final = 32
SUB: Final = 33
MUL: Final = 34
DIV: Final = 35
POW: Final = 36
MIN: Final = 37
MAX: Final = 38
LT: Final = 39
LE: Final = 40
GT: Final = 41
GE: Final = 42
EQ: Final = 43
NE: Final = 44
AND: Final = 45
OR: Final = 46

BINARY: Final = ADD
"""ops from here on take two numbers"""
MAX_STACK: Final = 64
MAX_OPS: Final = 2000

#: one step of a program
OP: Final = np.dtype([("arg", "<f8"), ("op", "<i4"), STAMP], align=True)
Step: TypeAlias = tuple[int, float]
"""op and arg"""

_MOVES: Final = {PUSH: 1, LOAD: 1, PICK: 1, TABLE: 0, JUMP: 0, UNLESS: -1}
_KNOWN: Final = frozenset({*range(ROUND + 1), *range(BINARY, OR + 1)})


def check(steps: Sequence[Step], inputs: int, points: Sequence[float]) -> None:
    """Refuse what the kernel must not meet.

    Args:
        steps: the program.
        inputs: how many inputs it may load.
        points: all its tables, one after the other.

    Raises:
        ValueError: an unknown op, a jump backwards, a stack too deep or empty, an input or a table that is not there.
    """
    if not 0 < len(steps) <= MAX_OPS:
        raise ValueError(f"program: {len(steps)} steps; allowed 1..{MAX_OPS}")
    depth_at: dict[int, int] = {0: 0}
    for at, (op, arg) in enumerate(steps):
        if at not in depth_at:
            raise ValueError(f"program: step {at} is never reached")
        depth = _step(op, arg, depth_at[at], at, inputs, points)
        for follower in _followers(op, arg, at, len(steps)):
            if depth_at.setdefault(follower, depth) != depth:
                raise ValueError(f"program: step {follower} is reached with stacks of different depth")
    if depth_at.get(len(steps)) != 1:
        raise ValueError("program: it must leave one number")


def _step(op: int, arg: float, depth: int, at: int, inputs: int, points: Sequence[float]) -> int:
    """Depth of the stack after a step."""
    if op not in _KNOWN or not math.isfinite(arg):
        raise ValueError(f"program: step {at} is ({op}, {arg})")
    takes = 2 if op >= BINARY else 0 if op in (PUSH, LOAD, PICK, JUMP) else 1
    if op == SQUASH:
        takes, after = int(arg) + 1, depth - int(arg)
    else:
        after = depth + _MOVES.get(op, -1 if op >= BINARY else 0)
    in_reach = {LOAD: inputs, PICK: depth}.get(op, math.inf)
    if depth < takes or after > MAX_STACK or not (op == PUSH or 0 <= arg < in_reach):
        raise ValueError(f"program: step {at} ({op}, {arg:g}) on a stack of {depth}")
    if op == TABLE:
        _check_table(int(arg), points)
    return after


def _followers(op: int, arg: float, at: int, size: int) -> tuple[int, ...]:
    if op in (JUMP, UNLESS) and not (at < arg <= size and arg == int(arg)):
        raise ValueError(f"program: step {at} jumps to {arg:g}")
    return (int(arg),) if op == JUMP else (at + 1, int(arg)) if op == UNLESS else (at + 1,)


def _check_table(first: int, points: Sequence[float]) -> None:
    count = int(points[first]) if first < len(points) else 0
    x = points[first + 1 : first + 1 + count]
    if count < 2 or len(points) < first + 1 + 2 * count or not all(map(math.isfinite, points)):
        raise ValueError(f"program: no table at {first}; allowed 2 or more finite points")
    if any(b <= a for a, b in pairwise(x)):
        raise ValueError(f"program: x of the table at {first} must rise")


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
