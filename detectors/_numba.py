"""The one place that decorates kernels: numba publishes no types, so the wrapper here gives them back."""

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile for this machine, keep the result on disk, one thread, strict IEEE arithmetic (no fastmath)."""
    return cast("Callable[P, R]", _njit(cache=True)(function))


def part(function: Callable[P, R]) -> Callable[P, R]:
    """A piece of a kernel, compiled into it. Stands in the kernel's own file: the disk cache watches only that one."""
    return cast("Callable[P, R]", _njit(cache=False)(function))


def _njit(**options: bool) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return cast("Callable[[Callable[..., Any]], Callable[..., Any]]", numba.njit(nogil=False, **options))
