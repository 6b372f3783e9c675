"""The engine: numbered inputs in, decisions and conditioned readings out. Reads no clock.

Order of stages for one input, always the same: engine time moves (the book's timers fire), the input's own fact,
health of tags, conditions of rules. Each fact goes to the book, whose events are the decisions. One input after the
other: how a stream is cut into steps changes nothing.

Engine time is the latest moment any input has had. A tag's value ages from when it was received; delays run in the
event time of their own tag (:mod:`detectors.kernels`).
"""

import json
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from detectors.bank import Bank
from detectors.layout import IS_NORMAL
from gateway.alarms.book import Book
from gateway.alarms.facts import (
    CommandFact,
    ConfigFact,
    Fact,
    GapFact,
    LinkFact,
    StartedFact,
    SystemFact,
    TimeFact,
)
from gateway.conditioning.stage import Conditioner
from gateway.engine.edges import rule_facts, tag_facts
from gateway.engine.links import Links
from gateway.engine.reload import same_rules, same_tags
from gateway.engine.snapshot import VERSION, Snapshot, Step
from gateway.engine.tables import permits, rule_params
from gateway.model.batch import Batch
from gateway.model.errors import Refused
from gateway.model.events import Event
from gateway.model.inputs import (
    Acted,
    ConfigChange,
    Gap,
    Input,
    LinkChange,
    Numbered,
    Readings,
    Started,
    SystemFault,
    Tick,
    time_of,
)
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
        self.conditioner = Conditioner(site.tags, site.table)
        self.bank = Bank(len(site.tags), rule_params(site), [t.max_age for t in site.tags], permits())
        self.links = Links(site)
        self._now = 0
        self._number = 0
        self._run = _Run()
        self._stages: dict[type[Any], Callable[[Any], None]] = {
            Readings: self._readings,
            Tick: self._tick,
            LinkChange: self._link,
            Started: self._started,
            Acted: self._acted,
            Gap: self._other,
            SystemFault: self._other,
            ConfigChange: self._other,
        }

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
        return min(self.conditioner.next_deadline(), self.bank.next_deadline(), self.book.next_deadline())

    def tags(self) -> list[TagState]:
        """The present of every tag, in tag-table order."""
        return self.conditioner.present()

    def qualities(self) -> NDArray[np.uint8]:
        """Present quality of every tag, in tag-table order."""
        return self.conditioner.qualities()

    # --- one input ----------------------------------------------------------------------------------------------

    def _one(self, item: Input) -> None:
        self._now = max(self._now, time_of(item))
        if self._now >= self.book.next_deadline() and not isinstance(item, Started):
            self._tell(TimeFact(self._now))
        self._stages[type(item)](item)

    def _tell(self, fact: Fact) -> None:
        run = self._run
        run.events.extend((run.number, event) for event in self.book.apply(fact))

    def _judge(self, count: int) -> None:
        """Rows are conditioned: tell healths, then conditions."""
        if count:
            self._run.readings.append((self._run.number, self.conditioner.batch(count)))
            self._tell_all(tag_facts(self.conditioner.rows[:count]))
        elif self._now < self.bank.next_deadline():
            return
        self._tell_all(rule_facts(self.bank.feed(self.conditioner.rows, count, self._now)))

    def _tell_all(self, facts: Iterable[Fact]) -> None:
        for fact in facts:
            self._tell(fact)

    def _readings(self, item: Readings) -> None:
        batch = item.batch
        count = self.conditioner.readings(batch, self._now) if batch.table == self.site.table else -1
        if count < 0:
            start, end = int(batch.source.min(initial=self._now)), int(batch.source.max(initial=0))
            self._tell(GapFact(self._now, "engine", start, end, len(batch), "readings of another tag table"))
            count = self.conditioner.tick(self._now)
        self._judge(count)

    def _tick(self, _item: Tick) -> None:
        self._judge(self.conditioner.tick(self._now))

    def _link(self, item: LinkChange) -> None:
        self._tell(LinkFact(item.link, item.up, item.time, item.reason))
        tags = self.links.change(item.link, up=item.up)
        move = self.conditioner.found if item.up else self.conditioner.lost
        self._judge(move(tags, self._now))

    def _started(self, item: Started) -> None:
        outage = max(item.time - item.down_since, 0) if item.down_since else 0
        self.conditioner.start(self._now, outage)
        self.bank.shift(outage)
        self._tell(StartedFact(item.time, item.down_since, item.version, item.note))
        self._tell_all(rule_facts(self.bank.present(self._worth_telling(), self._now)))
        self._judge(self.conditioner.tick(self._now))

    def _worth_telling(self) -> list[int]:
        """Rules that are not normal, or that the book has open: told again at each start, in case the book was folded
        from a journal that knows more, or less, than the detectors. What it knows already changes nothing.
        """
        odd = np.flatnonzero(self.bank.conditions() != IS_NORMAL).tolist()
        rows = self.site.rule_index
        known = [rows[o.rule] for o in self.book.open() if o.rule in rows]
        return [r for r in sorted({*odd, *known}) if self.site.rules[r].enabled]

    def _acted(self, item: Acted) -> None:
        self._judge(self.conditioner.tick(self._now))
        try:
            self._tell(CommandFact(item.command, item.time))
        except Refused as refused:
            self._run.refused[self._run.number] = refused.reason

    def _other(self, item: Gap | SystemFault | ConfigChange) -> None:
        if isinstance(item, Gap):
            self._tell(GapFact(item.time, item.who, item.start, item.end, item.count, item.why))
        elif isinstance(item, SystemFault):
            self._tell(SystemFact(item.what, item.active, item.time, item.detail))
        else:
            self._tell(ConfigFact(item.time, item.old, item.new))
        self._judge(self.conditioner.tick(self._now))

    # --- memory -------------------------------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """A consistent copy of all memory, labelled with the last input's number."""
        parts = {f"conditioning.{k}": v for k, v in self.conditioner.dump().items()}
        parts |= {f"detectors.{k}": v for k, v in self.bank.dump().items()}
        parts["engine"] = _to_json({"now": self._now, "down": self.links.down()})
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
        self._now, self._number = own["now"], snapshot.number

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
        tags = same_tags(self.site, self.conditioner, old.site, old.conditioner)
        rules = same_rules(self.site, old.site, {here for here, _ in tags})
        self.conditioner.carry_over(old.conditioner, tags)
        self.bank.carry_over(old.bank, tags, rules)
        self.book.load(_seen_alike(old.book.dump(), {self.site.tags[here].id for here, _ in tags}))
        self.links.restore(k for k in old.links.down() if k in {link.id for link in self.site.links})
        self._now, self._number = old.now, old.number


def _seen_alike(book: dict[str, Any], tags: AbstractSet[str]) -> dict[str, Any]:
    """The dump without the sight of other tags: nothing has been read of them as they are configured now."""
    view = book["view"]
    return {**book, "view": {**view, "tags": {tag: q for tag, q in view["tags"].items() if tag in tags}}}


def _under(parts: dict[str, bytes], prefix: str) -> dict[str, bytes]:
    return {k.removeprefix(prefix): v for k, v in parts.items() if k.startswith(prefix)}


def _to_json(data: dict[str, Any]) -> bytes:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def _from_json(parts: dict[str, bytes], name: str) -> dict[str, Any]:
    if name not in parts:
        raise ValueError(f"snapshot without {name!r}")
    return cast("dict[str, Any]", json.loads(parts[name]))
