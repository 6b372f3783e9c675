"""A tiny stack program over tags: what an expression becomes. Written by whoever parses expressions, run by
kernels (:mod:`detectors.interpreter`).

A program is a list of (op, arg). Ops work on a stack of numbers; true is 1 and false 0. It has no loops (jumps go
forwards only), so it ends after at most as many steps as it has ops. A result that is not finite (division by zero,
root of a negative number, overflow, outside a table), anywhere on the way, makes the whole result NaN.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, TypeAlias

import numpy as np

from detectors._sources import STAMP

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
