# long-file: table
"""The kernel's view of its arrays, made from their addresses."""

from typing import Final, NamedTuple

import numpy as np

from detectors._numba import carray, part, pointer
from detectors.common.layout import CONTEXT, GROUP, NUMBER, REACH, RULE, STATE, TAG, WINDOW
from detectors.layout import EDGE
from detectors.types import Array

F8: Final = np.dtype("<f8")
F4: Final = np.dtype("<f4")
I8: Final = np.dtype("<i8")
U1: Final = np.dtype("<u1")


class Memory(NamedTuple):
    """Everything the kernel works on, see :mod:`detectors.common.layout`."""

    at: int
    """address of the CONTEXT record: pieces are given it, and load of the rest what they use"""
    rules: Array
    state: Array
    tags: Array
    windows: Array
    reaches: Array
    """of the window of the same row"""
    means: Array
    """float64: of each closed bucket; NaN = empty"""
    ages: Array
    """float32: mean seconds from its readings to its end"""
    numbers: Array
    groups: Array
    votes: Array
    holds: Array
    """int64: ns that a tag's value holds; NEVER"""
    lists: Array
    offsets: Array
    """rules on tag i alone are ``index[offsets[i]:offsets[i + 1]]``"""
    index: Array
    gofs: Array
    """groups that look at tag i are ``gindex[gofs[i]:gofs[i + 1]]``"""
    gindex: Array
    permits: Array
    bounds: Array
    """no delay of a block of rules ends before this engine time"""
    edges: Array
    queue: Array
    scratch: Array
    meta: Array


@part
def memory(at: int) -> Memory:
    c = carray(pointer(at), 1, CONTEXT)[0]
    return Memory(
        at,
        carray(pointer(c.rules), c.n_rules, RULE),
        carray(pointer(c.state), c.n_state, STATE),
        carray(pointer(c.tags), c.n_tags, TAG),
        carray(pointer(c.windows), c.n_windows, WINDOW),
        carray(pointer(c.reaches), c.n_reaches, REACH),
        carray(pointer(c.means), c.n_means, F8),
        carray(pointer(c.ages), c.n_ages, F4),
        carray(pointer(c.numbers), c.n_numbers, NUMBER),
        carray(pointer(c.groups), c.n_groups, GROUP),
        carray(pointer(c.votes), c.n_votes, U1),
        carray(pointer(c.holds), c.n_holds, I8),
        carray(pointer(c.lists), c.n_lists, I8),
        carray(pointer(c.offsets), c.n_offsets, I8),
        carray(pointer(c.index), c.n_index, I8),
        carray(pointer(c.gofs), c.n_gofs, I8),
        carray(pointer(c.gindex), c.n_gindex, I8),
        carray(pointer(c.permits), (3, 3), U1),
        carray(pointer(c.bounds), c.n_bounds, I8),
        carray(pointer(c.edges), c.n_edges, EDGE),
        carray(pointer(c.queue), c.n_queue, I8),
        carray(pointer(c.scratch), c.n_scratch, F8),
        carray(pointer(c.meta), c.n_meta, I8),
    )
