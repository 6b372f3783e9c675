"""Every record and integer code the detectors use, on one page. A snapshot is the bytes of these records.

Times are int64 ns. Fields go from wide to narrow and fill whole words, so that no padding byte exists.
"""

from typing import Final

import numpy as np

from detectors._sources import STAMP

NEVER: Final = (1 << 63) - 1
"""a deadline that does not come"""
NS: Final = 1_000_000_000

# What a reading is (row flags; the first stage sets them).
JUDGED: Final = 1
"""newer than its tag's last: detectors look at it"""
SYNTHETIC: Final = 2
"""made by the gateway (stale, link down), not measured"""
HELD: Final = 4
"""the value repeats an earlier one: not a measurement, no trend is fitted through it"""
TO_BAD: Final = 8
"""the tag's status became BAD with this row"""
TO_OK: Final = 16
"""the tag's status became other than BAD with this row (or it is the first)"""

#: one reading; the engine's first stage works on the same record
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

# Kinds of rule.
LEVEL: Final = 0
RATE: Final = 1
STATE_IN: Final = 2
DISCREPANCY: Final = 3
VOTE: Final = 4

# Degrade policies of a vote.
TRIP: Final = 0
EXCLUDE: Final = 1
CANNOT_TELL: Final = 2

# Phases of the delay machine. UNJUDGED: nothing has said yet what the condition is.
NORMAL: Final = 0
PENDING_ON: Final = 1
ACTIVE: Final = 2
PENDING_OFF: Final = 3
UNJUDGED: Final = 4

# Conditions, as edges report them.
IS_NORMAL: Final = 0
IS_ACTIVE: Final = 1
IS_UNKNOWN: Final = 2

# Statuses (quality byte >> 6, at most 2) and acts: rows and columns of the permission table.
GOOD: Final = 0
UNCERTAIN: Final = 1
BAD: Final = 2
RAISE: Final = 0
HOLD: Final = 1
CLEAR: Final = 2

# What a reading says to the delay machine.
SAYS_CLEAR: Final = -1
SAYS_HOLD: Final = 0
SAYS_RAISE: Final = 1
SAYS_UNKNOWN: Final = 2

# Counters shared with the kernel (int64).
META_BOUND: Final = 0
"""no delay ends before this engine time"""
META_EDGES: Final = 1
META_QUEUE: Final = 2
META_SIZE: Final = 4

VERSION: Final = "detectors/1"
EMPTY: Final = -1
NO_VOTE: Final = 0
VOTES: Final = 1
NEVER_JUDGED: Final = 2

CODES: Final = repr([(name, code) for name, code in sorted(globals().items()) if isinstance(code, int)])
"""all codes above: part of a snapshot's version, because a snapshot holds them"""

#: frozen settings of one rule; trigger and reset are multiplied by ``sign``, so that beyond is always upwards
PARAM: Final = np.dtype(
    [
        ("trigger", "<f8"),
        ("reset", "<f8"),
        ("sign", "<f8"),
        ("on_delay", "<i8"),
        ("off_delay", "<i8"),
        ("width", "<i8"),  # of a bucket, ns
        ("first", "<i4"),  # of its entries in ``lists`` (members, values) or ``buckets``
        ("count", "<i4"),
        ("needed", "<i4"),  # votes; for a discrepancy 1 = compare states, 0 = compare numbers
        ("tag", "<i4"),  # of a rule on one tag
        ("kind", "<u1"),
        ("degrade", "<u1"),
        ("_pad", "<u2"),
        STAMP,
    ],
    align=True,
)

#: what one rule remembers
STATE: Final = np.dtype(
    [
        ("onset", "<i8"),
        ("deadline", "<i8"),  # event time; NEVER unless pending and known
        ("remaining", "<i8"),  # of the delay while unknown
        ("source", "<i8"),  # a group's own event clock
        ("received", "<i8"),
        ("bucket", "<i8"),  # open bucket of a rate rule
        ("value", "<f8"),  # a group's reported value
        ("rate", "<f8"),  # last slope, unit/s
        ("phase", "<u1"),
        ("unknown", "<u1"),
        ("quality", "<u1"),
        ("dirty", "<u1"),
        ("seen", "<u1"),  # a group's clock runs
        ("_pad", "<u1"),
        ("_pad2", "<u2"),
    ],
    align=True,
)

#: what is remembered of one tag: its last judged reading
SIGNAL: Final = np.dtype(
    [
        ("source", "<i8"),
        ("received", "<i8"),
        ("value", "<f8"),
        ("hold", "<i8"),  # how long a value holds, ns; NEVER
        ("quality", "<u1"),
        ("seen", "<u1"),
        ("_pad", "<u2"),
        ("_pad2", "<u4"),
    ],
    align=True,
)

#: one bucket of a rate window
BUCKET: Final = np.dtype(
    [
        ("index", "<i8"),  # event time // width; -1 = empty
        ("sum", "<f8"),
        ("offset", "<f8"),  # sum of seconds after the bucket's start
        ("count", "<i4"),
        ("status", "<u1"),
        ("_pad", "<u1"),
        ("_pad2", "<u2"),
    ],
    align=True,
)

#: one change of a rule's condition
EDGE: Final = np.dtype(
    [
        ("time", "<i8"),  # event time that decided
        ("onset", "<i8"),
        ("received", "<i8"),
        ("value", "<f8"),
        ("rate", "<f8"),  # NaN unless a rate rule
        ("eta", "<f8"),  # s from ``time`` to the limit; NaN unless a trend
        ("confidence", "<f8"),  # 0..1 that it is reached; NaN unless a trend
        ("rule", "<i4"),
        ("before", "<u1"),
        ("after", "<u1"),
        ("quality", "<u1"),
        ("_pad", "<u1"),
    ],
    align=True,
)
