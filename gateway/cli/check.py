"""``fengsui check``: every fault of a configuration at once, and what is worth a look."""

import datetime as dt
import os
import unicodedata
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli import spoken
from gateway.cli.probe import NOT_SO, Beside, Most, Only, Rate, probed
from gateway.cli.say import say_json, written
from gateway.config.explain import Effective, explain
from gateway.config.kept import deployed
from gateway.config.load import Loaded
from gateway.config.notes import Note, not_judged, notes
from gateway.config.remark import counted
from gateway.model.errors import Misconfigured
from gateway.model.times import CHINA

BAD_USAGE = 2
Accept = Annotated[
    bool, typer.Option("--accept", help="drop what two persons signed and these files do not say any more")
]


def check(  # noqa: PLR0913  # an option each
    config: Annotated[Path, typer.Argument(help="the site file")],
    *,
    tag: Annotated[
        str, typer.Option("--explain", metavar="TAG", help="where each of its values came from")
    ] = "",
    annotated: Annotated[
        Path | None,
        typer.Option("--annotate", metavar="DIR", help="give tag lists with faults back as workbooks, here"),
    ] = None,
    probe: Annotated[
        bool, typer.Option("--probe", help="then read every tag once and log in to every output")
    ] = False,
    rate: Rate = 5.0,
    most: Most = 500,
    source: Only = "",
    beside: Beside = None,
    accept: Accept = False,
    json: Annotated[bool, typer.Option("--json", help="report as JSON")] = False,
) -> None:
    """Check a configuration whole: all faults at once, each with its line, value, what is allowed and a hint."""
    try:
        loaded, lost = deployed(config, accept=accept)
        explained = explain(loaded, tag) if tag else []
    except Misconfigured as error:
        made = _annotate(error, config, annotated) if annotated is not None else []
        for each in made if not json else ():
            typer.echo(spoken.spoken(f"faults written beside their rows in {each}"), err=True)
        if not json:
            count = len(error.faults) or 1
            typer.echo(spoken.spoken(f"{count} fault{'s' if count > 1 else ''} in {config}"), err=True)
            raise
        more = {"annotated": [str(each) for each in made]} if annotated is not None else {}
        say_json({"ok": False, "faults": [asdict(f) for f in error.faults], **more})
        raise typer.Exit(BAD_USAGE) from None
    remarks = notes(loaded, today=dt.datetime.now(CHINA).date().isoformat(), environment=os.environ)
    if not json:
        for fault in lost:
            typer.echo(f"{spoken.spoken('dropped')}: {spoken.fault(fault)}")
        _tell(summary(loaded), remarks, explained)
    found = probed(loaded, rate, most, json=json, beside=beside, only=source) if probe else {}
    if json:
        extra: dict[str, Any] = {"explain": [asdict(e) for e in explained]} if tag else {}
        extra |= {"probe": found} if probe else {}
        extra |= {"dropped": [asdict(f) for f in lost]} if lost else {}
        say_json(
            {"ok": True, "faults": [], **summary(loaded), "notes": [asdict(n) for n in remarks], **extra}
        )
    if probe and not found["ok"]:
        raise typer.Exit(NOT_SO)


def _annotate(error: Misconfigured, config: Path, folder: Path) -> list[Path]:
    """A workbook for each tag list with faults; one that cannot be read at all has no rows to give back."""
    from gateway.config.annotate import annotate

    with written(folder):
        folder.mkdir(parents=True, exist_ok=True)
    made = []
    for name in sorted({fault.file for fault in error.faults} - {str(config)}):
        target = folder / f"{Path(name).stem}.faults.xlsx"
        if target in made:  # lists of the same name in two folders
            target = folder / f"{Path(name).parent.name}-{target.name}"
        with written(target):
            try:
                annotate(Path(name), [spoken.told(fault) for fault in error.faults], target)
            except Misconfigured:
                continue
        made.append(target)
    return made


def summary(loaded: Loaded) -> dict[str, Any]:
    """What the configuration amounts to."""
    site = loaded.site
    return {
        "site": f"{site.county}/{site.id}/{site.gateway}",
        "config_hash": site.config_hash,
        "installations": len(site.installations),
        "tags": len(site.tags),
        "rules": len(site.rules),
        "rules_disabled": sum(not r.enabled for r in site.rules),
        "sources": {p.name: f"{p.kind}, {len(p.bound)} tags" for p in loaded.sources},
        "outputs": {o.name: o.kind for o in loaded.outputs} or {"local": "embedded broker"},
        "not_judged": not_judged(loaded),
        "loops_tested": _loops(loaded),
    }


def _loops(loaded: Loaded) -> dict[str, str]:
    """Tag -> its newest loop test, out of the journal where there is one."""
    from gateway.cli.loops import tested

    return tested(loaded.state, [t.id for t in loaded.site.tags])


def _tell(report: dict[str, Any], remarks: Sequence[Note], explained: Sequence[Effective]) -> None:
    if explained:
        wide, long = max(len(e.what) for e in explained), max(len(e.value) for e in explained)
        for line in explained:
            typer.echo(f"{line.what:<{wide}}  {line.value:<{long}}  {line.where}")
        return
    for name, value in report.items():
        if name == "loops_tested":
            passed = sum(text.startswith("passed") for text in value.values())
            typer.echo(_labelled("loops tested", f"{passed} / {report['tags']}"))
        elif name != "not_judged":
            typer.echo(_labelled(name, _words(value)))
    for remark in grouped(remarks):
        typer.echo(spoken.note(remark))
    for kind in counted(remarks):
        typer.echo(kind)
    typer.echo(spoken.spoken(f"ok, {len(remarks)} notes"))


def _labelled(name: str, value: str) -> str:
    """``name: value``, values under each other; a Chinese character is two columns wide."""
    label = f"{spoken.spoken(name)}:"
    columns = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in label)
    return f"{label}{' ' * max(1, 16 - columns)}{value}"


def grouped(remarks: Sequence[Note]) -> list[Note]:
    """Remarks that say the same of one line of a pack, as one: a thousand tags of a type need one signature."""
    kinds: dict[tuple[str, str, str], list[Note]] = {}
    for remark in remarks:
        kinds.setdefault((remark.code, remark.place, remark.text), []).append(remark)
    return [
        first if not more else replace(first, subject=f"{first.subject} and {len(more)} more")
        for first, *more in kinds.values()
    ]


def _words(value: object) -> str:
    if not isinstance(value, dict):
        return str(value)
    return "; ".join(f"{k} ({spoken.spoken(v)})" for k, v in value.items())
