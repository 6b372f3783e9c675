"""``fengsui export``: readings of any tags and period, for a spreadsheet or for other programs."""

import csv
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from gateway.cli.kpi import moment
from gateway.cli.say import say_json, written
from gateway.model.errors import Fault, Misconfigured
from gateway.model.quality import Quality
from gateway.model.times import china, iso

if TYPE_CHECKING:
    from gateway.model.site import Site
    from gateway.store.archive.rows import Rows

HEADER = ("tag", "time_utc8", "value", "unit", "quality", "quality_word", "source", "received", "input")
FORMS = (".csv", ".parquet")
WORDS = {int(q): q.name.lower().replace("_", "-") for q in Quality}


def export(
    config: Annotated[Path, typer.Argument(help="the site file")],
    out: Annotated[
        Path, typer.Argument(help="file to write: .csv (UTF-8 with BOM) or .parquet; - for CSV on stdout")
    ],
    *,
    tags: Annotated[
        str, typer.Option(help="ids, with commas between; all of the configuration, if not said")
    ] = "",
    since: Annotated[str, typer.Option("--from", help="date (UTC+8) or RFC 3339 time; the beginning")] = "",
    until: Annotated[str, typer.Option("--to", help="the same; now")] = "",
    json: Annotated[bool, typer.Option("--json", help="report as JSON")] = False,
) -> None:
    """Write readings from archive and spool, by source time, exactly as they were judged."""
    from gateway.config.load import load
    from gateway.store.archive.read import pieces
    from gateway.store.database import no_journal

    if out.suffix not in FORMS and str(out) != "-":
        raise Misconfigured(
            [Fault("fengsui export", None, "OUT", str(out), "a name that ends in .csv or .parquet; or -")]
        )
    loaded = load(config)
    site, wanted = loaded.site, _wanted(loaded.site, tags)
    start, end = moment(since) if since else 0, moment(until) if until else time.time_ns()
    if start > end:
        raise Misconfigured(f"--from {since} is not before --to {until or 'now'}")
    if not (loaded.state / "plant.db").is_file():
        raise no_journal(loaded.state)
    found = pieces(loaded.state, wanted, start, end)
    count = _parquet(out, found) if out.suffix == ".parquet" else _csv(out, found, site)
    report = {"file": str(out), "tags": len(wanted), "readings": count}
    if json:
        say_json(report)
    else:
        typer.echo(f"{count:,} readings of {len(wanted)} tags: {out}", err=str(out) == "-")


def _wanted(site: "Site", tags: str) -> list[str]:
    if not tags:
        return [t.id for t in site.tags]
    names = [name.strip() for name in tags.split(",") if name.strip()]
    by_raw = {t.raw: t.id for t in site.tags}
    unknown = [n for n in names if n not in site.tag_index and n not in by_raw]
    if unknown:
        known = ", ".join(t.id for t in site.tags[:8])
        raise Misconfigured(
            [Fault("fengsui export", None, "--tags", unknown[0], f"a tag of the site: {known}, ...")]
        )
    return [n if n in site.tag_index else by_raw[n] for n in names]


def _csv(out: Path, found: "Iterator[Rows]", site: "Site") -> int:
    units = {t.id: t.unit for t in site.tags}
    count = 0
    with _opened(out) as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for rows in found:
            writer.writerows(_lines(rows, units))
            count += len(rows)
    return count


@contextmanager
def _opened(out: Path) -> Iterator[TextIO]:
    """With a BOM, or a spreadsheet reads Chinese as something else."""
    if str(out) == "-":
        yield sys.stdout
        return
    with written(out):
        file = out.open("w", encoding="utf-8-sig", newline="")
    with file:
        yield file


def _lines(rows: "Rows", units: dict[str, str]) -> Iterator[Sequence[Any]]:
    columns = (rows.tag, rows.source, rows.value, rows.quality, rows.received, rows.input)
    for tag, source, value, quality, received, number in zip(*(c.tolist() for c in columns), strict=True):
        name, shown = rows.tags[tag], "" if value != value else repr(value)  # noqa: PLR0124 - NaN
        word = WORDS.get(quality, str(quality))
        when = f"{china(source)}.{source // 1_000_000 % 1000:03d}"
        yield name, when, shown, units.get(name, ""), quality, word, iso(source), iso(received), number


def _parquet(out: Path, found: "Iterator[Rows]") -> int:
    from gateway.store.archive.parquet import write_plain

    with written(out):
        return write_plain(out, found)
