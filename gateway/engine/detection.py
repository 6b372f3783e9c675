"""The detection stage: conditions and judges readings, and says what became so. It knows no alarms.

Nothing flows back from alarms to detectors, so this stage can run in pieces: any set of tags that no rule joins to the
others has the same facts alone as in the whole site (see :mod:`gateway.history`).
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.bank import Bank
from detectors.layout import IS_ACTIVE, IS_NORMAL
from gateway.alarms.facts import AwaitedFact, Fact
from gateway.conditioning.layout import SYNTHETIC, TO_BAD, TO_OK
from gateway.conditioning.stage import Conditioner
from gateway.engine.edges import rule_facts, tag_facts
from gateway.engine.links import Links
from gateway.engine.reload import same_rules, same_tags
from gateway.engine.tables import permits, rule_params
from gateway.model.inputs import (
    Acted,
    ArchiveClosed,
    ConfigChange,
    Gap,
    Input,
    LinkChange,
    Readings,
    Started,
    SystemFault,
    Tick,
)
from gateway.model.quality import Status, status_of
from gateway.model.site import Site


class Judged(NamedTuple):
    """What one input says."""

    facts: list[Fact]
    """in the order in which they are to be told"""
    rows: int
    """conditioned rows it has, in ``conditioner.rows``"""


class Detection:
    """Conditioning and detectors of one site.

    Raises:
        ValueError: a rule cannot be judged as written.
    """

    def __init__(self, site: Site) -> None:
        self.site = site
        self.conditioner = Conditioner(site.tags, site.table)
        self.bank = Bank(len(site.tags), rule_params(site), [t.max_age for t in site.tags], permits())
        self.links = Links(site)
        self._computed = np.array([bool(t.expression) for t in site.tags], np.bool_)
        self._known: Collection[str] = ()
        self._needs = [
            frozenset(site.tag_index[t] for t in rule.tags) if rule.enabled else frozenset()
            for rule in site.rules
        ]
        self.held: set[int] = set()
        """rules that are normal by a value of before an outage, which nobody was told"""
        self._stages: dict[type[Any], Callable[[Any, int], Judged]] = {
            Readings: self._readings,
            Tick: self._tick,
            LinkChange: self._link,
            Started: self._started,
            Acted: self._acted,
            Gap: self._other,
            SystemFault: self._other,
            ConfigChange: self._other,
            ArchiveClosed: self._other,
        }

    def take(self, item: Input, now: int, known: Collection[str] = ()) -> Judged:
        """Step over one input at engine time ``now``, ns.

        Args:
            known: ids of rules that the alarm stage has open; told again with a start, also where they are normal.
        """
        self._known = known
        return self._stages[type(item)](item, now)

    def written(self, count: int, now: int) -> Judged:
        """Step over raw readings that the caller wrote into ``conditioner.room``, as over one input of readings.

        Raises:
            ValueError: a row names no tag of the site; nothing was done.
        """
        rows = self.conditioner.written(count, now)
        if rows < 0:
            raise ValueError("a reading of another tag table")
        return self._judge(rows, now)

    def next_deadline(self) -> int:
        """Before this engine time (ns) a tick says nothing; NEVER. A lower bound."""
        return min(self.conditioner.next_deadline(), self.bank.next_deadline())

    def carry_over(self, old: "Detection") -> list[tuple[int, int]]:
        """Keep the memory of tags and rules that mean the same in an older configuration.

        Returns:
            The tags that did: (row here, row there).
        """
        tags = same_tags(self.site, self.conditioner, old.site, old.conditioner)
        rules = same_rules(self.site, old.site, {here for here, _ in tags})
        self.conditioner.carry_over(old.conditioner, tags)
        self.bank.carry_over(old.bank, tags, rules)
        self.links.restore(k for k in old.links.down() if k in {link.id for link in self.site.links})
        there = {row: own for own, row in rules}
        self.held = {there[row] for row in old.held if row in there}
        return tags

    # --- one input ----------------------------------------------------------------------------------------------

    def _judge(self, count: int, now: int, *first: Fact) -> Judged:
        """Rows are conditioned: healths, then conditions."""
        facts: list[Fact] = list(first)
        if count:
            if len(edges := self._healths(count)):
                facts += tag_facts(edges)
        elif now < self.bank.next_deadline():
            return Judged(facts, 0)
        facts += self._conditions(self.bank.feed(self.conditioner.rows, count, now))
        if self.held:
            facts += self._let_go(now)
        return Judged(facts, count)

    def _conditions(self, edges: NDArray[Any]) -> Iterable[Fact]:
        """Nothing is normal of a rule by a value from before an outage of ours: not while one of its tags is awaited,
        and not by what was so (a delay had ended) before the reading that ended the waiting. Once held it is told with
        GOOD values only, also where it has been unknown since: a doubtful one would bring back what nobody was told.
        """
        stage = self.conditioner
        if len(edges) and (stage.awaited or stage.heard or self.held):
            rules = edges["rule"].tolist()
            of_before = self._of_before(rules, edges["received"].tolist())
            held = (edges["after"] == IS_NORMAL) & (of_before | np.array([r in self.held for r in rules]))
            self.held -= set(edges["rule"][edges["after"] == IS_ACTIVE].tolist())
            self.held |= set(edges["rule"][held].tolist())
            edges = edges[~held]
        return rule_facts(edges)

    def _let_go(self, now: int) -> Iterable[Fact]:
        """What was held is told when all tags of the rule are read and none is doubtful, as it is then."""
        qualities, index = self.conditioner.qualities(), self.site.tag_index
        ready = [
            r
            for r in sorted(self.held)
            if all(status_of(qualities[index[t]]) is Status.GOOD for t in self.site.rules[r].tags)
        ]
        self.held -= set(ready)
        return rule_facts(self.bank.present(ready, now)) if ready else ()

    def _of_before(self, rules: Sequence[int], received: Sequence[int]) -> NDArray[np.bool_]:
        """Which of these rules (rows) need a tag that is awaited, or was by then: of a large plant there may be
        thousands for hours.
        """
        awaited, heard = self.conditioner.awaited, self.conditioner.heard
        since = [max((heard.get(tag, 0) for tag in self._needs[rule]), default=0) for rule in rules]
        return np.array(
            [
                at < first or not self._needs[rule].isdisjoint(awaited)
                for rule, at, first in zip(rules, received, since, strict=True)
            ],
            np.bool_,
        )

    def _healths(self, count: int) -> NDArray[Any]:
        """Rows with an edge of health: measured ones as they came, then those that aged, then computed ones, both by
        tag; an order that does not depend on which other tags there are.
        """
        rows = self.conditioner.rows[:count]
        marked = rows["flags"] & (TO_BAD | TO_OK)
        edges = rows[np.flatnonzero(marked)] if marked.any() else rows[:0]
        if len(edges) < 2:
            return edges
        stage = np.where(self._computed[edges["tag"]], 2, (edges["flags"] & SYNTHETIC) > 0)
        return edges[np.lexsort((np.where(stage > 0, edges["tag"], 0), stage))]

    def _readings(self, item: Readings, now: int) -> Judged:
        batch = item.batch
        count = self.conditioner.readings(batch, now) if batch.table == self.site.table else -1
        if count >= 0:
            return self._judge(count, now)
        start, end = int(batch.source.min(initial=now)), int(batch.source.max(initial=0))
        lost = Gap(now, "engine", start, end, len(batch), "readings of another tag table")
        return self._judge(self.conditioner.tick(now), now, lost)

    def _tick(self, _item: Tick, now: int) -> Judged:
        return self._judge(self.conditioner.tick(now), now)

    def _link(self, item: LinkChange, now: int) -> Judged:
        tags = self.links.change(item.link, up=item.up)
        move = self.conditioner.found if item.up else self.conditioner.lost
        return self._judge(move(tags, now), now, item)

    def _started(self, item: Started, now: int) -> Judged:
        outage = max(item.time - item.down_since, 0) if item.down_since else 0
        awaited = tuple(self.conditioner.start(now, outage, sure=not item.unsure))
        self.bank.shift(outage)
        first: list[Fact] = [item, *self._conditions(self.bank.present(self._worth_telling(), now))]
        if awaited:  # behind what the rules said before
            first.append(AwaitedFact(now, awaited))
        return self._judge(self.conditioner.tick(now), now, *first)

    def _worth_telling(self) -> list[int]:
        """Rules that are not normal, or that the book has open: told again at each start, in case the book was folded
        from a journal that knows more, or less, than the detectors. What it knows already changes nothing.
        """
        odd = np.flatnonzero(self.bank.conditions() != IS_NORMAL).tolist()
        rows = self.site.rule_index
        open_: Iterable[int] = (rows[rule] for rule in self._known if rule in rows)
        return [r for r in sorted({*odd, *open_}) if self.site.rules[r].enabled]

    def _acted(self, item: Acted, now: int) -> Judged:
        facts, rows = self._judge(self.conditioner.tick(now), now)
        return Judged([*facts, item], rows)

    def _other(self, item: Gap | SystemFault | ConfigChange | ArchiveClosed, now: int) -> Judged:
        return self._judge(self.conditioner.tick(now), now, item)
