"""The present as the world may see it: committed occurrences and levels, status, per-tag values."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np

from gateway.engine import Engine
from gateway.model.events import Condition, Occurrence
from gateway.model.levels import Level
from gateway.model.ports import Clock, LiveState, Present, Status, TagState
from gateway.model.quality import STATUS_SHIFT
from gateway.model.site import Site
from gateway.model.times import NS
from gateway.runtime.desk import Desk
from gateway.runtime.discipline import discipline
from gateway.runtime.lanes import JournalLane
from gateway.runtime.outputs import Output
from gateway.runtime.stock import Stock

CLOCK_AHEAD: Final = 2 * NS
"""A clock set back by less is no news."""


@dataclass(slots=True)
class Watch:
    """Keeps the committed view; ``refresh`` after each commit, ``present`` from anyone in the event loop."""

    site: Site
    desk: Desk
    clock: Clock
    disk_free: Callable[[], int]
    started: int
    version: str
    occurrences: tuple[Occurrence, ...] = ()
    levels: tuple[LiveState, ...] = ()
    engine: Engine | None = None
    online: bool = False
    durable: bool = True
    outputs: Sequence[Output] = ()
    stopped: Callable[[], str] = lambda: ""
    """what keeps decisions from being committed at this moment"""
    stock: Callable[[], Stock] = Stock
    certificate_days: Callable[[], int | None] = lambda: None
    exercise: Callable[[], str] = lambda: ""
    """id of the drill that is running beside"""

    @property
    def approved(self) -> Mapping[str, list[Any]]:
        """Hashes of configurations that were approved -> who, who agreed, when (ns)."""
        return self.engine.book.approvals.approved if self.engine is not None else {}

    @property
    def proposed(self) -> Mapping[str, dict[str, Any]]:
        """Changes of rules that wait for an answer, by id."""
        return self.engine.book.approvals.proposed if self.engine is not None else {}

    @property
    def unapproved(self) -> str:
        """What runs is what was approved, or this says otherwise; empty: it is, or nobody asks."""
        site = self.site
        asked = site.approval != "none" and not site.exercise and self.engine is not None
        if not asked or site.config_hash in self.approved:
            return ""
        return f"configuration {site.config_hash[:12]} is not approved; see `fengsui approve`"

    def refresh(self, *, durable: bool) -> None:
        """Take over what the engine decided; call when it is committed."""
        self.durable = durable
        if self.engine is not None:
            self.occurrences = self.engine.book.open()
            self.levels = self.engine.book.levels()

    def tags(self) -> Sequence[TagState]:
        """In tag-table order; empty until the engine runs."""
        return [] if self.engine is None else self.engine.tags()

    def present(self) -> Present:
        """The committed present."""
        return Present(
            site=self.site,
            epoch=self.desk.store.epoch,
            head_seq=self.desk.head_seq,
            head_hash=self.desk.head_hash,
            time=self.clock.now(),
            occurrences=self.occurrences,
            levels=self.levels,
            look=cache(self.status),
        )

    def status(self) -> Status:
        """What ``status`` publishes."""
        good, uncertain, bad = self._qualities()
        backlog = {o.lane.name: o.lane.backlog for o in self.outputs}
        troubles = self._troubles()
        clock = discipline()
        return Status(
            state=self._state(sees=good + uncertain > 0, well=self._well(troubles)),
            time=self.clock.now(),
            started=self.started,
            version=self.version,
            tags_good=good,
            tags_uncertain=uncertain,
            tags_bad=bad,
            backlog=backlog,
            waiting_since=self._waiting_since(),
            standby_open=tuple(
                o.lane.name for o in self.outputs if getattr(getattr(o.lane, "way", None), "open", False)
            ),
            oldest_unsent_alarm=self._oldest_unsent(),
            disk_free=self.disk_free(),
            disk_days=self.stock().days_left,
            history_from=self.stock().oldest or None,
            history_bytes=self.stock().bytes,
            durable=self.durable,
            clock_offset_s=self._ahead_s() if self._ahead_s() is not None else clock.offset_s,
            clock_synchronised=clock.synchronised,
            certificate_days=self.certificate_days(),
            troubles=troubles,
            exercise=self.exercise() or self.site.exercise,
        )

    def _state(self, *, sees: bool, well: bool) -> str:
        """``online`` only while the plant is seen: sources that have not delivered, or are lost, are not online."""
        if not self.online:
            return "starting"
        blind = (not sees and bool(self.site.tags)) or any(map(is_lost_link, self.occurrences))
        return "online" if well and not blind else "degraded"

    def _ahead_s(self) -> float | None:
        """By how much the gateway's time is ahead of a machine clock that was set back; None: it was not."""
        ahead = int(getattr(self.clock, "ahead", 0))
        return round(ahead / NS, 3) if ahead >= CLOCK_AHEAD else None

    def _qualities(self) -> tuple[int, int, int]:
        if self.engine is None:
            return 0, 0, len(self.site.tags)
        counts = np.bincount(np.minimum(self.engine.qualities() >> STATUS_SHIFT, 2), minlength=3)
        return int(counts[0]), int(counts[1]), int(counts[2])

    def _well(self, troubles: Sequence[str]) -> bool:
        """Nothing but wishes stands (a blue system fault: a configuration that nobody approved yet)."""
        wishes = {o.rule.removeprefix("system.") for o in self.occurrences if is_wish(o)}
        return self.durable and not set(troubles) - wishes

    def _troubles(self) -> tuple[str, ...]:
        """System alarms that are active now, and before them what keeps alarms from being committed at all."""
        stopped = (self.stopped(),) if self.stopped() else ()
        return stopped + tuple(o.rule.removeprefix("system.") for o in self.occurrences if is_trouble(o))

    def _waiting_since(self) -> dict[str, int]:
        """Per output of the journal that has something to deliver."""
        found = {o.lane.name: o.lane.oldest for o in self.outputs if isinstance(o.lane, JournalLane)}
        return {name: at for name, at in found.items() if at is not None}

    def _oldest_unsent(self) -> int | None:
        """``recorded`` of the oldest event that an alarm lane has not delivered, ns."""
        waiting = [
            o.lane.oldest
            for o in self.outputs
            if isinstance(o.lane, JournalLane)
            and (o.sink.name.endswith(".alarms") or getattr(o.sink, "receipts", False))
        ]
        return min((at for at in waiting if at is not None), default=None)


def is_lost_link(occurrence: Occurrence) -> bool:
    """A device or bus that cannot be heard now."""
    return occurrence.kind == "link" and occurrence.axes.condition is not Condition.NORMAL


def is_wish(occurrence: Occurrence) -> bool:
    """A system fault that keeps nothing from working."""
    return is_trouble(occurrence) and occurrence.level is Level.BLUE


def is_trouble(occurrence: Occurrence) -> bool:
    """A system alarm that is active now."""
    return occurrence.kind == "system" and occurrence.axes.condition is Condition.ACTIVE
