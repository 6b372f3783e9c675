"""Records and codes of the statistical family, on one page. A snapshot is the bytes of these records.

Times are int64 ns. Fields go from wide to narrow and fill whole words, so that no padding byte exists.
"""

from typing import Final

import numpy as np

from detectors._sources import STAMP

# Kinds. Groups of codes say where a kind is judged; the kernel compares with the firsts.
TOTAL: Final = 0
"""0-4: a number over a window, made anew with every reading"""
MEAN: Final = 1
PEAK: Final = 2
STARTS: Final = 3
OSCILLATION: Final = 4
DWELL: Final = 5
SETPOINT: Final = 6
"""6 and on: a number of each sample"""
CUSUM: Final = 7
EWMA: Final = 8
PAGE_HINKLEY: Final = 9
HAMPEL: Final = 10
BASELINE: Final = 11
EXCESS: Final = 12
SHIFT: Final = 13
"""13 and on: a number when a bucket has closed"""
NOISE: Final = 14
VELOCITY: Final = 15
INVERSE_VELOCITY: Final = 16

# What the readings of a total are.
INCREMENTS: Final = 0
COUNTER: Final = 1
FLOW: Final = 2

# What unknown time in a mean is.
LEAVE: Final = 0
ZERO: Final = 1

# Where a value stands to a set.
OUTSIDE: Final = 0
INSIDE: Final = 1
NOWHERE: Final = 2
"""not seen yet"""

SCALE_OF_MAD: Final = 1.4826
"""normal noise: standard deviation / median absolute deviation (1 / 0.6745)"""
ERROR_OF_MEDIAN: Final = 1.2533
"""normal noise: standard error of a median / that of a mean (sqrt(pi / 2))"""
CLIP: Final = 4.0
"""a warm baseline learns no more of a reading than this many scales"""
CAP: Final = 2.0
"""a cumulative sum grows to this many triggers at most, so that it comes back"""
LEAST_POINTS: Final = 3
"""fewer filled buckets than this say nothing"""
LEAST_FIT: Final = 5
"""fewer velocities than this carry no forecast"""

VERSION: Final = "statistics/1"
CODES: Final = repr(
    [(name, code) for name, code in sorted(globals().items()) if isinstance(code, int | float)]
)
"""all codes above: part of a snapshot's version, because a snapshot holds what they mean"""

#: frozen settings of one rule
PARAM: Final = np.dtype(
    [
        ("trigger", "<f8"),  # of a low side negated, so that beyond is always upwards
        ("reset", "<f8"),
        ("mean", "<f8"),  # set point; given mean
        ("sigma", "<f8"),  # given standard deviation, or the least one
        ("slack", "<f8"),  # k, lambda, delta, band, quantile, sigmas: what the number leaves out or weighs by
        ("share", "<f8"),  # of the window that must be known; of a visit in the baseline
        ("per", "<f8"),  # s, of a rate's unit; horizon
        ("on_delay", "<i8"),
        ("off_delay", "<i8"),
        ("hold", "<i8"),  # how long a value of the tag holds; NEVER
        ("width", "<i8"),  # of a bucket or slot, ns
        ("every", "<i8"),  # of a sample, ns; 0 = each reading
        ("first", "<i4"),  # of its entries in buckets, samples or slots
        ("count", "<i4"),
        ("values", "<i4"),  # first of its entries in lists
        ("listed", "<i4"),
        ("needed", "<i4"),  # warm-up; of buckets the recent ones
        ("memory", "<i4"),  # samples
        ("tag", "<i4"),
        ("side", "<i1"),  # 1 high, -1 low, 0 both
        ("kind", "<u1"),
        ("mode", "<u1"),
        ("_pad", "<u1"),
        STAMP,
        ("_pad2", "<u4"),
    ],
    align=True,
)

#: what one rule remembers; beside the machine's fields each kind uses what its part says
STATE: Final = np.dtype(
    [
        ("onset", "<i8"),
        ("deadline", "<i8"),  # event time; NEVER unless pending and known
        ("remaining", "<i8"),  # of the delay while unknown
        ("source", "<i8"),  # of the tag's last judged reading
        ("received", "<i8"),
        ("bucket", "<i8"),  # open bucket, sample or visit
        ("count", "<i8"),  # samples learned
        ("gathered", "<i8"),  # readings in the open sample or visit
        ("value", "<f8"),  # as reported
        ("rate", "<f8"),  # unit/s; NaN unless a velocity
        ("eta", "<f8"),
        ("confidence", "<f8"),
        ("last", "<f8"),  # value of the last reading
        ("mean", "<f8"),
        ("spread", "<f8"),  # sum of squares while it learns, then the scale
        ("up", "<f8"),
        ("down", "<f8"),
        ("sum", "<f8"),
        ("square", "<f8"),
        ("covered", "<f8"),  # s
        ("phase", "<u1"),
        ("unknown", "<u1"),
        ("quality", "<u1"),
        ("seen", "<u1"),
        ("inside", "<u1"),
        ("worst", "<u1"),
        ("turn", "<i1"),
        ("linked", "<u1"),  # the last row was a measurement
    ],
    align=True,
)

#: one bucket of a window
BUCKET: Final = np.dtype(
    [
        ("index", "<i8"),  # event time // width; -1 = empty
        ("sum", "<f8"),
        ("offset", "<f8"),  # sum of times within the bucket, s
        ("covered", "<f8"),  # s of known value
        ("count", "<i4"),
        ("status", "<u1"),  # worst of its readings
        ("_pad", "<u1"),
        ("_pad2", "<u2"),
    ],
    align=True,
)

#: one slot of a learned cycle
SLOT: Final = np.dtype([("level", "<f8"), ("variance", "<f8"), ("visits", "<i8")], align=True)
