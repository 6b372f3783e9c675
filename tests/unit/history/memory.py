"""A recording in memory, cut into pieces anywhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from hypothesis import strategies as st

from gateway.history.grid import Grid, ceil_to
from gateway.history.pieces import Arrival, Long
from gateway.model.batch import of_rows
from gateway.model.inputs import Numbered, Readings, Started, Tick
from gateway.model.site import Site
from tests.unit.engine.plant import T0, TAGS, S, qualities, raw, steps

Row = tuple[str, int, float, int]
"""(tag, source ns, value, quality)"""


@dataclass(frozen=True)
class Memory:
    """See :class:`gateway.history.pieces.History`."""

    rows: tuple[Row, ...]
    cuts: tuple[int, ...] = field(default=())

    def columns(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(r[0] for r in self.rows))

    def first(self, names: Sequence[str]) -> int | None:
        rows_of = {name: i for i, name in enumerate(names)}
        return next((int(p.received[0]) for p in self.pieces(rows_of) if len(p)), None)

    def pieces(self, rows_of: Mapping[str, int]) -> Iterator[Long]:
        arrival = Arrival()
        edges = sorted({0, len(self.rows), *(c for c in self.cuts if c < len(self.rows))})
        for start, stop in pairwise(edges):
            some = self.rows[start:stop]
            received = arrival(np.array([r[1] for r in some], np.int64))
            mine = [i for i, r in enumerate(some) if r[0] in rows_of]
            yield Long(
                tag=np.array([rows_of[some[i][0]] for i in mine], np.int32),
                source=np.array([some[i][1] for i in mine], np.int64),
                received=received[mine],
                value=np.array([some[i][2] for i in mine], np.float64),
                quality=np.array([some[i][3] for i in mine], np.uint8),
                place=np.array(mine, np.int64) + start,
                last=arrival.last,
            )


def inputs(site: Site, rows: tuple[Row, ...], version: str) -> tuple[list[Numbered], Grid]:
    """What the gateway would have stepped over: the start, then every step of the grid, readings or a tick."""
    came = Arrival()(np.array([r[1] for r in rows], np.int64)).tolist()
    grid = Grid(ceil_to(came[0], S))
    by_step: dict[int, list[tuple[int, int, int, float, int]]] = {}
    for (tag, source, value, quality), when in zip(rows, came, strict=True):
        at = ceil_to(when, S)
        by_step.setdefault(at, []).append((site.tag_index[tag], source, at, value, quality))
    out = [Numbered(1, Started(grid.start, 0, version))]
    for at in range(grid.first, ceil_to(came[-1], S) + 1, S):
        some = by_step.get(at)
        item = Readings(of_rows(site.table, some)) if some else Tick(at)
        out.append(Numbered(grid.number(at), item))
    return out, grid


@st.composite
def histories(draw: st.DrawFn, longest: int = 60) -> Memory:
    """Readings of the small plant in any order of tags, some late, some between seconds, with silences."""
    clock, rows = T0, []
    for _ in range(draw(st.integers(1, longest))):
        clock += draw(st.sampled_from([0, 0, 0, S // 4])) + draw(steps) * draw(st.sampled_from([0, 1, 1]))
        late = draw(st.sampled_from([0] * 6 + [S, 20 * S]))
        tag = TAGS[draw(st.integers(0, len(TAGS) - 1))].id
        rows.append((tag, clock - late, draw(raw), draw(qualities)))
    cuts = draw(st.sets(st.integers(1, longest), max_size=5))
    return Memory(tuple(rows), tuple(cuts))
