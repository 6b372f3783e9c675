"""Quality of a value: one byte that travels from the wire to the county.

The two high bits are the status, the six low bits the reason:

====================  =========  ==========================================================
status                codes      what the gateway may do with it (promise 1)
====================  =========  ==========================================================
GOOD                  0-63       raises, holds and clears
UNCERTAIN             64-127     raises and holds, never clears
BAD                   128-191    condition becomes *unknown*, never normal; instrument alarm
====================  =========  ==========================================================

The integers are a public contract (InfluxDB field ``quality``): never renumber, only add.
"""

from enum import IntEnum
from types import MappingProxyType
from typing import Final


class Status(IntEnum):
    """The three answers to "may this value be judged?"."""

    GOOD = 0
    UNCERTAIN = 1
    BAD = 2


class Quality(IntEnum):
    """Status and reason in one byte."""

    GOOD = 0
    GOOD_MANUAL = 1
    """entered by a named person, not measured"""

    SATURATED_HIGH = 64
    """at or above the top of what the instrument can tell; the true value may be higher"""
    SATURATED_LOW = 65
    """at or below the bottom of what the instrument can tell"""
    FAILURE_CURRENT_PENDING = 66
    """NE 43 failure current for less than the confirm time; the last value is held"""
    FROZEN = 67
    """has not moved for longer than the signal's normal rest"""
    CLOCK_DOUBTFUL = 68
    """source time too far from received time; received time is used instead"""
    SOURCE_UNCERTAIN = 69
    """the source itself says so"""

    NO_DATA = 128
    """nothing received yet"""
    FAILURE_CURRENT_LOW = 129
    """NE 43: <= 3.6 mA for longer than the confirm time"""
    FAILURE_CURRENT_HIGH = 130
    """NE 43: >= 21.0 mA for longer than the confirm time"""
    COMMUNICATION = 131
    """the device or its bus does not answer"""
    DEVICE_EXCEPTION = 132
    """the device answers with a protocol exception (e.g. illegal data address)"""
    NOT_A_NUMBER = 133
    """NaN or infinite"""
    STALE = 134
    """nothing newer within the tag's max age"""
    MALFORMED = 135
    """the payload cannot be decoded"""
    SOURCE_BAD = 136
    """the source itself says so"""
    CONFIGURATION = 137
    """the tag's own settings make a value impossible (e.g. a computed tag without inputs)"""


STATUS_SHIFT: Final = 6


def status_of(quality: int) -> Status:
    """Status of a quality byte; an unknown high code is BAD, never better."""
    return Status(min(int(quality) >> STATUS_SHIFT, 2))


def quality_name(quality: int) -> str:
    """Stable lower-case name for messages and JSON; unknown codes keep their number."""
    try:
        return Quality(int(quality)).name.lower()
    except ValueError:
        return f"{status_of(quality).name.lower()}_{int(quality)}"


class Allowed(IntEnum):
    """What a reading may do to a condition (columns of promise 1's table)."""

    RAISE = 0
    HOLD = 1
    CLEAR = 2


#: Promise 1 as one literal table: (status, act) -> permitted. BAD permits nothing: it makes the condition unknown.
PERMITS: Final = MappingProxyType(
    {
        (Status.GOOD, Allowed.RAISE): True,
        (Status.GOOD, Allowed.HOLD): True,
        (Status.GOOD, Allowed.CLEAR): True,
        (Status.UNCERTAIN, Allowed.RAISE): True,
        (Status.UNCERTAIN, Allowed.HOLD): True,
        (Status.UNCERTAIN, Allowed.CLEAR): False,
        (Status.BAD, Allowed.RAISE): False,
        (Status.BAD, Allowed.HOLD): False,
        (Status.BAD, Allowed.CLEAR): False,
    }
)
