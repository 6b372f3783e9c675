"""The report of a period: the standard's figures and those of the closed loop, for the site and each operator console.

From the journal alone, judged by the configuration that ran at the end of the period: so a past month never changes.
The standard's targets are for one operator's console; of a site with several they stand beside its consoles, not beside
their sum.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from gateway.history.case import OFFICES, Case, cases
from gateway.history.episodes import episodes
from gateway.history.kpi import Figure, Kpis, kpis
from gateway.history.service import online_by_device, online_by_tag, service
from gateway.model.events import Event, EventKind
from gateway.model.people import OperatorConsole
from gateway.model.site import Site
from gateway.model.times import parse_iso

LISTED: Final = 100


@dataclass(frozen=True, slots=True)
class Part:
    """Figures of the site (``console`` empty) or of one console."""

    console: str
    kpis: Kpis
    figures: tuple[Figure, ...]

    def as_json(self) -> dict[str, Any]:
        """JSON values."""
        own = self.kpis.as_json()
        return {**own, "figures": [f.as_json() for f in self.figures]}


@dataclass(frozen=True, slots=True)
class Report:
    """Everything of a period. ``online_...``: share of it that could be seen, the worst first."""

    site: Part
    consoles: tuple[Part, ...]
    online_by_tag: Mapping[str, float]
    online_by_device: Mapping[str, float]

    def as_json(self) -> dict[str, Any]:
        """JSON values."""
        return {
            **self.site.as_json(),
            "consoles": {part.console: part.as_json() for part in self.consoles},
            "online_by_tag": _worst(self.online_by_tag),
            "online_by_device": _worst(self.online_by_device),
        }


def report(events: Sequence[Event], site: Site, start: int, end: int) -> Report:
    """The report of ``start`` to ``end``, ns. ``events``: the journal's, oldest first, from its beginning."""
    several = len(site.consoles) > 1
    whole = _part(events, site, start, end, "")
    return Report(
        replace(whole, figures=_without_targets(whole.figures)) if several else whole,
        tuple(_part(_of(events, c), _only(site, c), start, end, c.id) for c in site.consoles),
        online_by_tag(events, site, start, end),
        online_by_device(events, site, start, end),
    )


def _part(events: Sequence[Event], site: Site, start: int, end: int, console: str) -> Part:
    inside = [e for e in episodes(events) if start <= e.start <= end]
    found = kpis(inside, start, end)
    more = (*service(events, site, start, end), *told(events, start, end))
    return Part(console, found, (*found.figures, *more))


def told(events: Iterable[Event], start: int, end: int) -> tuple[Figure, ...]:
    """How people were told, and the dual reports (双报告) of the period."""
    own = [e for e in events if e.time <= end]
    within = [e for e in own if e.time >= start]
    notified = sum(e.event is EventKind.NOTIFIED for e in within)
    escalated = sum(e.event is EventKind.ESCALATED for e in within)
    unreached = sum(
        e.event in (EventKind.NOTIFIED, EventKind.ESCALATED) and not e.detail["people"] for e in within
    )
    owed = [c for c in cases(own).values() if c.due is not None and start <= c.due <= end]
    late = sum(_late(c) for c in owed if not c.false_alarm)
    return (
        Figure("notified", "通知次数", "alarms people were told of", notified, "", "", None),
        Figure("escalated", "升级次数", "escalations", escalated, "", "", None),
        Figure("unreached", "无人可通知", "with nobody to tell", unreached, "", "0", not unreached),
        Figure("reports_owed", "应双报告", "dual reports owed", len(owed), "", "", None),
        Figure("reports_late", "双报告超期", "dual reports late", late, "", "0", not late if owed else None),
    )


def _late(case: Case) -> bool:
    """Not both reports were made in time."""
    made = {office: parse_iso(record["made"]) for office, record in case.reports.items()}
    due = case.due or 0
    return any(made.get(office, due + 1) > due for office in OFFICES)


def _of(events: Sequence[Event], console: OperatorConsole) -> list[Event]:
    """Events of the console's installations, and those of no installation that every figure needs (starts, changes)."""
    places = {*console.installations, ""}
    return [e for e in events if e.installation in places]


def _only(site: Site, console: OperatorConsole) -> Site:
    """The site as far as this console goes."""
    places = set(console.installations)
    return replace(
        site,
        installations=tuple(i for i in site.installations if i.id in places),
        tags=tuple(t for t in site.tags if t.installation in places),
    )


def _without_targets(figures: Sequence[Figure]) -> tuple[Figure, ...]:
    return tuple(replace(f, target="", met=None, mark="") if f.mark else f for f in figures)


def _worst(shares: Mapping[str, float]) -> dict[str, float]:
    return {name: round(share, 6) for name, share in list(shares.items())[:LISTED]}
