"""Records of the common family. A snapshot is the bytes of the memories among them.

One reading of a tag at rest touches its :data:`TAG` record (two cache lines) and its :data:`WINDOW` record (one), and
nothing else. Times are int64 ns; fields go from wide to narrow and fill whole words, so that no padding byte exists.
"""

from typing import Final

import numpy as np

from detectors._sources import STAMP
from detectors.layout import DISCREPANCY, EDGE, RATE, VOTE

# Kinds of this family beside those of :mod:`detectors.layout`.
TREND: Final = 5
SPIKE: Final = 6
FROZEN: Final = 7
GROUPS: Final = (DISCREPANCY, VOTE)
"""judged once per input, on several tags"""
SLOPES: Final = (RATE, TREND)
"""judged when a bucket of their window closes"""

# Ways to compare the two members of a difference.
APART: Final = 0
"""distance of two numbers"""
STATES: Final = 1
"""do two states differ"""

MIN_POINTS: Final = 3
"""fewer filled buckets than this say nothing about a slope"""
BLOCK: Final = 256
"""rules that share one entry of the table of earliest deadlines"""
EDGES: Final = 1 << 32
"""more than one call can find"""
NONE: Final = -1
GROUPED: Final = 1
"""some group looks at the tag"""
LOCAL: Final = 2
"""it has a spike or frozen rule"""

CODES: Final = repr([(name, code) for name, code in sorted(globals().items()) if isinstance(code, int)])

#: frozen settings of one rule; trigger, reset and limit are multiplied by ``sign``: beyond is always upwards
RULE: Final = np.dtype(
    [
        ("trigger", "<f8"),
        ("reset", "<f8"),
        ("sign", "<f8"),
        ("limit", "<f8"),  # of a trend
        ("horizon", "<f8"),  # s
        ("on_delay", "<i8"),
        ("off_delay", "<i8"),
        ("first", "<i4"),  # of its entries in ``lists`` (members, values)
        ("count", "<i4"),  # of them; of buckets for a rate or trend
        ("needed", "<i4"),  # votes; for a difference: how it compares
        ("tag", "<i4"),
        ("window", "<i4"),  # row of its WINDOW
        ("own", "<i4"),  # row of its NUMBER or GROUP
        ("kind", "<u1"),
        ("degrade", "<u1"),
        ("_pad", "<u2"),
        ("_pad2", "<u4"),
    ],
    align=True,
)

#: memory of one rule: its delay machine
STATE: Final = np.dtype(
    [
        ("onset", "<i8"),
        ("deadline", "<i8"),  # event time; NEVER unless pending and known
        ("remaining", "<i8"),  # of the delay while unknown
        ("phase", "<u1"),
        ("unknown", "<u1"),
        ("_pad", "<u2"),
        ("_pad2", "<u4"),
    ],
    align=True,
)

#: memory of one tag. ``lo < value < hi`` with ``quiet``: no limit or state rule of the tag would change anything
TAG: Final = np.dtype(
    [
        ("source", "<i8"),  # of its last judged reading
        ("received", "<i8"),
        ("value", "<f8"),
        ("lo", "<f8"),
        ("hi", "<f8"),
        ("due", "<i8"),  # end of its first open bucket; 0 = one is to be opened; NEVER = no windows
        ("quality", "<u1"),
        ("seen", "<u1"),
        ("quiet", "<u1"),  # of every rule it is known that only a value outside the band changes it
        ("extras", "<u1"),  # GROUPED, LOCAL
        ("window", "<i4"),  # first of its windows
        ("spike", "<f8"),  # trigger; infinite = no such rule
        ("v1", "<f8"),  # the good values before, newest first
        ("v2", "<f8"),
        ("v3", "<f8"),
        ("v4", "<f8"),
        ("band", "<f8"),  # movement up to this is rest; infinite = no such rule
        ("rest", "<f8"),  # where it came to rest
        ("frozen_at", "<i8"),  # when that will have lasted too long
        ("frozen_window", "<i8"),
    ],
    align=True,
)

#: memory of one window of a tag: the open bucket, and which slots hold the closed ones
WINDOW: Final = np.dtype(
    [
        ("close", "<i8"),  # end of the open bucket, or of the last one
        ("width", "<i8"),
        ("sum", "<f8"),
        ("age", "<f8"),  # sum of ns from reading to end: of days of readings, more than an int64 holds
        ("doubt", "<i8"),  # bit by slot: has an UNCERTAIN reading
        ("count", "<i4"),  # 0 = no bucket is open
        ("first", "<i4"),  # of its slots
        ("slots", "<i4"),
        ("next", "<i4"),  # window of the same tag; NONE
        ("doubtful", "<u1"),  # the open bucket has an UNCERTAIN reading
        ("whole", "<u1"),  # every slot is filled, and no mean is outside of the window's REACH
        ("_pad", "<u2"),
        ("slot", "<i4"),  # of the open bucket: number of its width since 1970, modulo slots
    ],
    align=True,
)

#: of one window, where it is whole: no closed bucket is lower or higher. Wider than need be where the lowest or the
#: highest has left the window since. Looked at once a bucket, so not in the window's own cache line.
REACH: Final = np.dtype([("low", "<f8"), ("high", "<f8")])

#: the last slope of a rate or trend
NUMBER: Final = np.dtype([("rate", "<f8"), ("eta", "<f8"), ("confidence", "<f8")])

#: the clock of a group and what it reports
GROUP: Final = np.dtype(
    [
        ("source", "<i8"),
        ("received", "<i8"),
        ("value", "<f8"),
        ("quality", "<u1"),
        ("dirty", "<u1"),
        ("seen", "<u1"),
        ("_pad", "<u1"),
        ("_pad2", "<u4"),
    ],
    align=True,
)

ARRAYS: Final = (
    ("rules", RULE), ("state", STATE), ("tags", TAG), ("windows", WINDOW), ("reaches", REACH),
    ("means", np.dtype("<f8")), ("ages", np.dtype("<f4")), ("numbers", NUMBER), ("groups", GROUP),
    ("votes", np.dtype("<u1")), ("holds", np.dtype("<i8")), ("lists", np.dtype("<i8")), ("offsets", np.dtype("<i8")),
    ("index", np.dtype("<i8")), ("gofs", np.dtype("<i8")), ("gindex", np.dtype("<i8")), ("permits", np.dtype("<u1")),
    ("bounds", np.dtype("<i8")), ("edges", EDGE), ("queue", np.dtype("<i8")), ("scratch", np.dtype("<f8")),
    ("meta", np.dtype("<i8")),
)  # fmt: skip
"""arrays the kernel works on"""

#: their addresses and lengths: the kernel's one argument beside the rows. Carries the stamp of the sources.
CONTEXT: Final = np.dtype(
    [("at", "<i8")]
    + [(name, "<i8") for name, _ in ARRAYS]
    + [(f"n_{name}", "<i8") for name, _ in ARRAYS]
    + [STAMP, ("_pad", "<u4")],
    align=True,
)
