"""A whole backtest: detection in parts, the alarm stage once over what they tell, in order."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from gateway import __version__
from gateway.alarms.book import Book
from gateway.alarms.facts import StartedFact, TimeFact
from gateway.history.grid import FIRST, Grid, ceil_to
from gateway.history.judge import Told
from gateway.history.pieces import History
from gateway.history.sets import Known, known, parts
from gateway.history.workers import Counter, Job, merged
from gateway.model.errors import Fault, Misconfigured
from gateway.model.events import Event, Occurrence
from gateway.model.site import Site
from gateway.model.times import NS

EPOCH: Final = "backtest"
"""the epoch of every backtest, so that the same history gives the same occurrence ids"""
FEW: Final = 200
"""fewer tags than twice this are not worth a second process"""
Decision = tuple[int, Event]
"""(input number, event)"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a site would have said of a recording."""

    known: Known
    grid: Grid
    last: int
    """when the last line arrived, ns"""
    readings: int
    decisions: tuple[Decision, ...]
    open: tuple[Occurrence, ...] = field(default=())

    @property
    def site(self) -> Site:
        """What was judged: tags that the recording has, and their rules."""
        return self.known.site

    @property
    def span(self) -> tuple[int, int]:
        """From the first step to the last, ns."""
        return self.grid.first, ceil_to(self.last, self.grid.step)


class AlarmStage:
    """The book over merged facts, its timers fired at the steps of the grid as an engine's would be."""

    def __init__(self, site: Site, grid: Grid) -> None:
        self.book = Book(site, EPOCH)
        self._grid = grid
        self._at = grid.start

    def start(self) -> Iterator[Decision]:
        """The gateway begins."""
        fact = StartedFact(self._grid.start, 0, __version__)
        yield from ((FIRST, event) for event in self.book.apply(fact))

    def hear(self, facts: Iterable[Told]) -> Iterator[Decision]:
        """All facts, in order; those of one input together."""
        for (order, fact), more in _more_follow(facts):
            if order[0] > FIRST:
                yield from self.until(self._grid.time(order[0]))
            yield from ((order[0], event) for event in self.book.apply(fact, more=more))

    def until(self, at: int) -> Iterator[Decision]:
        """Time goes on to the step ``at``."""
        while (due := self.book.next_deadline()) <= at:
            # Once for each input, before its facts: what they make due at once is due at the next.
            step = max(self._grid.up(due), self._at + self._grid.step)
            if step > at:
                break
            self._at = step
            number = self._grid.number(step)
            yield from ((number, event) for event in self.book.apply(TimeFact(step)))
        self._at = max(self._at, at)


def backtest(
    site: Site, history: History, *, workers: int = 1, step: int = NS, bound: dict[str, str] | None = None
) -> Outcome:
    """Judge a recording as the gateway would have.

    Args:
        site: the effective configuration; values of the recording are what its tags' scaling expects.
        history: the recording.
        workers: processes to share the work; decisions are the same for any number.
        step: of the grid, ns; see :mod:`gateway.history.grid`.
        bound: name in the recording -> tag id, beside ids and raw names.

    Raises:
        Misconfigured: the recording cannot be read, or has no tag of the site.
    """
    seen = detected(site, history, workers=workers, step=step, bound=bound)
    stage = AlarmStage(seen.known.site, seen.grid)
    decisions = tuple(_decisions(stage, seen))
    count = seen.count
    return Outcome(seen.known, seen.grid, count.last, count.readings, decisions, stage.book.open())


@dataclass(frozen=True, slots=True)
class Detected:
    """The detection stage at work: ``count`` is complete when ``facts`` is exhausted."""

    known: Known
    grid: Grid
    count: Counter
    facts: Iterator[Told]


def detected(
    site: Site, history: History, *, workers: int = 1, step: int = NS, bound: dict[str, str] | None = None
) -> Detected:
    """What the detectors say of a recording, without an alarm stage; see :func:`backtest`.

    Raises:
        Misconfigured: the recording cannot be read, or has no tag of the site.
    """
    found = known(site, history.columns(), bound or {})
    if not found.columns:
        raise _nothing_known(history)
    first = _first(history, found)
    grid = Grid(ceil_to(first, step), step)
    count = Counter(last=first)
    return Detected(found, grid, count, merged(_jobs(found, history, grid, workers), count))


def _decisions(stage: AlarmStage, seen: Detected) -> Iterator[Decision]:
    yield from stage.start()
    yield from stage.hear(seen.facts)
    yield from stage.until(seen.grid.up(seen.count.last))


def _more_follow(facts: Iterable[Told]) -> Iterator[tuple[Told, bool]]:
    """Each fact, and whether the next is of the same input."""
    held: Told | None = None
    for told in facts:
        if held is not None:
            yield held, told[0][0] == held[0][0]
        held = told
    if held is not None:
        yield held, False


def _jobs(found: Known, history: History, grid: Grid, workers: int) -> list[Job]:
    names = {row: column for column, row in found.columns.items()}
    return [
        Job(part, history, {names[row]: i for i, row in enumerate(part.tags) if row in names}, grid)
        for part in parts(found.site, workers)
    ]


def _first(history: History, found: Known) -> int:
    first = history.first(tuple(found.columns))
    if first is None:
        raise Misconfigured(
            [Fault(_name(history), None, "DATA", "no readings", "at least one reading of a tag")]
        )
    return first


def _nothing_known(history: History) -> Misconfigured:
    names = ", ".join(history.columns()[:8])
    return Misconfigured(
        [Fault(_name(history), None, "DATA", f"has {names}", "columns or tags named as in the tag list (id or 位号)")]
    )  # fmt: skip


def _name(history: History) -> str:
    files = getattr(history, "files", ())
    return str(files[0]) if files else "DATA"
