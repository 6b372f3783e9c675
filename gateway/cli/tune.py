"""``fengsui tune``: what dead band and delays would remove chattering, at what cost in lateness."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from gateway.cli import history as o
from gateway.cli.say import say_json, write_text
from gateway.model.errors import Fault, Misconfigured
from gateway.model.site import Site
from gateway.model.times import NS

SHOWN: Final = 8
"""rules named where one is not known"""


def tune(  # noqa: PLR0913 - one parameter an option
    config: o.Config,
    data: o.Data,
    *,
    rule: Annotated[list[str] | None, typer.Option(help="look at this rule only; may be repeated")] = None,
    report: Annotated[Path | None, typer.Option(help="write an HTML page with the trade-off curves")] = None,
    raw: o.Raw = False,
    workers: o.Workers = 0,
    layout: o.Layout = "auto",
    columns: o.Columns = "",
    time_unit: o.TimeUnit = "auto",
    zone: o.Zone = "+08:00",
    encoding: o.Encoding = "utf-8-sig",
    delimiter: o.Delimiter = ",",
    json: o.AsJson = False,
) -> None:
    """From a site's own history: which dead band and delays would end chattering, and how much later alarms would come.

    Nothing is changed. Limits never move; gas, methane and statutory alarms are never tuned.
    """
    from gateway.config.load import load

    form = o.form_of(layout, columns, time_unit, zone, encoding, delimiter)
    loaded = load(config)
    _known(rule or (), loaded.site)
    with o.kernels():
        from gateway.cli.archived import history_of
        from gateway.history.tune.page import page
        from gateway.history.tune.tuning import tune as tuned

        history, raw = history_of(data, form, raw=raw)
        found = tuned(loaded, history, workers=o.cores(workers), raw=raw, rules=rule or ())
        if report is not None:
            write_text(report, page(found, loaded.site.name or loaded.site.id))
    if json:
        say_json(found.as_json())
        return
    for curve in found.curves:
        typer.echo(f"{curve.rule.id}: {curve.why}")
        if curve.choice:
            s = curve.chosen.settings
            delays = f"on-delay {s.on_delay / NS:g} s, off-delay {s.off_delay / NS:g} s"
            typer.echo(f"  dead band {s.band:g} {curve.tag.unit}, {delays}")
    typer.echo(f"{len(found.curves)} rules announced three times or more; {len(found.left)} are never tuned")


def _known(asked: Sequence[str], site: Site) -> None:
    ids = [each.id for each in site.rules]
    unknown = [name for name in asked if name not in ids]
    if unknown:
        some = ", ".join(ids[:SHOWN]) + (", ..." if len(ids) > SHOWN else "")
        raise Misconfigured(
            [Fault("fengsui tune", None, "--rule", repr(unknown[0]), f"a rule of the site: {some}")]
        )
