"""Type names for kernels: structured arrays and their records have no static types, so they are Any by name."""

from typing import Any, TypeAlias

Array: TypeAlias = Any
"""a numpy array, structured or plain"""
Record: TypeAlias = Any
"""one element of a structured array, a view"""
