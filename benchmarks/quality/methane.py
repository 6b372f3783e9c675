"""METHANE_CMS: releases of known time at a test site, and a producing site without labels."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality import sources
from benchmarks.quality.figures import Figure, least, most
from benchmarks.quality.table import Span, Table, judge, spans

RULE = "site.RELEASE"
POINTS = 8
NAIVE_PPM = 5.0
"""the naive bar: any point above it is an episode"""
MINUTE = 60_000_000_000


def recording(name: str) -> Table:
    """The points of a site, in ppm."""
    header, rows = sources.lines(sources.folder("METHANE_CMS") / name)
    points = [i for i, column in enumerate(header) if column.startswith("ch4_ppm")]
    values = sources.numbers(rows, points)
    tags = {
        f"CH4-{i}": np.full(len(rows), np.nan) for i in range(1, POINTS + 1)
    }  # a site with fewer: not there
    tags |= {f"CH4-{i}": each for i, each in enumerate(values, 1)}
    return Table(sources.times([row[0] for row in rows]), tags)


def releases(name: str) -> list[tuple[int, int]]:
    """Starts and ends, ns."""
    header, rows = sources.lines(sources.folder("METHANE_CMS") / name)
    columns = [header.index(c) for c in ("start_utc", "end_utc")]
    pairs = zip(*(sources.times([row[c] for row in rows]).tolist() for c in columns), strict=True)
    return [(start, end) for start, end in pairs]


def naive(table: Table) -> list[Span]:
    """Episodes of the naive bar."""
    block = np.array(list(table.columns_by_tag.values()))
    high = np.any(np.nan_to_num(block) > NAIVE_PPM, axis=0).astype(np.int8)
    change = np.diff(np.concatenate([[0], high, [0]]).astype(np.int8))
    after = np.append(table.time, table.time[-1] + MINUTE)
    return [
        Span(int(after[a]), int(after[b]), int(after[a]))
        for a, b in zip(np.flatnonzero(change == 1), np.flatnonzero(change == -1), strict=True)
    ]


def false_ones(found: Sequence[Span], true: Sequence[tuple[int, int]]) -> int:
    """Episodes that touch no release."""
    return sum(all(s.end <= start or s.start >= end for start, end in true) for s in found)


def delays(found: Sequence[Span], true: Sequence[tuple[int, int]]) -> NDArray[np.float64]:
    """Minutes from each start to the first alarm raised during the release; NaN: none was raised."""
    first = [[s.start for s in found if start <= s.start < end] for start, end in true]
    return np.array(
        [(min(a) - start) / MINUTE if a else np.nan for a, (start, _) in zip(first, true, strict=True)]
    )


def run() -> list[Figure]:
    """Releases raised, false episodes beside the naive bar's, and the week of the other site."""
    table, true = recording("metec_aded2022.csv.gz"), releases("metec_aded2022_releases.csv")
    found, bar = spans(judge("methane", table), RULE), naive(table)
    late = delays(found, true)
    words = f"median {np.nanmedian(late):.0f} min after the start, slowest {np.nanmax(late):.0f} min"
    other = spans(judge("methane", recording("oilgas_site_unlabelled.csv.gz")), RULE)
    hours = sum(s.end - s.start for s in other) / (60 * MINUTE)
    return [
        least("METHANE_CMS", f"releases raised, of {len(true)}", float(np.isfinite(late).sum()), len(true), words),
        most(
            "METHANE_CMS", "false episodes", float(false_ones(found, true)), false_ones(bar, true) / 10,
            f"the naive bar ({NAIVE_PPM:g} ppm at any point) has {false_ones(bar, true)}",
        ),
        Figure("METHANE_CMS", "episodes in the week of the unlabelled site", float(len(other)),
               note=f"{hours:.1f} h of 168"),
    ]  # fmt: skip
