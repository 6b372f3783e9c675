"""Records and codes of the groups family. Times are int64 ns; no padding byte exists."""

from typing import Final

import numpy as np

from detectors._sources import STAMP

# Kinds, as the kernel knows them.
DEVIATION: Final = 0
SPREAD: Final = 1
MOVING_LIMIT: Final = 2
STATE_LIMIT: Final = 3
BALANCE: Final = 4
MULTIVARIATE: Final = 5
EXPRESSION: Final = 6

# What of a signed number is beyond.
HIGH: Final = 0
LOW: Final = 1
BOTH: Final = 2

# How a spread is measured.
RANGE: Final = 0
FROM_MEDIAN: Final = 1

# A state that no case of a state limit names.
STRICTEST: Final = 0
CANNOT_TELL: Final = 1

# Which statistic a multivariate rule judges.
T2_AND_Q: Final = 0
T2_ONLY: Final = 1
Q_ONLY: Final = 2

NOT_A_NUMBER: Final = 133
"""quality of a number that has no value; the public code of the gateway"""
NOT_SET: Final = 137
"""quality of a state for which nothing is configured; the public code of the gateway"""
DOUBTFUL: Final = 69
"""quality of a number made of fewer members than there are; the public code of the gateway"""

EMPTY: Final = -1
MEDIAN_OF: Final = 5
"""ratios of a multivariate rule that are kept"""
MAX_CELLS: Final = 60
MAX_TAGS: Final = 64
"""of a multivariate rule"""
POOL_HEAD: Final = 4
"""floats before the vectors of a multivariate rule: limit of T2, limit of Q, components kept, samples learned anew"""
VECTORS: Final = 5
"""of a multivariate rule: means, deviations, variances, weighted distances, sums to learn anew from"""

CODES: Final = repr([(name, code) for name, code in sorted(globals().items()) if isinstance(code, int)])
"""all codes above: part of a snapshot's version, because a snapshot holds them"""

#: frozen settings of one rule
PARAM: Final = np.dtype(
    [
        ("trigger", "<f8"),
        ("reset", "<f8"),
        ("gain", "<f8"),  # multivariate: weight of a sample
        ("offset", "<f8"),  # multivariate: how far correlations are shrunk
        ("factor", "<f8"),  # of the number; of a balance: of its uncertainty
        ("fixed", "<f8"),  # balance: uncertainty of a volume; multivariate: share of variance to keep
        (
            "share",
            "<f8",
        ),  # balance: relative uncertainty of flows; multivariate: normal quantile of the limits
        ("on_delay", "<i8"),
        ("off_delay", "<i8"),
        ("width", "<i8"),  # balance: of a cell, ns; multivariate: time between samples
        ("bridge", "<i8"),  # balance: longest gap that is bridged, ns; multivariate: time to learn
        ("first", "<i4"),  # of its members in ``lists``
        ("count", "<i4"),
        ("own", "<i4"),  # first of its cases, cells, floats or steps
        ("size", "<i4"),  # how many
        ("least", "<i4"),  # spread: members it needs; multivariate: samples to learn from
        ("split", "<i4"),  # balance: members that flow in; multivariate: samples to learn anew from
        ("kind", "<u1"),
        ("side", "<u1"),
        ("mode", "<u1"),
        ("smooth", "<u1"),
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
        ("source", "<i8"),  # the group's own event clock
        ("received", "<i8"),
        ("mark", "<i8"),  # event time of the last sample taken; EMPTY
        ("since", "<i8"),  # event time of the first one; EMPTY
        ("samples", "<i8"),
        ("value", "<f8"),  # the number judged last
        ("volume", "<f8"),  # at the last sample
        ("net", "<f8"),  # flow then
        ("gross", "<f8"),
        ("phase", "<u1"),
        ("unknown", "<u1"),
        ("quality", "<u1"),
        ("dirty", "<u1"),
        ("seen", "<u1"),  # the clock runs
        ("learned", "<u1"),
        ("doubt", "<u1"),  # status of the last sample
        ("_pad", "<u1"),
    ],
    align=True,
)

#: last judged reading of one tag
SIGNAL: Final = np.dtype(
    [
        ("source", "<i8"),
        ("received", "<i8"),
        ("value", "<f8"),
        ("quality", "<u1"),
        ("seen", "<u1"),
        ("_pad", "<u2"),
        ("_pad2", "<u4"),
    ],
    align=True,
)

#: one cell of a balance window
CELL: Final = np.dtype(
    [
        ("index", "<i8"),  # event time // width; EMPTY
        ("net", "<f8"),  # flowed in minus out
        ("gross", "<f8"),  # flowed in plus out
        ("end", "<f8"),  # volume at its end
        ("full", "<u1"),  # measured from its start
        ("closed", "<u1"),  # to its end
        ("status", "<u1"),  # worst of what flowed
        ("doubt", "<u1"),  # status of the volume at its end
        ("_pad2", "<u4"),
    ],
    align=True,
)

#: one case of a state limit
CASE: Final = np.dtype(
    [
        ("state", "<f8"),
        ("trigger", "<f8"),
        ("reset", "<f8"),
        ("free", "<u1"),  # no limit in this state
        ("_pad", "<u1"),
        ("_pad2", "<u2"),
        ("_pad3", "<u4"),
    ],
    align=True,
)
