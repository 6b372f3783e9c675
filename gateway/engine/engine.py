"""The engine: numbered inputs in, decisions and conditioned readings out. Reads no clock.

Order of stages for one input, always the same: engine time moves (the book's timers fire), the input's own fact,
health of tags, conditions of rules. Each fact goes to the book, whose events are the decisions. One input after the
other: how a stream is cut into steps changes nothing.

Engine time is the latest moment any input has had. A tag's value ages from when it was received; delays run in the
event time of their own tag (:mod:`detectors.kernels`).
"""

import json
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from detectors.bank import Bank
from detectors.layout import IS_UNKNOWN
from gateway.alarms.book import Book
from gateway.alarms.facts import Fact, TimeFact
from gateway.conditioning.stage import Conditioner
from gateway.engine import hands
from gateway.engine.detection import Detection
from gateway.engine.links import Links
from gateway.engine.snapshot import VERSION, Snapshot, Step
from gateway.model.batch import Batch
from gateway.model.errors import Refused
from gateway.model.events import Event
from gateway.model.inputs import Acted, Input, Numbered, Readings, Started, Tick, time_of
from gateway.model.ports import TagState
from gateway.model.site import Site


class _Run:
    """What one call of step collects."""

    def __init__(self) -> None:
        self.number = 0
        self.events: list[tuple[int, Event]] = []
        self.readings: list[tuple[int, Batch]] = []
        self.refused: dict[int, str] = {}


