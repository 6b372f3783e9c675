"""Raw numbers of a column to values: BCD, time stamps, text, counters. What means nothing is NaN. Pure."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gateway.sources.modbus.plan import Kind

Raw = Any
"""a numpy array of integers or floats"""
Values = Any
"""a numpy array of float64, or of what is cast to it where it is stored"""
_NUMBER: Final = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?")
_EPOCH_MONTHS: Final = 30 * 12
"""from 1970 to 2000"""


def plain(raw: Raw) -> Values:
    """The number itself. 64-bit integers beyond 2**53 lose their last digits."""
    return raw


def bcd(raw: Raw) -> Values:
    """Binary coded decimals, four bits a digit; NaN where a digit is above 9."""
    count = 2 * raw.dtype.itemsize
    digits = (raw.astype(np.uint64)[:, None] >> np.arange(0, 4 * count, 4, dtype=np.uint64)) & np.uint64(15)
    value = (digits @ (10 ** np.arange(count, dtype=np.uint64))).astype(np.float64)
    value[(digits > 9).any(axis=1)] = np.nan
    return value


def milliseconds(raw: Raw) -> Values:
    """Milliseconds to seconds."""
    return raw.astype(np.float64) / 1000.0


def datetime(raw: Raw) -> Values:
    """Four registers of binary time as seconds since 1970 UTC; NaN for what is no date or is marked invalid.

    From the most significant: year since 2000 (7 bits); month, day; hour, minute with the mark; ms of the minute.
    """
    word = raw.astype(np.int64)
    month, day = (word >> 40) & 15, (word >> 32) & 31
    hour, minute, ms = (word >> 24) & 31, (word >> 16) & 63, word & 0xFFFF
    months = _EPOCH_MONTHS + 12 * ((word >> 48) & 127) + month - 1
    begin, end = (
        m.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) for m in (months, months + 1)
    )
    value = ((begin + day - 1) * 86400 + hour * 3600 + minute * 60).astype(np.float64) + ms / 1000.0
    wrong = (month < 1) | (month > 12) | (day < 1) | (day > end - begin)
    wrong |= (hour > 23) | (minute > 59) | (ms > 59999) | ((word >> 23) & 1 > 0)
    value[wrong] = np.nan
    return value


def number(text: str) -> float:
    """A plain decimal number; NaN for anything else."""
    found = _NUMBER.fullmatch(text)
    return float(text) if found else float("nan")


def text_of(raw: bytes) -> str:
    """Text of a string register: padded with zeros or blanks; what is not ASCII is no text of ours (empty)."""
    try:
        return raw.split(b"\0", 1)[0].decode("ascii").strip(" \t\r\n\v\f")
    except UnicodeDecodeError:
        return ""


def texts(raw: NDArray[np.uint8], codes: tuple[Mapping[str, float] | None, ...]) -> Values:
    """Rows of bytes as numbers, or by each row's own enumeration."""
    found = [text_of(bytes(row)) for row in raw]
    return np.array(
        [number(t) if c is None else c.get(t, np.nan) for t, c in zip(found, codes, strict=True)], np.float64
    )


READERS: Final[Mapping[Kind, tuple[str, Callable[[Raw], Values]]]] = {
    Kind.INT16: ("<i2", plain),
    Kind.UINT16: ("<u2", plain),
    Kind.INT32: ("<i4", plain),
    Kind.UINT32: ("<u4", plain),
    Kind.INT64: ("<i8", plain),
    Kind.UINT64: ("<u8", plain),
    Kind.FLOAT16: ("<f2", plain),
    Kind.FLOAT32: ("<f4", plain),
    Kind.FLOAT64: ("<f8", plain),
    Kind.BCD16: ("<u2", bcd),
    Kind.BCD32: ("<u4", bcd),
    Kind.BCD64: ("<u8", bcd),
    Kind.COUNT16: ("<u2", plain),
    Kind.COUNT32: ("<u4", plain),
    Kind.COUNT64: ("<u8", plain),
    Kind.UNIX32: ("<u4", plain),
    Kind.UNIX64: ("<u8", milliseconds),
    Kind.DATETIME64: ("<u8", datetime),
}
"""Kind -> how its gathered bytes (least significant first) are seen, and what becomes of them."""


def per_second(before: float, now: float, bits: int, seconds: float) -> float:
    """Counts per second of a counter of so many bits; NaN when it went back further than half its range: a reset.

    >>> per_second(65530.0, 5.0, 16, 1.0)
    11.0
    """
    step = (now - before) % 2.0**bits
    if seconds <= 0.0 or (now < before and step >= 2.0 ** (bits - 1)):
        return float("nan")
    return step / seconds
