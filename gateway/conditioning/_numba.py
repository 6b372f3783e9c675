"""Compile kernels here too: this package and the detectors do not know each other."""

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")
_njit: Any = numba.njit
"""numba's own types say what a dispatcher is, not what it calls like"""


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile for this machine, keep the result on disk, one thread, strict IEEE arithmetic (no fastmath)."""
    return cast("Callable[P, R]", _njit(cache=True)(function))


def part(function: Callable[P, R]) -> Callable[P, R]:
    """A piece of a kernel, compiled into it. Stands in the kernel's own file: the disk cache watches only that one."""
    return cast("Callable[P, R]", _njit(cache=False, forceinline=True)(function))
