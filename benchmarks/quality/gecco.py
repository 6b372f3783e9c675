"""GECCO_WATER: drinking water, an alarm is any sensor's departure from its own normal."""

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality import sources
from benchmarks.quality.figures import Figure
from benchmarks.quality.table import Span, Table, inside, judge, site, spans

YEARS = ("2017", "2018")
MINUTE = 60_000_000_000


def recording(year: str) -> tuple[Table, NDArray[np.bool_]]:
    """A year's part, and which records are of an event."""
    header, rows = sources.lines(sources.folder("GECCO_WATER") / f"gecco{year}_train.csv.gz")
    names = [tag.id for tag in site("gecco").site.tags]
    values = sources.numbers(rows, [header.index(n) for n in names])
    event = np.array([row[header.index("EVENT")].strip().upper() in {"1", "TRUE", "1.0"} for row in rows])
    return Table(sources.times([row[0] for row in rows]), dict(zip(names, values, strict=True))), event


def stretches(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and behind-last place of each run of True."""
    change = np.diff(np.concatenate([[0], flags.astype(np.int8), [0]]))
    return [
        (int(a), int(b))
        for a, b in zip(np.flatnonzero(change == 1), np.flatnonzero(change == -1), strict=True)
    ]


def alarms(table: Table) -> NDArray[np.bool_]:
    """Records during which any rule is in alarm."""
    outcome = judge("gecco", table)
    found: list[Span] = []
    for rule in outcome.site.rules:
        found += spans(outcome, rule.id)
    return inside(table.time, found)


def run() -> list[Figure]:
    """Events found, false alarms and records, by year."""
    out = []
    for year in YEARS:
        table, event = recording(year)
        alarm = alarms(table)
        true = stretches(event)
        late = [np.flatnonzero(alarm[a:b]) for a, b in true]
        false = sum(not event[a:b].any() for a, b in stretches(alarm))
        hits = [int(found[0]) for found in late if len(found)]
        f1 = 2 * float((alarm & event).sum()) / float(alarm.sum() + event.sum())
        days = len(event) / 1440
        note = (
            f"median {np.median(hits):.0f} min after the start; {false} false in {days:.0f} days; F1 {f1:.2f}"
        )
        out.append(
            Figure(f"GECCO_WATER {year}", f"events found, of {len(true)}", float(len(hits)), note=note)
        )
    return out
