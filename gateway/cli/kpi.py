"""``fengsui kpi``: the figures of ISA-18.2 and of the closed loop over any period, from the journal alone."""

import datetime as dt
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from gateway.cli.say import say_json
from gateway.config.load import load
from gateway.history.episodes import episodes
from gateway.history.kpi import Figure, kpis
from gateway.history.service import online_by_tag, service
from gateway.model.errors import Misconfigured
from gateway.model.events import Event
from gateway.model.times import NS, china, parse_iso

PAGE: Final = 10_000
MONTH: Final = 30 * 86_400 * NS


def kpi(
    config: Annotated[Path, typer.Argument(help="the site file")],
    *,
    since: Annotated[str, typer.Option("--from", help="date (UTC+8) or RFC 3339 time; 30 days ago")] = "",
    until: Annotated[str, typer.Option("--to", help="date (UTC+8) or RFC 3339 time; now")] = "",
    installation: Annotated[str, typer.Option(help="of this installation alone")] = "",
    json: Annotated[bool, typer.Option("--json", help="report as JSON")] = False,
) -> None:
    """Alarm figures of a period with the standard's targets: from the journal, so a past month never changes."""
    loaded = load(config)
    end = moment(until) if until else time.time_ns()
    start = moment(since) if since else end - MONTH
    if start >= end:
        raise Misconfigured(f"--from {china(start)} is not before --to {china(end)}")
    events = [e for e in journal(loaded.state) if not installation or e.installation in ("", installation)]
    inside = [e for e in episodes(events) if e.until(end) >= start and e.start <= end]
    found = kpis([e for e in inside if e.start >= start], start, end)
    more = service(events, loaded.site, start, end)
    online = online_by_tag(events, loaded.site, start, end)
    if json:
        say_json(_report(found.as_json(), more, online))
        return
    typer.echo(f"{china(start)} - {china(end)} {installation}")
    for figure in (*found.figures, *more):
        typer.echo(_line(figure))
    for name, rules in (
        ("chattering", found.chattering),
        ("fleeting", found.fleeting),
        ("stale", found.stale),
    ):
        if rules:
            typer.echo(f"{name}: {', '.join(rules)}")
    if not found.long_enough:
        typer.echo("The targets are for at least 30 days and one operator's console.")


def _report(base: dict[str, Any], more: Sequence[Figure], online: dict[str, float]) -> dict[str, Any]:
    figures = [*base["figures"], *(figure.as_json() for figure in more)]
    worst = {tag: round(share, 6) for tag, share in list(online.items())[:100]}
    return {**base, "figures": figures, "online_by_tag": worst}


def _line(figure: Figure) -> str:
    mark = {True: "ok", False: "OVER", None: ""}[figure.met]
    return f"{figure.chinese} {figure.english:<32} {figure.value:>10.4g} {figure.unit:<8} {figure.target:<10} {mark}"


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
