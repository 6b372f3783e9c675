"""``fengsui alarms show``, ``report``, ``reports``: one event from reading to closing, and its dual report (双报告)."""

import csv
import sys
import time
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.alarms import AsJson, Comment, Config, Ids, User, acted, actor, delivery_lines, for_those
from gateway.cli.kpi import journal, moment
from gateway.cli.say import say_json
from gateway.config.load import load
from gateway.history.case import OFFICES, Case, cases
from gateway.model.errors import Refused
from gateway.model.events import Event
from gateway.model.times import china, parse_iso

Period = Annotated[str, typer.Option("--from", help="date (UTC+8) or RFC 3339 time; the beginning")]
COLUMNS = (
    "id", "installation", "tag", "rule", "level", "sensed", "due",
    *(f"{office}_{what}" for office in OFFICES for what in ("made", "who", "reference")), "overdue",
)  # fmt: skip


class Office(StrEnum):
    """Whom a report is made to."""

    DEPARTMENT = "department"
    CONGRESS = "congress"


def show(
    config: Config,
    ident: Annotated[str, typer.Argument(metavar="ID", help="occurrence id, or an unambiguous beginning")],
    *,
    json: AsJson = False,
) -> None:
    """One event from reading to closing: the time of each stage, who was told, both reports, and how far each of its
    journal's events has come at each output. Needs no gateway.
    """
    from gateway.store.ledger import read_ledger

    case = _one(config, ident)
    found = read_ledger(load(config).state, ids=(case.id,), limit=1000)
    if json:
        events = [_event(e) for e in case.events]
        say_json({**case.as_json(), "events": events, "delivery": found.as_json()})
        return
    for line in (*_lines(case), *delivery_lines(found)):
        typer.echo(line)


def report(  # noqa: PLR0913  # an option each
    config: Config,
    ids: Ids,
    *,
    to: Annotated[Office, typer.Option(help="whom it was made to")],
    reference: Annotated[str, typer.Option(help="reference of its receipt, minutes or number")],
    at: Annotated[str, typer.Option(help="when it was made, RFC 3339 with zone; now, if not said")] = "",
    comment: Comment = "",
    user: User = "",
    json: AsJson = False,
) -> None:
    """Record one of the two reports (双报告) of a major event, with its receipt."""
    body: dict[str, Any] = {"comment": comment, "to": to.value, "reference": reference, "time": at or None}
    answer, those = for_those(config, ids, "report", actor=actor(user), **body)
    acted(answer, json, f"{len(those)} reported to {to.value}, {reference}")


def reports(
    config: Config,
    *,
    since: Period = "",
    until: Annotated[str, typer.Option("--to", help="date (UTC+8) or RFC 3339 time; now")] = "",
    table: Annotated[bool, typer.Option("--csv", help="as CSV, to hand in")] = False,
    json: AsJson = False,
) -> None:
    """Major events with both their reports, from the journal; what is overdue is said."""
    end = moment(until) if until else time.time_ns()
    start = moment(since) if since else 0
    found = [
        c for c in cases(journal(load(config).state)).values()
        if c.due is not None and start <= c.events[0].time <= end
    ]  # fmt: skip
    rows = [_row(case, end) for case in found]
    if json:
        say_json(rows)
    elif table:
        writer = csv.DictWriter(sys.stdout, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    else:
        for row in rows:
            typer.echo("  ".join(f"{row[c] or '-'}" for c in COLUMNS))
        typer.echo(
            f"{len(rows)} major events, {sum(bool(r['overdue']) for r in rows)} with an overdue report"
        )


def _one(config: Path, ident: str) -> Case:
    found = [case for key, case in cases(journal(load(config).state)).items() if key.startswith(ident)]
    if len(found) != 1:
        raise Refused(f"{ident!r} names {len(found)} alarms of the journal")
    return found[0]


def _row(case: Case, now: int) -> dict[str, Any]:
    told = case.as_json()
    late = [o for o in case.overdue if o in case.reports or (case.due or 0) < now]
    row = {k: told[k] for k in ("id", "installation", "tag", "rule", "level")}
    row |= {"sensed": china(case.stages.get("sensed", case.events[0].time)), "due": china(case.due or 0)}
    for office in OFFICES:
        record = case.reports.get(office, {})
        row[f"{office}_made"] = china(parse_iso(record["made"])) if record else ""
        row |= {f"{office}_who": record.get("who", ""), f"{office}_reference": record.get("reference", "")}
    return {**row, "overdue": " ".join(late)}


def _lines(case: Case) -> Iterator[str]:
    told = case.as_json()
    yield f"{case.id}  {told['level']}  {told['installation']}/{told['tag']}  {told['rule']}  {told['description']}"
    for stage, at in case.stages.items():
        yield f"  {stage:<13} {china(at)}  +{told['stages'][stage]['after_s']:g} s"
    for event in case.events:
        if not event.id:
            people = ", ".join(event.detail.get("people", ())) or "nobody"
            posts = ", ".join(event.detail.get("posts", ())) or "-"
            yield f"  {event.event.value:<13} {china(event.time)}  {posts}: {people} ({event.detail['why']})"
    for office in OFFICES if case.due is not None else ():
        record = case.reports.get(office)
        said = f"{record['made']} {record['who']} {record['reference']}" if record else "not yet"
        yield f"  to {office:<10} {said}{'  OVERDUE' if office in case.overdue and record else ''}"


def _event(event: Event) -> dict[str, Any]:
    actor = {"id": event.actor.id, "name": event.actor.name} if event.actor else None
    return {
        "event": event.event.value, "time": china(event.time), "n": event.n, "actor": actor,
        "comment": event.comment, "detail": event.detail,
    }  # fmt: skip
