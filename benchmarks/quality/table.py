"""A recording held in columns, judged by a site file through the product's own backtest."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gateway.config.load import Loaded, load
from gateway.history.pieces import Arrival, Long, Piece
from gateway.history.run import Outcome, backtest
from gateway.model.events import Condition, Event
from gateway.model.times import NS

SITES = Path(__file__).parent / "sites"
LINES = 100_000


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """One line a time. ``columns`` by tag id; NaN is no reading. ``quality`` by tag id where some are not good."""

    time: NDArray[np.int64]
    columns_by_tag: Mapping[str, NDArray[np.float64]]
    quality: Mapping[str, NDArray[np.uint8]] = field(default_factory=dict)

    def columns(self) -> tuple[str, ...]:
        """See :class:`gateway.history.pieces.History`."""
        return tuple(self.columns_by_tag)

    def first(self, names: Sequence[str]) -> int | None:  # noqa: ARG002 - every line has every column
        """See :class:`gateway.history.pieces.History`."""
        return int(self.time[0]) if len(self.time) else None

    def pieces(self, rows_of: Mapping[str, int]) -> Iterator[Piece]:
        """See :class:`gateway.history.pieces.History`."""
        names = [n for n in self.columns_by_tag if n in rows_of]
        block = np.array([self.columns_by_tag[n] for n in names]).T
        good = np.zeros(len(self.time), np.uint8)
        quality = np.array([self.quality.get(n, good) for n in names]).T
        there, arrival = ~np.isnan(block) | (quality > 0), Arrival()
        rows = np.array([rows_of[n] for n in names], np.int32)
        for start in range(0, len(self.time), LINES):
            line, column = np.nonzero(there[start : start + LINES])
            line += start
            received = arrival(self.time[line])
            yield Long(
                tag=rows[column],
                source=self.time[line],
                received=received,
                value=block[line, column],
                quality=quality[line, column],
                place=line * len(names) + column,
                last=arrival.last,
            )


@dataclass(frozen=True, slots=True)
class Span:
    """One stretch of a condition, ns: from ``start`` until before ``end``, behind the recording's end if it lasts."""

    start: int
    end: int
    onset: int


@cache
def site(name: str) -> Loaded:
    """The one configuration of a data set: ``benchmarks/quality/sites/NAME``."""
    return load(SITES / name / "site.yaml")


def judge(name: str, table: Table, step: int = NS) -> Outcome:
    """The whole product over a recording, but for clocks, wires and disks."""
    return backtest(site(name).site, table, step=step)


def spans(outcome: Outcome, rule: str) -> list[Span]:
    """Stretches from a rule's alarm to its return to normal; while it is unknown it goes on."""
    found, open_ = list[Span](), None
    for event in _of(outcome, rule):
        condition = event.after.condition if event.after else Condition.NORMAL
        if condition is Condition.ACTIVE and open_ is None:
            open_ = event
        elif condition is Condition.NORMAL and open_ is not None:
            found.append(_span(open_, event.time))
            open_ = None
    return [*found, _span(open_, outcome.span[1] + 1)] if open_ else found


def _of(outcome: Outcome, rule: str) -> Iterator[Event]:
    yield from (event for _, event in outcome.decisions if event.rule == rule and event.id)


def _span(event: Event, end: int) -> Span:
    return Span(event.time, end, event.time if event.onset is None else event.onset)


def inside(times: NDArray[np.int64], found: list[Span]) -> NDArray[np.bool_]:
    """Which of the (rising) times lie in a span."""
    out = np.zeros(len(times), np.bool_)
    for span in found:
        out[np.searchsorted(times, span.start) : np.searchsorted(times, span.end)] = True
    return out
