"""``fengsui backtest``: what a configuration would have said of a recording."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli import history as o
from gateway.cli.asrun import as_run
from gateway.cli.given import span_of
from gateway.cli.kpi import moment
from gateway.cli.say import say_json, write_text
from gateway.model.times import NS, china

if TYPE_CHECKING:
    from gateway.history.examine import Report
    from gateway.history.kpi import Kpis
    from gateway.history.pieces import History


Against = Annotated[
    Path | None, typer.Option(help="expected events; exit 1 where they differ, with what and where")
]
Within = Annotated[str, typer.Option(help="how far times may be from --against")]
Events = Annotated[Path | None, typer.Option(help="write the events, one a line, as --against reads them")]
Truth = Annotated[
    Path | None, typer.Option(help="CSV of true events: start[,end,rule,tag,before,note]; gives lead times")
]
Other = Annotated[Path | None, typer.Option(help="second site file: alarms gained, lost, earlier, later")]
AsRun = Annotated[
    str,
    typer.Option(
        "--as-run",
        metavar="DATE",
        help="judge with what ran then (a date is its first moment, UTC+8), by the journal; "
        "CONFIG may be a state folder",
    ),
]
Page = Annotated[Path | None, typer.Option(help="write an HTML page with plots, in Chinese and English")]


def backtest(  # noqa: PLR0913 - one parameter an option
    config: o.Config,
    data: o.Data,
    *,
    against: Against = None,
    within: Within = "0s",
    events: Events = None,
    truth: Truth = None,
    other: Other = None,
    ran: AsRun = "",
    report: Page = None,
    raw: o.Raw = False,
    step: o.Step = "1s",
    workers: o.Workers = 0,
    layout: o.Layout = "auto",
    columns: o.Columns = "",
    time_unit: o.TimeUnit = "auto",
    zone: o.Zone = "+08:00",
    encoding: o.Encoding = "utf-8-sig",
    delimiter: o.Delimiter = ",",
    json: o.AsJson = False,
) -> None:
    """Put a recording through the same engine at full speed: events, ISA-18.2 figures, lead times, plots."""
    from gateway.config.load import load

    form = o.form_of(layout, columns, time_unit, zone, encoding, delimiter)
    beat, near = span_of("--step", step, some=True), span_of("--within", within)
    loaded = as_run(config, moment(ran)) if ran else load(config)
    second = load(other) if other is not None else None
    with o.kernels():
        from gateway.cli.archived import history_of
        from gateway.history.examine import Asked, examine
        from gateway.history.expected import read_expected
        from gateway.history.lead import read_truth

        history, raw = history_of(data, form, raw=raw)
        asked = Asked(
            workers=o.cores(workers), step=beat, raw=raw, within=near,
            truth=read_truth(truth, zone) if truth is not None else None,
            expected=read_expected(against) if against is not None else None,
        )  # fmt: skip
        found = examine(loaded, history, asked, second)
        _write(found, history, events, report, raw=raw)
    if json:
        say_json(found.as_json())
    else:
        _tell(found, str(against))
    if not found.ok:
        raise typer.Exit(o.NOT_SO)


def _write(found: "Report", history: "History", events: Path | None, page: Path | None, *, raw: bool) -> None:
    from gateway.history.page import page as drawn

    if events is not None:
        write_text(events, "".join(f"{line}\n" for line in found.lines))
    if page is not None:
        write_text(page, drawn(found, history, raw=raw))


def _tell(found: "Report", expected: str) -> None:
    out, (start, end) = found.outcome, found.outcome.span
    typer.echo(
        f"{out.readings:,} readings of {len(out.site.tags)} tags, {china(start)} to {china(end)} (UTC+8)"
    )
    if out.known.missing:
        typer.echo(f"not in the recording: {_some(out.known.missing)}")
    if out.known.unjudged:
        typer.echo(f"rules not judged for that: {_some(out.known.unjudged)}")
    _tell_kpis(found.kpis)
    if found.leads is not None:
        for lead in found.leads.found:
            said = (
                f"{lead.lead_s:+,.0f} s before the start by {lead.rule}"
                if lead.lead_s is not None
                else "MISSED"
            )
            typer.echo(f"event {china(lead.truth.start)} {lead.truth.note}: {said}")
        typer.echo(f"alarms that belong to no event: {len(found.leads.false)}")
    if found.other is not None:
        from gateway.history.compare import counts

        typer.echo(
            "second configuration: " + ", ".join(f"{n} {how}" for how, n in counts(found.changes).items())
        )
        for change in found.changes:
            if change.how != "same":
                typer.echo(f"  {china(change.at)} {change.how:<8}{change.rule}  {change.gap_s:+g} s")
    for difference in found.differences or ():
        typer.echo(difference.text(expected))
    if found.differences is not None:
        typer.echo("as expected" if found.ok else f"{len(found.differences)} differences")


def _tell_kpis(kpis: "Kpis") -> None:
    for f in kpis.figures:
        verdict = "" if f.met is None else "  ok" if f.met else "  NOT MET"
        typer.echo(f"{f.english:<28}{f.value:>10.4g} {f.unit:<9}{f.target}{verdict}")
    if not kpis.long_enough:
        short = (
            "; of less than an hour, a rate is only what came" if kpis.end - kpis.start < 3600 * NS else ""
        )
        typer.echo(f"(ISA-18.2 asks for at least 30 days; this is less{short})")
    for rule, count in kpis.top:
        typer.echo(f"  {count:>6} {rule}")


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
