"""A scenario through the engine itself: every reading, every second's tick, every deed is one numbered input."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from gateway import __version__
from gateway.config.load import Loaded
from gateway.engine import Engine
from gateway.history.examine import bound_columns, in_units
from gateway.history.scenario.file import Scenario
from gateway.history.scenario.lines import Came, Do, came
from gateway.history.sets import known
from gateway.model.batch import of_rows
from gateway.model.commands import Act, Actor, Command, Seen
from gateway.model.errors import Fault, Misconfigured
from gateway.model.events import Occurrence
from gateway.model.inputs import Acted, Input, LinkChange, Numbered, Readings, Started, Tick
from gateway.model.site import Site
from gateway.model.times import NS

EPOCH: Final = "scenario"
_RULES: Final = frozenset({"shelve", "unshelve", "remove", "return"})
"""acts on a rule, whether or not it is in alarm"""
_WORDS: Final = ("assignee", "cause", "measure", "evidence")


@dataclass(frozen=True, slots=True)
class Played:
    """What came of a scenario. ``refused``: line of a deed -> why."""

    site: Site
    came: tuple[Came, ...]
    open: tuple[Occurrence, ...]
    refused: dict[int, str] = field(default_factory=dict)


def play(scenario: Scenario, loaded: Loaded) -> Played:
    """Run it.

    Raises:
        Misconfigured: a trace or a deed names what the configuration does not have.
    """
    site = loaded.site if scenario.raw else in_units(loaded.site)
    found = known(site, scenario.traces, bound_columns(loaded))
    faults = [*_strange(scenario, found.columns.keys()), *_no_links(scenario, found.site)]
    if faults:
        raise Misconfigured(faults)
    return _Player(scenario, found.site, found.columns).run()


def _strange(scenario: Scenario, there: object) -> Iterator[Fault]:
    for name, line in scenario.trace_lines.items():
        if name not in there:  # type: ignore[operator]
            yield Fault(
                str(scenario.path), line, f"traces.{name}", "no such tag", f"tags of {scenario.config}"
            )


def _no_links(scenario: Scenario, site: Site) -> Iterator[Fault]:
    ids = [link.id for link in site.links]
    for do in scenario.do:
        if do.what == "link" and do.subject not in ids:
            yield Fault(
                str(scenario.path), do.line, "do", do.subject, ", ".join(ids) or "this site has no links"
            )


class _Player:
    def __init__(self, scenario: Scenario, site: Site, columns: dict[str, int]) -> None:
        self._s, self._site = scenario, site
        self._engine = Engine(site, EPOCH)
        self._came: list[Came] = []
        self._refused: dict[int, str] = {}
        self._down_until = 0
        self._points: dict[int, list[tuple[int, int, float, int]]] = {}
        for name, row in sorted(columns.items(), key=lambda c: c[1]):
            for at, value, quality in scenario.traces[name]:
                self._points.setdefault(at, []).append((row, at, value, quality))

    def run(self) -> Played:
        start = self._s.start
        self._step(Started(start - NS, 0, __version__))
        deeds = {at: [d for d in self._s.do if d.at == at] for at in {d.at for d in self._s.do}}
        for at in self._instants(deeds.keys()):
            if at < self._down_until:
                continue
            rows = [(row, start + at, start + at, v, q) for row, _, v, q in self._points.get(at, ())]
            self._step(Readings(of_rows(self._site.table, rows)) if rows else Tick(start + at))
            for deed in deeds.get(at, ()):
                self._do(deed)
        return Played(self._site, tuple(self._came), self._engine.book.open(), self._refused)

    def _instants(self, deeds: object) -> list[int]:
        ends = [self._s.length, *(d.at for d in self._s.do), *(e.last for e in self._s.expect), *self._points]
        ends += [d.at + d.span("after") for d in self._s.do]
        return sorted({*range(0, max(ends) + 1, NS), *self._points, *deeds})  # type: ignore[misc]

    def _step(self, item: Input) -> str:
        number = self._engine.number + 1
        step = self._engine.step([Numbered(number, item)])
        self._came += [line for _, e in step.events if (line := came(e, self._s.start)) and line.at >= 0]
        return step.refused.get(number, "")

    def _do(self, deed: Do) -> None:
        now = self._s.start + deed.at
        if deed.what == "link":
            self._step(LinkChange(now, deed.subject, deed.said["state"] == "up", "scenario"))
        elif deed.what == "restart":
            self._down_until = deed.at + deed.span("after")
            self._step(Started(self._s.start + self._down_until, now, __version__))
        else:
            refused = self._step(Acted(now, self._command(deed, now)))
            if refused:
                self._refused[deed.line] = refused

    def _command(self, deed: Do, now: int) -> Command:
        who, with_ = deed.said.get("by", "operator"), deed.said.get("with")
        last = [o for o in self._engine.book.open() if o.rule == deed.subject][-1:]
        on_rule = deed.what in _RULES
        return Command(
            act=Act(deed.what), actor=Actor(who, who),
            seen=() if on_rule else tuple(Seen(o.id, o.n) for o in last),
            comment=deed.said.get("because", ""), rules=(deed.subject,) if on_rule else (),
            until=now + deed.span("for") if "for" in deed.said else 0, permit=deed.said.get("permit", ""),
            second=Actor(with_, with_) if with_ else None,
            words=tuple((w, deed.said[w]) for w in _WORDS if w in deed.said),
        )  # fmt: skip
