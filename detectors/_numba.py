"""The one place that decorates kernels: a compiled function keeps the types of the plain one."""

import ctypes
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

import numba
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

P = ParamSpec("P")
R = TypeVar("R")
_njit: Any = numba.njit
"""numba's own types say what a dispatcher is, not what it calls like"""
_intrinsic: Any = intrinsic
_types: Any = types
carray: Any = numba.carray  # type: ignore[attr-defined]
"""an array over a pointer, inside kernels"""


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile for this machine, keep the result on disk, one thread, strict IEEE arithmetic (no fastmath)."""
    return cast("Callable[P, R]", _njit(cache=True)(function))


def part(function: Callable[P, R]) -> Callable[P, R]:
    """A piece of a kernel, compiled into it. Stands in the kernel's own file: the disk cache watches only that one."""
    return cast("Callable[P, R]", _njit(cache=False, forceinline=True)(function))


def piece(function: Callable[P, R]) -> Callable[P, R]:
    """A piece that is called, not copied in: what runs seldom. Divisions by zero give infinities, as in numpy."""
    return cast("Callable[P, R]", _njit(cache=False, error_model="numpy")(function))


@_intrinsic  # type: ignore[untyped-decorator]
def pointer(_context: Any, address: Any) -> Any:
    """The address (an integer) as a pointer, for ``numba.carray`` inside kernels."""

    def generate(_target: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.inttoptr(args[0], ir.PointerType(ir.IntType(8)))

    return types.voidptr(address), generate


def native(function: Callable[..., int], context: Any) -> Callable[..., int]:
    """Compile ``function(context, rows, start, stop, now)`` and return it as a plain C call.

    A numba dispatcher looks at the type of every array at every call, which costs more than judging fifty readings; a
    C call takes addresses: of one ``context`` record and of the rows. It keeps the lock of the interpreter.
    """
    argument = _types.CPointer(numba.from_dtype(context))
    signature = _types.int64(argument, *[_types.int64] * 4)
    compiled: Any = numba.cfunc(signature, cache=True, error_model="numpy")(function)
    prototype = ctypes.PYFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, *[ctypes.c_int64] * 4)
    call: Any = prototype(compiled.address)
    call.compiled = compiled  # must live as long as its address is used
    return cast("Callable[..., int]", call)


def called(function: Callable[P, R]) -> Callable[P, R]:
    """A piece of a kernel that is called, not inlined.

    An inlined part with branches counts the references of the arrays it is given (atomic additions) wherever it stands,
    whether they are used or not; around a call none are counted. For what is rare, and for what needs arrays.
    """
    return cast("Callable[P, R]", _njit(cache=False, inline="never")(function))
