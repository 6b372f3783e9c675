"""``fengsui kpi``: the figures of ISA-18.2 and of the closed loop over any period, from the journal alone."""

import datetime as dt
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

import typer

from gateway.cli.say import say_json
from gateway.config.load import load
from gateway.history.kpi import Figure, Kpis
from gateway.history.report import Report, report
from gateway.model.errors import Fault, Misconfigured, Refused
from gateway.model.events import Event
from gateway.model.site import Site
from gateway.model.times import NS, china, parse_iso

PAGE: Final = 10_000
MONTH: Final = 30 * 86_400 * NS
WORST: Final = 5
"""tags and devices named as the worst online rates"""


def kpi(
    config: Annotated[Path, typer.Argument(help="the site file")],
    *,
    since: Annotated[str, typer.Option("--from", help="date (UTC+8) or RFC 3339 time; 30 days ago")] = "",
    until: Annotated[str, typer.Option("--to", help="date (UTC+8) or RFC 3339 time; now")] = "",
    installation: Annotated[str, typer.Option(help="of this installation alone")] = "",
    json: Annotated[bool, typer.Option("--json", help="report as JSON")] = False,
) -> None:
    """Alarm figures of a period with the standard's targets: from the journal, so a past month never changes."""
    end = moment(until) if until else time.time_ns()
    start = moment(since) if since else end - MONTH
    if start >= end:
        raise Misconfigured(f"--from {china(start)} is not before --to {china(end)}")
    loaded = load(config)
    _known(installation, loaded.site)
    events = list(journal(loaded.state))
    site = _ran(config, loaded.site, end)
    if installation:
        site = replace(site, consoles=())
        events = [e for e in events if e.installation in ("", installation)]
    found = report(events, site, start, end)
    if json:
        say_json(found.as_json())
        return
    typer.echo(f"{china(start)} - {china(end)} {installation}")
    for line in _lines(found, {c.id: c.name for c in site.consoles}):
        typer.echo(line)


def _known(installation: str, site: Site) -> None:
    """Noughts for a name that nothing has would look like a calm month."""
    ids = [each.id for each in site.installations]
    if installation and installation not in ids:
        raise Misconfigured(
            [Fault("fengsui kpi", None, "--installation", repr(installation), f"one of {', '.join(ids)}")]
        )


def _ran(config: Path, present: Site, end: int) -> Site:
    """What ran at the end of the period; the present configuration where the journal names none yet."""
    from gateway.cli.asrun import as_run

    try:
        return as_run(config, end).site
    except Refused:
        return present


def _lines(found: Report, names: dict[str, str]) -> Iterator[str]:
    yield from map(_line, found.site.figures)
    yield from _rules(found.site.kpis)
    for part in found.consoles:
        yield f"\n{part.console} {names[part.console]}"
        yield from map(_line, part.figures)
        yield from _rules(part.kpis)
    for title, shares in (("tags", found.online_by_tag), ("devices", found.online_by_device)):
        worst = [f"{name} {100 * share:.3f} %" for name, share in list(shares.items())[:WORST] if share < 1]
        if worst:
            yield f"worst online rate of {title}: {', '.join(worst)}"
    if not found.site.kpis.long_enough:
        yield "The targets are for at least 30 days and one operator's console; S: read in secondary sources."


def _rules(kpis: Kpis) -> Iterator[str]:
    lists = (("chattering", kpis.chattering), ("fleeting", kpis.fleeting), ("stale", kpis.stale))
    yield from (f"{name}: {', '.join(rules)}" for name, rules in lists if rules)
    if kpis.top:
        yield "top ten: " + ", ".join(f"{rule} {count}" for rule, count in kpis.top)


def _line(figure: Figure) -> str:
    mark = {True: "ok", False: "OVER", None: ""}[figure.met]
    target = f"{figure.target:<10} {figure.mark:<1}"
    return f"{figure.chinese} {figure.english:<32} {figure.value:>10.4g} {figure.unit:<8} {target} {mark}"


def moment(text: str) -> int:
    """A date is its first moment in UTC+8."""
    try:
        return parse_iso(f"{dt.date.fromisoformat(text)}T00:00:00+08:00")
    except ValueError:
        pass
    try:
        return parse_iso(text)
    except ValueError as error:
        raise Misconfigured(f"{text!r} is no date (2026-11-01) and no time with zone: {error}") from error


def journal(state: Path) -> Iterator[Event]:
    """Every event of the journal in this state folder, oldest first."""
    from gateway.store import open_reader

    with open_reader(state) as reader:
        after = -1
        while records := reader.records(after, PAGE):
            yield from (record.event for record in records)
            after = records[-1].seq
