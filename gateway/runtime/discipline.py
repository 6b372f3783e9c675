"""Is the machine's clock disciplined (NTP, PTP, GPS)? What the kernel itself says; reading it needs no rights.

An undisciplined clock drifts by seconds a day: source times of well-kept devices then look doubtful, and two gateways'
events fall into the wrong order. It is shown, not alarmed: plants without a time server know that they have none.
"""

import ctypes
import struct
import sys
from dataclasses import dataclass
from typing import Final

UNSYNCHRONISED: Final = 0x40
"""STA_UNSYNC of <sys/timex.h>"""
NANOSECONDS: Final = 0x2000
"""STA_NANO: ``offset`` counts ns, else us"""
_SIZE: Final = 256
_PLACES: Final = struct.Struct("<q q q q i")
"""offset, frequency, greatest and estimated error, status of ``struct timex``, from byte 8 where a long has 64 bits"""


@dataclass(frozen=True, slots=True)
class Discipline:
    """``synchronised`` None: this system does not say. ``offset_s``: what is still to be corrected."""

    synchronised: bool | None = None
    offset_s: float | None = None


def discipline() -> Discipline:
    """As the kernel has it now."""
    if sys.platform != "linux" or struct.calcsize("l") != 8:
        return Discipline()
    buffer = ctypes.create_string_buffer(_SIZE)
    try:
        answer = ctypes.CDLL(None, use_errno=True).adjtimex(buffer)
    except (AttributeError, OSError):
        return Discipline()  # a C library without it
    return read(answer, buffer.raw)


def read(answer: int, timex: bytes) -> Discipline:
    """What ``adjtimex`` answered and wrote."""
    if answer < 0:
        return Discipline()  # forbidden by a sandbox
    offset, _, _, _, status = _PLACES.unpack_from(timex, 8)
    if status & UNSYNCHRONISED:
        return Discipline(synchronised=False)
    return Discipline(synchronised=True, offset_s=offset / (1e9 if status & NANOSECONDS else 1e6))
