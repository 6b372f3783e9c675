"""Ordinary weeks: what stale, frozen and trend say of them; and slow rises put on top of them, to be foretold."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality import faults, methane, sources
from benchmarks.quality.figures import Figure, least, most
from benchmarks.quality.table import Table, judge, site, spans
from gateway.history.run import Outcome

JUMP: Final = 2.0
"""%; more than the tank can do between two readings"""
NEARLY_FULL: Final = 99.0
"""%; a trend to 100 % that ends here was right"""
MINUTE: Final = 60_000_000_000
HOUR: Final = 60 * MINUTE
POND = {"pond": "pond_level_m", "baro": "barometric_mbar", "panel": "panel_temp_C", "water": "sensor_temp_C"}


def pond() -> Table:
    """TAILINGS_POND with the rain of its days, which is read at midnight."""
    place = sources.folder("TAILINGS_POND")
    header, rows = sources.lines(place / "pond.csv.gz")
    time = sources.times([_padded(r[0]) for r in rows])
    columns = dict(zip(POND, sources.numbers(rows, [header.index(c) for c in POND.values()]), strict=True))
    _, days = sources.lines(place / "rain_daily_2020.csv")
    fell = dict(
        zip(sources.times([d[0] for d in days]).tolist(), [sources.number(d[1]) for d in days], strict=True)
    )
    columns["rain"] = np.array([fell.get(t, np.nan) for t in time.tolist()])
    return Table(time, columns)


def _padded(cell: str) -> str:
    day, _, clock = cell.partition(" ")
    return f"{day} {clock.zfill(5)}"


@dataclass(frozen=True, slots=True)
class False_:  # noqa: N801 - a plain count of false ones
    """Alarms without a cause in the data, by what they say."""

    stale: int
    frozen: int
    trend: int


def of_stale(table: Table, outcome: Outcome, name: str) -> int:
    """Faults of tags that do not begin in a gap or with a bad value of their own."""
    found = 0
    for tag in site(name).site.tags:
        if tag.id not in table.columns_by_tag:
            continue  # a computed one is at fault when what it is made of is
        values = table.columns_by_tag[tag.id]
        there = table.time[np.isfinite(values)]
        for span in spans(outcome, f"{tag.id}.FAULT"):
            before = int(np.searchsorted(there, span.start, side="right")) - 1
            gap = 0 if before + 1 >= len(there) else int(there[before + 1] - there[max(before, 0)])
            found += gap <= tag.max_age and len(there) > 0
    return found


def of_frozen(table: Table, outcome: Outcome, tag: str, flow: str) -> int:
    """Frozen alarms of a level that had no reason to move: nothing flowed in, and it went on from where it rested. (A
    level that stands still in a flow is stuck; so is one that is elsewhere when it moves again.)
    """
    found, level = 0, table.columns_by_tag[tag]
    length = rest(outcome, tag)
    for span in spans(outcome, f"{tag}.FROZEN"):
        window = (table.time > span.start - length) & (table.time < span.start)
        at = int(np.searchsorted(table.time, span.start))
        moves = at + int(np.argmax(level[at:] != level[at]))
        jumped = abs(level[moves] - level[at]) > JUMP
        found += not (np.any(table.columns_by_tag[flow][window] > 0) or jumped)
    return found


def rest(outcome: Outcome, tag: str) -> int:
    """How long a tag may rest, ns."""
    return next(t.frozen_window for t in outcome.site.tags if t.id == tag)


def of_trend(table: Table, outcome: Outcome, rule: str, tag: str, near: float, within: int) -> int:
    """Trends after which the value did not come near the limit within twice the horizon."""
    values, found = table.columns_by_tag[tag], 0
    for span in spans(outcome, rule):
        later = (table.time >= span.start) & (table.time <= span.start + 2 * within)
        found += not np.nanmax(values[later], initial=-np.inf) >= near
    return found


def ordinary() -> list[Figure]:
    """The three kinds of false alarm on the three recordings."""
    out = []
    table = pond()
    days = (table.time[-1] - table.time[0]) / (24 * HOUR)
    outcome = judge("tailings", table, step=MINUTE)
    frozen = sum(len(spans(outcome, f"{tag}.FROZEN")) for tag in POND)
    trend = sum(len(spans(outcome, rule)) for rule in TRENDS)
    out += _figures(
        "TAILINGS_POND, with rain", days, False_(of_stale(table, outcome, "tailings"), frozen, trend)
    )
    table = methane.recording("oilgas_site_unlabelled.csv.gz")
    outcome = judge("methane", table)
    trend = sum(
        of_trend(table, outcome, f"CH4-{i}.TREND", f"CH4-{i}", 50.0, 2 * HOUR)
        for i in range(1, methane.POINTS + 1)
    )
    days = (table.time[-1] - table.time[0]) / (24 * HOUR)
    out += _figures(
        "METHANE_CMS, unlabelled site", days, False_(of_stale(table, outcome, "methane"), 0, trend)
    )
    table = faults.tank()
    outcome = judge("watertank", table, step=MINUTE)
    frozen = of_frozen(table, outcome, "level", "inflow")
    trend = of_trend(table, outcome, "level.TREND", "level", NEARLY_FULL, 10 * MINUTE)
    days = (table.time[-1] - table.time[0]) / (24 * HOUR)
    told = len(spans(outcome, "level.FROZEN")) - frozen
    rose = len(spans(outcome, "level.TREND")) - trend
    more = {
        "frozen": f"{told} true ones: it stood still in a flow, or was elsewhere when it moved again",
        "trend": f"{rose} true ones: the tank went to {NEARLY_FULL:g} % or more",
    }
    out += _figures("WATER_TANK_BR", days, False_(of_stale(table, outcome, "watertank"), frozen, trend), more)
    return out


def _figures(name: str, days: float, found: False_, notes: Mapping[str, str] | None = None) -> list[Figure]:
    said = notes or {}
    return [
        most(
            name,
            f"false {what} alarms in {days:.0f} days",
            float(getattr(found, what)),
            0.0,
            said.get(what, ""),
        )
        for what in ("stale", "frozen", "trend")
    ]


TRENDS: Final = ("pond.TREND", "pond.TREND-FAST")
RISES: Final = 40
SEED: Final = 20261122
SPEEDS: Final = (0.01, 0.02, 0.05)
"""m/h: a decant tower that is blocked in rain, more so, and a slip into the pond"""
LIMIT: Final = 339.2


def foretold() -> list[Figure]:
    """Slow rises on top of the pond's own level from random moments on, until the limit is reached."""
    table, rng, out = pond(), np.random.default_rng(SEED), []
    level = table.columns_by_tag["pond"]
    for speed in SPEEDS:
        leads = list[float]()
        for start in rng.integers(2000, len(level) - 2000, RISES):
            leads.append(_lead(table, level, int(start), speed))
        caught = np.array([lead for lead in leads if lead > 0])
        words = f"lead time: median {np.median(caught):.1f} h, shortest {caught.min():.1f} h; seed {SEED}"
        note = words if len(caught) else ""
        what = f"rises of {100 * speed:g} cm/h foretold, of {RISES}"
        out.append(least("TAILINGS_POND", what, float(len(caught)), float(RISES), note))
    return out


def _lead(table: Table, level: NDArray[np.float64], start: int, speed: float) -> float:
    """Hours from the trend alarm to the limit; 0: it came too late, or before the rise."""
    risen = level.copy()
    hours = (table.time[start:] - table.time[start]) / HOUR
    risen[start:] = np.round(level[start:] + speed * hours, 2)
    reached = np.flatnonzero(risen >= LIMIT)
    if not len(reached):
        return 0.0
    stop, first = int(reached[0]), max(0, start - 600)
    part = Table(table.time[first : stop + 1], {"pond": risen[first : stop + 1]})
    outcome = judge("tailings", part, step=MINUTE)
    found = sorted(s.start for rule in TRENDS for s in spans(outcome, rule) if s.start >= table.time[start])
    return (int(table.time[stop]) - found[0]) / HOUR if found else 0.0


def run() -> list[Figure]:
    """Both."""
    return [*ordinary(), *foretold()]
