"""A backtest of a configuration as a report: events, figures, lead times, differences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from gateway.history.compare import Change, changes, counts
from gateway.history.episodes import Episode, episodes
from gateway.history.expected import Difference, Line, differences, lines_of
from gateway.history.kpi import Kpis, kpis
from gateway.history.lead import Leads, Truth, leads
from gateway.history.pieces import History
from gateway.history.run import Outcome, backtest
from gateway.model.events import Event
from gateway.model.site import Signal, Site
from gateway.model.times import NS, iso


@dataclass(frozen=True, slots=True)
class Report:
    """One backtest, and what was asked of it."""

    outcome: Outcome
    episodes: tuple[Episode, ...]
    kpis: Kpis
    leads: Leads | None = None
    differences: tuple[Difference, ...] | None = None
    other: "Report | None" = None
    changes: tuple[Change, ...] = ()

    @property
    def events(self) -> list[Event]:
        """All decisions, in order."""
        return [event for _, event in self.outcome.decisions]

    @property
    def lines(self) -> list[Line]:
        """Events of alarms and faults as lines of an expected-events file."""
        return lines_of(self.events)

    @property
    def ok(self) -> bool:
        """Nothing differs from what was expected."""
        return not self.differences

    def as_json(self) -> dict[str, Any]:
        """JSON values."""
        o = self.outcome
        alarms = [e for e in self.episodes if not e.fault]
        out: dict[str, Any] = {
            "ok": self.ok,
            "config_hash": o.site.config_hash,
            "from": iso(o.span[0]),
            "to": iso(o.span[1]),
            "readings": o.readings,
            "tags": len(o.site.tags),
            "rules": len(o.site.rules),
            "missing_tags": list(o.known.missing),
            "unjudged_rules": list(o.known.unjudged),
            "alarms": len(alarms),
            "faults": len(self.episodes) - len(alarms),
            "open_at_end": [x.rule for x in o.open if x.axes.condition.value != "normal"],
            "events": [str(line) for line in self.lines],
            "kpis": self.kpis.as_json(),
        }
        if self.leads is not None:
            out["truth"] = self.leads.as_json()
        if self.differences is not None:
            out["differences"] = [d.as_json() for d in self.differences]
        if self.other is not None:
            out["other"] = {
                "config_hash": self.other.outcome.site.config_hash,
                **counts(self.changes),
                "changes": [c.as_json() for c in self.changes if c.how != "same"],
            }
        return out


@dataclass(frozen=True, slots=True)
class Asked:
    """What a backtest is asked for beside its events."""

    workers: int = 1
    step: int = NS
    raw: bool = False
    """values are as on the wire; otherwise in the unit of the tag"""
    truth: Sequence[Truth] | None = None
    expected: Sequence[Line] | None = None
    within: int = 0
    """how far times may be apart and still be as expected, ns"""


class Judging(Protocol):
    """What judges: a loaded configuration, or one as it once ran."""

    @property
    def site(self) -> Site:
        """The effective configuration."""
        ...

    @property
    def sources(self) -> Sequence[Any]:
        """What its tags are bound to; of replays the columns are known."""
        ...


def examine(loaded: Judging, history: History, asked: Asked, other: Judging | None = None) -> Report:
    """Backtest, figures, and what was asked.

    Raises:
        Misconfigured: the recording cannot be read, or has no tag of the site.
    """
    report = _examined(loaded, history, asked)
    if other is None:
        return report
    second = _examined(other, history, replace(asked, truth=None, expected=None))
    found = changes(report.episodes, second.episodes, report.outcome.span[1])
    return replace(report, other=second, changes=tuple(found))


def _examined(loaded: Judging, history: History, asked: Asked) -> Report:
    site = loaded.site if asked.raw else in_units(loaded.site)
    outcome = backtest(
        site, history, workers=asked.workers, step=asked.step, bound=bound_columns(loaded)
    )  # fmt: skip
    found = tuple(episodes(event for _, event in outcome.decisions))
    start, last = outcome.span
    report = Report(outcome, found, kpis(found, start, last))
    if asked.truth is not None:
        report = replace(report, leads=leads(asked.truth, found, last))
    if asked.expected is not None:
        wrong = differences(asked.expected, report.lines, asked.within)
        report = replace(report, differences=tuple(wrong))
    return report


def in_units(site: Site) -> Site:
    """The site with tags whose values come in their unit already, as an archive or a historian keeps them."""
    tags = tuple(replace(t, gain=1.0, offset=0.0, signal=Signal.VALUE) for t in site.tags)
    return replace(site, tags=tags)


def bound_columns(loaded: Judging) -> dict[str, str]:
    """What tags of replay sources are called in their recording -> tag id."""
    found: Mapping[str, str] = {
        binding.column: tag.id
        for part in loaded.sources
        if part.kind == "replay"
        for _, tag, binding in part.bound
    }
    return dict(found)
