"""What the stages before tell the alarm stage. Each fact is the edge of something; times are ns.

The engine tells facts in the order in which they became true. A fact that repeats what the book already knows changes
nothing and makes no event, so an edge told twice neither doubles nor clears an alarm. What is an input's own fact is
that input.
"""

from dataclasses import dataclass

from gateway.model.events import Condition
from gateway.model.inputs import (
    Acted,
    ArchiveClosed,
    ConfigChange,
    Gap,
    LinkChange,
    Started,
    SystemFault,
    Tick,
)
from gateway.model.quality import Status, status_of


@dataclass(frozen=True, slots=True)
class RuleFact:
    """One edge of a rule's condition, after its delays.

    ``rule`` is the row in ``site.rules``; ``time`` the source time that decided (a delay's end, where one expired),
    ``onset`` the source time of the first reading beyond the trigger; ``rate`` in unit per second;
    ``eta_s`` seconds from ``time`` to the limit, with ``confidence`` 0 to 1. The book goes by
    ``after`` and by what it holds itself; ``before`` is for the reader.
    """

    rule: int
    before: Condition
    after: Condition
    time: int
    onset: int
    value: float
    quality: int
    rate: float | None
    received: int
    eta_s: float | None = None
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class TagFact:
    """One edge of an instrument's health: status BAD or not. ``tag`` is the row in ``site.tags``.

    The first state a tag ever has is an edge too: until then it has no reading and blinds its rules. A tag that stays
    BAD for another reason may be told again.
    """

    tag: int
    bad: bool
    quality: int
    time: int
    inherited: bool = False
    """of a computed tag: because an input is BAD"""

    @property
    def doubtful(self) -> bool:
        """It came into sight by an UNCERTAIN value."""
        return not self.bad and status_of(self.quality) is Status.UNCERTAIN


LinkFact = LinkChange
"""A bus or device was lost or came back."""
CommandFact = Acted
"""A named person asks for something at ``time`` (of the gateway's clock)."""
TimeFact = Tick
"""Engine time moved on; timers up to and including ``time`` fire."""
SystemFact = SystemFault
"""The gateway's own trouble coming or going. ``what`` names it for good: ``disk``, ``output.county``, ..."""
StartedFact = Started
"""The gateway began (again); ``down_since`` is 0 on the very first start."""


@dataclass(frozen=True, slots=True)
class AwaitedFact:
    """Of these ``tags`` (rows) nobody knows how they are: we were away for longer than their last value holds.

    It is our fault and not theirs: no instrument alarm, and no alarm becomes unknown by it. The next :class:`TagFact`
    of a tag ends it, or an alarm of its own limit.
    """

    time: int
    tags: tuple[int, ...]


GapFact = Gap
"""Readings or records that policy forced us to lose: who, from, to, how many, why."""
ArchiveFact = ArchiveClosed
"""A day of history is closed into files, whose hashes are told."""
ConfigFact = ConfigChange
"""From here on another effective configuration judges; ``old`` and ``new`` are its hashes.

Told to the book of the new site, after it loaded what the book of the old site dumped.
"""


Fact = (
    RuleFact
    | TagFact
    | LinkFact
    | CommandFact
    | TimeFact
    | SystemFact
    | StartedFact
    | AwaitedFact
    | GapFact
    | ConfigFact
    | ArchiveFact
)
