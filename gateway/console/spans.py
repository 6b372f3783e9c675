"""When alarms stood: one span an occurrence, from its onset to its end. Folded from the journal."""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from gateway.console.folds import Fold
from gateway.console.ports import Context
from gateway.model.events import Event, EventKind, Record
from gateway.model.times import MS

KEPT: Final = 50_000
"""the newest; older alarms are in the journal"""
ENDS: Final = frozenset({EventKind.CLEARED, EventKind.CLOSED, EventKind.RETIRED})
RISES: Final = frozenset({EventKind.LEVEL_RAISED, EventKind.RE_ALARM})


@dataclass(slots=True)
class Span:
    """One occurrence; times ns, ``end`` 0 while its condition stands."""

    id: str
    rule: str
    tag: str
    level: str
    fault: bool
    shadow: bool
    start: int
    end: int = 0
    members: tuple[str, ...] = ()

    def told(self) -> dict[str, Any]:
        """For the page; times ms."""
        return {
            "id": self.id, "rule": self.rule, "tag": self.tag, "level": self.level, "fault": self.fault,
            "shadow": self.shadow, "start_ms": self.start // MS, "end_ms": self.end // MS if self.end else None,
        }  # fmt: skip


@dataclass(slots=True)
class Spans:
    """All that is kept, by occurrence."""

    context: Context
    _found: "OrderedDict[str, Span]" = field(default_factory=OrderedDict)
    _fold: Fold = field(init=False)

    def __post_init__(self) -> None:
        self._fold = Fold(self.context, self._found.clear, self._take)

    def _take(self, record: Record) -> None:
        event = record.event
        if event.event is EventKind.RAISED:
            self._found[event.id] = _span(event)
            while len(self._found) > KEPT:
                self._found.popitem(last=False)
        elif (span := self._found.get(event.id)) is not None:
            _follow(span, event)

    async def of(self, tags: Iterable[str], start: int, end: int) -> list[Span]:
        """Spans that touch the period (ns) and concern one of the tags."""
        await self._fold.follow()
        wanted = set(tags)
        return [
            s
            for s in self._found.values()
            if s.start < end
            and (not s.end or s.end >= start)
            and (s.tag in wanted or not wanted.isdisjoint(s.members))
        ]


def _span(event: Event) -> Span:
    level = event.level.word if event.level else ""
    start = event.onset if event.onset is not None else event.time
    return Span(event.id, event.rule, event.tag, level, event.fault, event.shadow, start, 0, event.members)


def _follow(span: Span, event: Event) -> None:
    if event.event in ENDS:
        span.end = span.end or event.time
    elif event.event in RISES:
        span.end = 0
        span.level = event.level.word if event.level else span.level
    elif event.event is EventKind.LEVEL_LOWERED and event.level:
        span.level = event.level.word
