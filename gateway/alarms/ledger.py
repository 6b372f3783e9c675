"""The journalled part of the book: everything that events alone add up to, changed only by :meth:`Ledger.evolve`."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Final

from gateway.alarms.approvals import Approvals
from gateway.alarms.evolve import Held, follow, open_with, shift
from gateway.alarms.flood import Floods
from gateway.alarms.grouping import Grouping
from gateway.alarms.levels import Announced
from gateway.alarms.notices import Notices
from gateway.alarms.notices import load as load_notices
from gateway.alarms.tables import ENDS
from gateway.alarms.watches import Watches
from gateway.model.commands import Actor
from gateway.model.events import Event, EventKind, Occurrence, occurrence_id
from gateway.model.levels import Level, LiveLevel
from gateway.model.times import parse_iso
from gateway.model.wire import axes_of

_OUTAGE: Final = "down_since"
_FIELDS: Final = Occurrence._fields
_PEOPLE: Final = ("acknowledged_by", "set_aside_by")
_BESIDE: Final = tuple(name for name in Held._fields if name != "occurrence")


class Ledger:
    """Open occurrences, who had which onset, and the levels last announced.

    ``names``: rule id -> short name, for occurrences that begin; ``grouping``: by what they belong together.
    """

    def __init__(
        self,
        gateway: str,
        epoch: str,
        names: Callable[[str, str], str],
        grouping: Grouping,
        watches: Watches,
    ) -> None:
        self._gateway = gateway
        self._epoch = epoch
        self._names = names
        self._grouping = grouping
        self._onsets: dict[str, tuple[int, int]] = {}
        self._of_rule: dict[str, tuple[str, ...]] = {}
        self.open: dict[str, Held] = {}
        self.announced: Announced = {}
        self.floods = Floods(grouping.of, grouping.console)
        self.notices = Notices()
        self.watches = watches
        self.approvals = Approvals()

    def trunk(self, rule: str) -> Held | None:
        """The latest open occurrence of a rule: the one the process acts on. Older ones are branches."""
        ids = self._of_rule.get(rule)
        return self.open[ids[-1]] if ids else None

    def branches(self, rule: str) -> tuple[Held, ...]:
        """All open occurrences of a rule, oldest first."""
        return tuple(self.open[i] for i in self._of_rule.get(rule, ()))

    def new_id(self, rule: str, subject: str, onset: int) -> str:
        """Stable and never given twice: the same inputs give the same id, also after a restart.

        The ordinal is 0 for an onset later than any before it, else it counts on.
        """
        return occurrence_id(self._gateway, self._epoch, rule, subject, onset, self._ordinal(rule, onset)[1])

    def evolve(self, event: Event) -> tuple[Held | None, Held | None]:
        """Fold one event; the occurrence before and after it (None: none, or no longer open).

        Raises:
            ValueError: the event does not follow what was folded so far; nothing was changed.
        """
        if event.id:
            changed = self._occurrence(event)
            self.floods.fold(event)
            self.notices.changed(event, changed[1])
            return changed
        self.floods.fold(event)
        self.notices.fold(event)
        self.watches.fold(event)
        self.approvals.fold(event)
        if event.event is EventKind.STARTED:
            self._started(event)
        elif event.event is EventKind.LIVE_LEVEL:
            applied = tuple(event.detail.get("modifiers", ()))
            self.announced[event.installation] = (LiveLevel(event.detail["level"]), event.time, applied)
        return None, None

    def dump(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "open": [pack(h) for h in self.open.values()],
            "onsets": {k: list(v) for k, v in self._onsets.items()},
            "floods": self.floods.dump(),
            **self.approvals.dump(),
            "notices": self.notices.dump(),
            "watches": self.watches.dump(),
            "announced": {k: [v[0].value, v[1], list(v[2])] for k, v in self.announced.items()},
        }

    def load(self, data: dict[str, Any]) -> None:
        """Inverse of :meth:`dump`."""
        self.open, self._of_rule = {}, {}
        for held in map(unpack, data["open"]):
            self._add(held)
        self._onsets = {k: (int(v[0]), int(v[1])) for k, v in data["onsets"].items()}
        self.floods.load(data["floods"])
        self.approvals.load(data)
        self.notices = load_notices(data["notices"])
        self.watches.load(data["watches"])
        self.announced = {k: (LiveLevel(v[0]), int(v[1]), tuple(v[2])) for k, v in data["announced"].items()}

    def _ordinal(self, rule: str, onset: int) -> tuple[tuple[int, int], int]:
        latest, repeats = self._onsets.get(rule, (onset - 1, 0))
        if onset > latest:
            return (onset, repeats), 0
        return (latest, repeats + 1), repeats + 1

    def _occurrence(self, event: Event) -> tuple[Held | None, Held | None]:
        before = self.open.get(event.id)
        if before is None:
            return None, self._begin(event)
        after = follow(before, event)
        if event.event in ENDS:
            self._remove(before)
            return before, None
        self.open[event.id] = after
        return before, after

    def _begin(self, event: Event) -> Held:
        held = open_with(event, self._names(event.rule, event.kind), self._grouping.of(event))
        self._onsets[event.rule] = self._ordinal(event.rule, held.occurrence.onset)[0]
        self._add(held)
        return held

    def _add(self, held: Held) -> None:
        o = held.occurrence
        self.open[o.id] = held
        self._of_rule[o.rule] = (*self._of_rule.get(o.rule, ()), o.id)

    def _remove(self, held: Held) -> None:
        o = held.occurrence
        del self.open[o.id]
        left = tuple(i for i in self._of_rule[o.rule] if i != o.id)
        if left:
            self._of_rule[o.rule] = left
        else:
            del self._of_rule[o.rule]

    def _started(self, event: Event) -> None:
        if _OUTAGE in event.detail:
            outage = max(event.time - parse_iso(event.detail[_OUTAGE]), 0)
            self.open = {k: shift(h, outage) for k, h in self.open.items()}


def pack(held: Held) -> dict[str, Any]:
    """An open occurrence as JSON values."""
    o = held.occurrence
    raw = {name: getattr(o, name) for name in _FIELDS}
    raw["axes"] = o.axes.as_json()
    raw["level"], raw["levels"], raw["members"] = o.level.word, [x.word for x in o.levels], list(o.members)
    for name in _PEOPLE:
        raw[name] = asdict(raw[name]) if raw[name] else None
    return {"occurrence": raw} | {name: getattr(held, name) for name in _BESIDE}


def unpack(data: dict[str, Any]) -> Held:
    """Inverse of :func:`pack`."""
    raw = dict(data["occurrence"])
    raw["axes"] = axes_of(raw["axes"])
    raw["level"], raw["levels"] = Level.parse(raw["level"]), tuple(map(Level.parse, raw["levels"]))
    raw["members"] = tuple(raw["members"])
    for name in _PEOPLE:
        raw[name] = Actor(**raw[name]) if raw[name] else None
    return Held(occurrence=Occurrence(**raw), **{name: data[name] for name in _BESIDE})
