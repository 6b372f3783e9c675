"""Recorded readings from CSV or Parquet, in the order of their times. Pure but for reading the file.

Two layouts are known by their columns: *long* has ``tag`` and ``value`` (and ``quality``, as ``fengsui export`` writes
it), a row for each reading; *wide* has one column for each tag. The time is in the first of ``source``, ``time``,
``time_utc8`` that is there. An empty cell of a wide row is no reading; what is no number is a bad one.
"""

import csv
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Final

from simulators.errors import BadData

TIMES: Final = {"source": UTC, "time": UTC, "time_utc8": timezone(timedelta(hours=8))}
"""columns of the time, and the zone of times that name none"""
UNITS: Final = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}
ASIDE: Final = frozenset({*TIMES, "received", "input"})
BAD_FROM: Final = 0x80
"""quality codes from here on are BAD, as ``fengsui export`` writes them"""


@dataclass(frozen=True, slots=True, order=True)
class Reading:
    """``at``: seconds since 1970; ``value`` is NaN when the reading was bad."""

    at: float
    tag: str
    value: float


def read(path: Path, unit: str = "s") -> list[Reading]:
    """All readings by time; those of one time in the order of the file. ``unit`` is that of times that are numbers.

    Raises:
        BadData: no such file, no time or no tags in it, or a cell that is no time; with its line.
    """
    try:
        found = list(_readings(path, unit))
    except (OSError, UnicodeDecodeError, csv.Error, ImportError) as error:
        raise BadData(f"{path}: {error}") from error
    if not found:
        raise BadData(f"{path}: no readings")
    return sorted(found, key=lambda each: each.at)


def _readings(path: Path, unit: str) -> Iterator[Reading]:
    names, rows = _table(path)
    clock = next((name for name in TIMES if name in names), None)
    if clock is None:
        raise BadData(f"{path}:1: no column of the time; allowed: {', '.join(TIMES)}")
    take = _long if {"tag", "value"} <= set(names) else _wide
    for line, row in enumerate(rows, 2):
        try:
            at = _moment(row[clock], unit, clock)
        except (ValueError, OverflowError) as error:
            raise BadData(f"{path}:{line}: {clock}: {row[clock]!r} is not a time: {error}") from error
        yield from take(at, row)


def _table(path: Path) -> tuple[Sequence[str], Iterable[Mapping[str, Any]]]:
    if path.suffix.lower() in (".parquet", ".pq"):
        from pyarrow import ArrowException, parquet  # noqa: PLC0415 - slow, and only Parquet needs it

        try:
            table = parquet.read_table(path)
        except ArrowException as error:
            raise BadData(f"{path}: {error}") from error
        return table.column_names, (row for batch in table.to_batches() for row in batch.to_pylist())
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    return list(rows[0]) if rows else [], rows


def _long(at: float, row: Mapping[str, Any]) -> Iterator[Reading]:
    bad = str(row.get("quality") or "0").isdecimal() and int(row.get("quality") or 0) >= BAD_FROM
    yield Reading(at, str(row["tag"]), math.nan if bad else _number(row["value"]))


def _wide(at: float, row: Mapping[str, Any]) -> Iterator[Reading]:
    for name, cell in row.items():
        if name not in ASIDE and cell is not None and cell != "":
            yield Reading(at, name, _number(cell))


def _number(cell: object) -> float:
    try:
        value = float(str(cell))
    except ValueError:
        return {"true": 1.0, "false": 0.0}.get(str(cell).strip().lower(), math.nan)
    return value if math.isfinite(value) else math.nan


def _moment(cell: object, unit: str, column: str) -> float:
    if isinstance(cell, datetime):
        when = cell
    elif isinstance(cell, int | float):
        return cell / UNITS[unit]
    else:
        text = str(cell).strip()
        if text.replace(".", "", 1).isdecimal():
            return float(text) / UNITS[unit]
        when = datetime.fromisoformat(text)
    return (when if when.tzinfo else when.replace(tzinfo=TIMES[column])).timestamp()
