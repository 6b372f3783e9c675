# long-file: kernel
"""Kinds that look at several tags: difference of two, and votes. Judged once per input, after its last row."""

import numpy as np

from detectors._numba import part, piece
from detectors.common.layout import STATES
from detectors.common.memory import Memory, memory
from detectors.layout import (
    ACTIVE,
    CANNOT_TELL,
    CLEAR,
    EXCLUDE,
    HOLD,
    META_QUEUE,
    NEVER,
    NEVER_JUDGED,
    NO_VOTE,
    PENDING_OFF,
    SAYS_CLEAR,
    SAYS_HOLD,
    SAYS_RAISE,
    SAYS_UNKNOWN,
    TRIP,
    VOTE,
    VOTES,
)
from detectors.machine import advance, compare, judge, status
from detectors.types import Record


@part
def remember_vote(m: Memory, p: Record, k: int, row: Record) -> None:
    says = compare(p.sign * row.value, p.trigger, p.reset, status(row.quality), m.permits)
    if says == SAYS_RAISE:
        m.votes[k] = VOTES
    elif says == SAYS_CLEAR:
        m.votes[k] = NO_VOTE


@piece
def touch(at: int, row: Record) -> None:
    """Note that the groups of a tag have news; each is judged once, after the last row of the input."""
    m = memory(at)
    for k in range(m.gofs[row.tag], m.gofs[row.tag + 1]):
        rule = m.gindex[k]
        p = m.rules[rule]
        if p.kind == VOTE:
            for place in range(p.first, p.first + p.count):
                if m.lists[place] == row.tag:
                    remember_vote(m, p, place, row)
        g = m.groups[p.own]
        if g.dirty == 0:
            g.dirty = 1
            m.queue[m.meta[META_QUEUE]] = rule
            m.meta[META_QUEUE] += 1


@part
def difference(m: Memory, p: Record, g: Record) -> int:
    first, second = m.tags[m.lists[p.first]], m.tags[m.lists[p.first + 1]]
    g.value = second.value
    g.quality = max(first.quality, second.quality)
    if p.needed == STATES:
        x = 1.0 if np.rint(first.value) != np.rint(second.value) else 0.0
    else:
        x = abs(first.value - second.value)
    return compare(x, p.trigger, p.reset, status(g.quality), m.permits)


@part
def tally(m: Memory, p: Record) -> tuple[int, int, int, int]:
    """Votes of members that can be judged; members that cannot, and how many of those voted when last seen; members
    that do not vote now but may not clear.
    """
    yes, blind, lost, doubtful = 0, 0, 0, 0
    for k in range(p.first, p.first + p.count):
        st = status(m.tags[m.lists[k]].quality)
        if m.votes[k] == NEVER_JUDGED or not m.permits[st, HOLD]:
            blind += 1
            lost += m.votes[k] == VOTES
        else:
            yes += m.votes[k] == VOTES
            doubtful += m.votes[k] != VOTES and not m.permits[st, CLEAR]
    return yes, blind, lost, doubtful


@part
def count_votes(p: Record, st: Record, yes: int, blind: int, lost: int, doubtful: int) -> int:
    """The verdict. A failing member never clears: what only its lost vote would uphold, by the number of votes that
    was needed while it was seen, becomes unknown. Nor does a doubtful one that by coming back asks for more votes.
    """
    if blind == p.count:
        return SAYS_UNKNOWN
    needed = max(1, p.needed - blind) if p.degrade == TRIP else p.needed
    if yes >= needed:
        return SAYS_RAISE
    if p.degrade == CANNOT_TELL and yes + blind >= needed:
        return SAYS_UNKNOWN
    if p.degrade == EXCLUDE and p.count - blind < needed:
        return SAYS_UNKNOWN
    if st.phase in (ACTIVE, PENDING_OFF):
        if p.degrade == TRIP:
            needed = max(1, p.needed - (blind - lost) - doubtful)
        if lost > 0 and yes + lost >= needed:
            return SAYS_UNKNOWN
        if doubtful > 0 and p.degrade == TRIP and yes >= max(1, p.needed - blind - doubtful):
            return SAYS_HOLD
    return SAYS_CLEAR


@part
def vote(m: Memory, p: Record, st: Record, g: Record) -> int:
    yes, blind, lost, doubtful = tally(m, p)
    says = count_votes(p, st, yes, blind, lost, doubtful)
    g.value, best, unknown = np.nan, -np.inf, says == SAYS_UNKNOWN
    for k in range(p.first, p.first + p.count):
        sig = m.tags[m.lists[k]]
        seen = m.permits[status(sig.quality), HOLD]
        if unknown and not seen:
            g.quality = sig.quality
            break
        if seen and p.sign * sig.value > best:
            best, g.value, g.quality = p.sign * sig.value, sig.value, sig.quality
    return says


@piece
def see_group(at: int, rule: int) -> None:
    m = memory(at)
    p, st = m.rules[rule], m.state[rule]
    g = m.groups[p.own]
    time, received = g.source, g.received
    for k in range(p.first, p.first + p.count):
        sig = m.tags[m.lists[k]]
        if sig.seen:
            time, received = max(time, sig.source), max(received, sig.received)
    advance(rule, st, g, NEVER, time, np.nan, received, m.edges, m.meta)
    if p.kind == VOTE:
        says = vote(m, p, st, g)
        may_clear = 0 if says == SAYS_HOLD else 1
    else:
        says = difference(m, p, g)
        may_clear = m.permits[status(g.quality), CLEAR]
    g.source, g.received, g.dirty, g.seen = time, received, 0, 1
    judge(rule, p, st, says, may_clear, time, g, np.nan, received, m.edges, m.meta)
