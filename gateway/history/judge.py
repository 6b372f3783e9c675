"""One part of a site over a recording: what the detection stage says, with where each fact belongs in the whole."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.alarms.facts import Fact, RuleFact, TagFact
from gateway.conditioning.layout import TO_BAD, TO_OK
from gateway.engine.detection import Detection
from gateway.history.grid import FIRST, Grid, ceil_all
from gateway.history.pieces import Piece
from gateway.history.sets import Part
from gateway.model.events import Condition
from gateway.model.inputs import Started, Tick

Order = tuple[int, int, int, int]
"""input number, stage (see below), then what orders facts within it: place, tag or rule, and then the order told"""
Told = tuple[Order, Fact]
Lines = tuple[Piece, int, int]
"""lines start:stop of a piece"""
MEASURED, AGED, COMPUTED, JUDGED = range(4)
"""edges of health of rows as they came, of those that aged, of computed tags; conditions of rules"""


class Judge:
    """The detection stage of one part, stepped along a grid.

    ``judge`` is given every piece in turn, then ``finish``. Facts come in order, with rows of the whole site.
    """

    def __init__(self, part: Part, grid: Grid) -> None:
        self._part = part
        self._grid = grid
        self._detection = Detection(part.site)
        self._at = grid.start
        self._held: list[Lines] = []
        self._held_at = grid.start
        self._active = [False] * len(part.site.rules)
        self._known = [False] * len(part.site.rules)
        self.readings = 0

    def start(self, version: str) -> list[Told]:
        """The gateway begins; the alarm stage hears of that itself."""
        facts = self._detection.take(Started(self._grid.start, 0, version), self._grid.start).facts
        return self._told(FIRST, facts[1:], {})

    def judge(self, piece: Piece) -> Iterator[Told]:
        """Step over all lines of a piece but those of its last step, which the next piece may go on with."""
        steps = ceil_all(piece.received, self._grid.step)
        edges = [0, *(np.flatnonzero(np.diff(steps)) + 1).tolist(), len(steps)] if len(steps) else []
        for start, stop in pairwise(edges):
            at = int(steps[start])
            if at != self._held_at:
                yield from self._flush()
            self._held.append((piece, start, stop))
            self._held_at = at

    def finish(self, last: int) -> Iterator[Told]:
        """The recording ends with what arrived at ``last``: time goes on until then, no further."""
        yield from self._flush()
        yield from self._ticks(self._grid.up(last))

    def _flush(self) -> Iterator[Told]:
        held, self._held = self._held, []
        if held:
            yield from self._step(self._held_at, held)

    def _ticks(self, until: int) -> Iterator[Told]:
        """Ticks up to and including ``until``, where something is due."""
        while (due := self._detection.next_deadline()) <= until:
            at = max(self._grid.up(due), self._at + self._grid.step)
            if at > until:
                return
            self._at = at
            yield from self._told(
                self._grid.number(at), self._detection.take(Tick(at), at).facts, {}
            )  # fmt: skip

    def _step(self, at: int, lines: list[Lines]) -> Iterator[Told]:
        yield from self._ticks(at - self._grid.step)
        self._at = at
        stage = self._detection.conditioner
        rows = stage.room(sum(piece.most(start, stop) for piece, start, stop in lines))
        count, spans = 0, []
        for piece, start, stop in lines:
            more = piece.fill(rows[count:], start, stop, at)
            spans.append((count, more, piece, start, stop))
            count += more
        self.readings += count
        facts = self._detection.written(count, at).facts
        if facts:
            yield from self._told(self._grid.number(at), facts, self._places(stage.rows, spans))

    def _places(
        self, rows: NDArray[Any], spans: list[tuple[int, int, Piece, int, int]]
    ) -> Mapping[int, int]:  # fmt: skip
        """Among rows with an edge of health: which of them -> place in the recording."""
        found: dict[int, int] = {}
        for first, count, piece, start, stop in spans:
            at = np.flatnonzero(rows["flags"][first : first + count] & (TO_BAD | TO_OK)).tolist()
            for place in piece.places(start, stop, at) if at else ():
                found[len(found)] = place
        return found

    def _told(self, number: int, facts: list[Fact], places: Mapping[int, int]) -> list[Told]:
        """Facts of one input, in order; edges of health come first, those of measured rows before the aged."""
        out: list[Told] = []
        for i, fact in enumerate(facts):
            if isinstance(fact, TagFact):
                tag = self._part.tags[fact.tag]
                order = (
                    (number, MEASURED, places[i], i) if i in places else (number, self._made(fact), tag, i)
                )
                out.append((order, replace(fact, tag=tag)))
            elif isinstance(fact, RuleFact) and self._worth(fact):
                rule = self._part.rules[fact.rule]
                out.append(((number, JUDGED, rule, i), replace(fact, rule=rule)))
        return out

    def _worth(self, fact: RuleFact) -> bool:
        """A rule that never was active has no alarm that could become normal or unknown; of it the book wants to hear
        only whether its condition is known. At a start every rule of the site has a fact that says nothing new.
        """
        self._active[fact.rule] |= fact.after is Condition.ACTIVE
        was, known = self._known[fact.rule], fact.after is not Condition.UNKNOWN
        self._known[fact.rule] = known
        return self._active[fact.rule] or known != was

    def _made(self, fact: TagFact) -> int:
        return COMPUTED if self._part.site.tags[fact.tag].expression else AGED
