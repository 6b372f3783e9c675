"""Doubles as whole numbers, exactly: most readings are decimals or counts, and a column of small integers packs to a
quarter of one of doubles.

``number = digits / divisor``, one division of doubles, which rounds correctly; where the instrument spoke in single
precision the quotient is rounded to that first. Whether it gives back every bit is tried, never assumed. The idea is
that of ALP (Afroozeh, Kuffo and Boncz, SIGMOD 2023), which multiplies instead.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

MOST_PLACES: Final = 9
_TRIED: Final = 64
_WORTH: Final = 0.7
"""digits are used when at least this share of the rows has them"""
_EXACT: Final = 2.0**53


@dataclass(frozen=True, slots=True)
class Digits:
    """Of one column. ``there`` is False where a row has none; such a row is kept as a double."""

    divisor: float
    single: bool
    digits: NDArray[np.int64]
    there: NDArray[np.bool_]


def find(values: NDArray[np.float64]) -> Digits:
    """The shortest form that gives back most of ``values`` bit by bit."""
    finite = values[np.isfinite(values)]
    some = finite[:: max(1, len(finite) // _TRIED)][:_TRIED]
    for single in (False, True):
        for places in range(MOST_PLACES + 1):
            divisor = 10.0**places
            if len(some) and _try(some, divisor, single=single)[1].mean() >= _WORTH:
                digits, there = _try(values, divisor, single=single)
                return Digits(divisor, single, digits, there)
    return Digits(1.0, False, np.zeros(len(values), np.int64), np.zeros(len(values), np.bool_))


def numbers(
    digits: NDArray[np.int64], divisor: NDArray[np.float64], single: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Inverse: the doubles."""
    whole = digits / divisor
    with np.errstate(over="ignore"):
        return np.where(single, whole.astype(np.float32).astype(np.float64), whole)


def same(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Equal bit by bit; NaN is NaN."""
    equal = np.ascontiguousarray(a).view(np.int64) == np.ascontiguousarray(b).view(np.int64)
    out: NDArray[np.bool_] = equal | (np.isnan(a) & np.isnan(b))
    return out


def _try(
    values: NDArray[np.float64], divisor: float, *, single: bool
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    with np.errstate(invalid="ignore", over="ignore"):
        whole = np.rint(values * divisor)
        fits = np.abs(whole) < _EXACT
        digits = np.where(fits, whole, 0.0).astype(np.int64)
    back = numbers(digits, np.full(len(values), divisor), np.full(len(values), single))
    return digits, fits & same(back, values)