class Engine:
    """Judges one site.

    Args:
        site: the effective configuration.
        epoch: of the journal; part of every occurrence id.

    Raises:
        ValueError: a rule cannot be judged as written.
    """

    def __init__(self, site: Site, epoch: str) -> None:
        self.site = site
        self._epoch = epoch
        self.book = Book(site, epoch)
        self.detection = Detection(site)
        self._now = 0
        self._number = 0
        self._run = _Run()

    @property
    def conditioner(self) -> Conditioner:
        """The first part of detection."""
        return self.detection.conditioner

    @property
    def bank(self) -> Bank:
        """The second part of detection."""
        return self.detection.bank

    @property
    def links(self) -> Links:
        """What is down."""
        return self.detection.links

    @property
    def now(self) -> int:
        """Engine time, ns: the latest moment of any input so far."""
        return self._now

    @property
    def number(self) -> int:
        """Number of the last input stepped over."""
        return self._number

    def step(self, inputs: Sequence[Numbered]) -> Step:
        """Step over inputs, one by one, in order.

        Raises:
            ValueError: an input's number is not greater than the last one's; nothing of it was done.
        """
        self._run = run = _Run()
        for item in inputs:
            if item.number <= self._number:
                raise ValueError(f"input {item.number} after input {self._number}")
            self._number = run.number = item.number
            self._one(item.input)
        return Step(tuple(run.events), tuple(run.readings), run.refused)

    def next_deadline(self) -> int:
        """Engine time (ns) at which a tick is needed even if nothing arrives; NEVER if none is. A lower bound."""
        return min(self.detection.next_deadline(), self.book.next_deadline())

    def tags(self) -> list[TagState]:
        """The present of every tag, in tag-table order."""
        return self.conditioner.present()

    def qualities(self) -> NDArray[np.uint8]:
        """Present quality of every tag, in tag-table order."""
        return self.conditioner.qualities()

    # --- one input ----------------------------------------------------------------------------------------------

    def _one(self, item: Input) -> None:
        self._now = max(self._now, time_of(item))
        known: AbstractSet[str] = frozenset()
        if isinstance(item, Started):
            known = {o.rule for o in self.book.open()}
        elif self._now >= self.book.next_deadline():
            self._tell(TimeFact(self._now))
        if isinstance(item, Acted) and item.command.act in hands.ACTS:
            self._by_hand(item)
        else:
            self._detect(item, known)

    def _detect(self, item: Input, known: AbstractSet[str] = frozenset()) -> None:
        facts, rows = self.detection.take(item, self._now, known)
        if rows:
            self._run.readings.append((self._run.number, self.conditioner.batch(rows)))
        last = len(facts) - (
            2 if isinstance(item, Acted) else 1
        )  # a command may be refused: it stands for itself
        for i, fact in enumerate(facts):
            self._tell(fact, more=i < last)

    def _by_hand(self, item: Acted) -> None:
        """What a person entered: its event, then the reading, in one input and so in one commit."""
        self._detect(Tick(self._now))
        run = self._run
        try:
            event, entered = hands.by_hand(self.site, item.command, item.time, self.tags())
        except Refused as refused:
            run.refused[run.number] = refused.reason
            return
        run.events.append((run.number, event))
        if entered is not None:
            self._detect(Readings(hands.batch(self.site.table, entered, item.time)))

    def _tell(self, fact: Fact, *, more: bool = False) -> None:
        run = self._run
        try:
            run.events.extend((run.number, event) for event in self.book.apply(fact, more=more))
        except Refused as refused:  # only of commands, the last fact of their input
            run.refused[run.number] = refused.reason

    # --- memory -------------------------------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """A consistent copy of all memory, labelled with the last input's number."""
        parts = {f"conditioning.{k}": v for k, v in self.conditioner.dump().items()}
        parts |= {f"detectors.{k}": v for k, v in self.bank.dump().items()}
        held = [self.site.rules[row].id for row in sorted(self.detection.held)]
        parts["engine"] = _to_json({"now": self._now, "down": self.links.down(), "held": held})
        parts["book"] = _to_json(self.book.dump())
        return Snapshot(VERSION, self._number, self.site.config_hash, parts)

    def restore(self, snapshot: Snapshot) -> None:
        """Become the engine that made ``snapshot``.

        Raises:
            ValueError: it is of another version or configuration, or damaged; the engine is then not to be used.
        """
        if snapshot.version != VERSION:
            raise ValueError(f"snapshot of version {snapshot.version!r}, this is {VERSION!r}")
        if snapshot.config_hash != self.site.config_hash:
            raise ValueError(
                f"snapshot of config {snapshot.config_hash[:12]}, this is {self.site.config_hash[:12]}"
            )
        own = _from_json(snapshot.parts, "engine")
        self.conditioner.load(_under(snapshot.parts, "conditioning."))
        self.bank.load(_under(snapshot.parts, "detectors."))
        self.book.load(_from_json(snapshot.parts, "book"))
        self.links.restore(own["down"])
        self.detection.held = {self.site.rule_index[rule] for rule in own.get("held", ())}
        self._now, self._number = own["now"], snapshot.number
        self._know()

    def refold(self, events: Iterable[Event]) -> None:
        """The journal is the truth about occurrences: fold the book from all its events; the view of tags stays."""
        folded = Book(self.site, self._epoch)
        for event in events:
            folded.evolve(event)
        self.book.load({**folded.dump(), "view": self.book.dump()["view"]})

    def carry_over(self, old: "Engine") -> None:
        """Go on from an engine of another configuration, before the ConfigChange is stepped.

        Tags and rules that mean the same keep their memory, by id; others begin anew. Open alarms go with the book,
        which ends those of rules that are gone (``retired``) when it is told of the change.
        """
        tags = self.detection.carry_over(old.detection)
        self.book.load(_seen_alike(old.book.dump(), {self.site.tags[here].id for here, _ in tags}))
        self._now, self._number = old.now, old.number
        self._know()

    def _know(self) -> None:
        """The book learns from the detectors which rules are judged: a snapshot may be older than that it asks, and
        what was carried over is known to them alone.
        """
        self.book.know(np.flatnonzero(self.bank.conditions() != IS_UNKNOWN).tolist())


def _seen_alike(book: dict[str, Any], tags: AbstractSet[str]) -> dict[str, Any]:
    """The dump without the sight of other tags: nothing has been read of them as they are configured now."""
    view = book["view"]
    return {**book, "view": {**view, "tags": {tag: q for tag, q in view["tags"].items() if tag in tags}}}


def _under(parts: dict[str, bytes], prefix: str) -> dict[str, bytes]:
    return {k.removeprefix(prefix): v for k, v in parts.items() if k.startswith(prefix)}


def _to_json(data: dict[str, Any]) -> bytes:
    # Not sorted: what came first (a flood, a group in it) is told first, after a restore as well.
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()


def _from_json(parts: dict[str, bytes], name: str) -> dict[str, Any]:
    if name not in parts:
        raise ValueError(f"snapshot without {name!r}")
    return cast("dict[str, Any]", json.loads(parts[name]))
