"""Records, flags and limits of the conditioning stage. Times are int64 ns; no padding bytes exist."""

import hashlib
from typing import Final

import numpy as np

from gateway.model.quality import Quality
from gateway.model.times import seconds

JUDGED: Final = 1
"""newer than its tag's last reading: the detectors look at it"""
SYNTHETIC: Final = 2
"""made by the gateway (stale, link down), not measured"""
HELD: Final = 4
"""the value repeats an earlier one"""
TO_BAD: Final = 8
"""with this row the tag's status became BAD"""
TO_OK: Final = 16
"""with this row the tag's status became other than BAD, or it is the tag's first"""
INHERITED: Final = 32
"""of a computed tag: BAD because an input is"""

#: one reading, conditioned in place; the detectors read the same record
ROW: Final = np.dtype(
    [
        ("source", "<i8"),
        ("received", "<i8"),
        ("value", "<f8"),
        ("tag", "<i4"),
        ("quality", "<u1"),
        ("flags", "<u1"),
        ("_pad", "<u2"),
    ],
    align=True,
)

# Health of a tag, as last told to the alarm stage.
UNTOLD: Final = 0
OK: Final = 1
ILL: Final = 2
BLIND: Final = 3
"""a computed tag with a BAD input: the fault is the input's"""

META_BOUND: Final = 0
"""no tag goes stale before this engine time"""
META_SIZE: Final = 2

FIRST_EVER: Final = -(1 << 62)
"""older than every source time"""

# NAMUR NE 43 (levels: mark S, secondary sources; the recommendation itself was not read).
FAIL_LOW_MA: Final = 3.6
"""failure at or below (mark S)"""
FAIL_HIGH_MA: Final = 21.0
"""failure at or above (mark S)"""
VALID_LOW_MA: Final = 3.8
"""the measuring information ends here (mark S); 3.8 - 20.5 mA on 0-100 is -1.25 - 103.125 (arithmetic)"""
VALID_HIGH_MA: Final = 20.5
"""(mark S)"""
CONFIRM: Final = seconds(4)
"""a failure current that lasts as long is a failure (mark S)"""

RECOVERY: Final = seconds(60)
"""after its link came back, a tag without a max age of its own has this long to say something"""

CLOCK_AHEAD: Final = seconds(300)
"""a source time further ahead of received is not believed"""
CLOCK_BEHIND: Final = seconds(7 * 86400)
"""nor one further behind: a logger may deliver a long weekend late, a clock that fell back to 1970 is out"""

VERSION: Final = "conditioning/1"

CODES: Final = hashlib.sha256(
    repr([(name, code) for name, code in sorted(globals().items()) if isinstance(code, int | float)]).encode()
    + repr([(q.name, q.value) for q in Quality]).encode()
).hexdigest()[:8]
"""Compiled kernels contain these numbers, and the disk cache knows a kernel by its own file and its argument types.
So their hash is part of a record type: whoever changes a number gets new kernels, and new snapshots."""

#: frozen settings of one tag
PARAM: Final = np.dtype(
    [
        ("gain", "<f8"),
        ("offset", "<f8"),
        ("low", "<f8"),  # NaN = no range
        ("high", "<f8"),
        ("frozen_band", "<f8"),
        ("frozen_window", "<i8"),  # 0 = off
        ("max_age", "<i8"),  # 0 = for ever
        ("milliamp", "<u1"),
        ("danger_low", "<u1"),
        ("danger_high", "<u1"),
        ("_pad", "<u1"),
        (f"_codes_{CODES}", "<u4"),
    ],
    align=True,
)

#: one computed tag
COMPUTED: Final = np.dtype(
    [
        ("tag", "<i4"),
        ("first", "<i4"),  # of its inputs in ``members``
        ("count", "<i4"),
        ("start", "<i4"),  # of its program in ``code``
        ("stop", "<i4"),
        (f"_codes_{CODES}", "<u4"),
    ],
    align=True,
)

#: last judged row of one tag, as an input of computed tags
LATEST: Final = np.dtype(
    [
        ("source", "<i8"),
        ("value", "<f8"),
        ("quality", "<u1"),
        ("_pad", "<u1"),
        ("_pad2", "<u2"),
        ("_pad3", "<u4"),
    ],
    align=True,
)

#: what a computed tag waits with while rows are taken
WAIT: Final = np.dtype(
    [
        ("time", "<i8"),  # newest source time of its inputs' new rows; NEVER: nothing is new
        ("received", "<i8"),
        ("held", "<u1"),  # all of them repeat a value
        ("queued", "<u1"),
        ("_pad", "<u2"),
        ("_pad2", "<u4"),
    ],
    align=True,
)

#: what is remembered of one tag
STATE: Final = np.dtype(
    [
        ("order", "<i8"),  # source time of its newest real reading; a reading must be newer to be judged
        ("stale_at", "<i8"),  # engine time at which the value is too old; NEVER
        ("source", "<i8"),  # of the newest judged row
        ("received", "<i8"),
        ("value", "<f8"),  # of the newest judged row; NaN when BAD
        ("failing_since", "<i8"),  # event time of the first failure current in a row; NEVER
        ("rest_since", "<i8"),  # event time since when the value rests
        ("rest_value", "<f8"),
        ("quality", "<u1"),
        ("health", "<u1"),
        ("_pad", "<u2"),
        ("_pad2", "<u4"),
    ],
    align=True,
)
