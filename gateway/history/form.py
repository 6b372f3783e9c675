"""How a recording is laid out: said by the caller, or seen in its first lines."""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

from gateway.model.errors import Fault, Misconfigured
from gateway.model.times import NS
from gateway.sources.replay.decode import Unit, moment

Layout = Literal["auto", "wide", "long"]
TimeUnit = Literal["auto", "iso", "s", "ms", "us", "ns"]
SUFFIXES: Final = {".csv": "csv", ".txt": "csv", ".parquet": "parquet", ".pq": "parquet"}
TIME_NAMES: Final = ("time", "timestamp", "datetime", "date_time", "ts", "date", "时间", "采集时间", "日期")
TAG_NAMES: Final = ("tag", "位号", "name", "point")
VALUE_NAMES: Final = ("value", "值", "数值")
QUALITY_NAMES: Final = ("quality", "质量")
RECEIVED_NAMES: Final = ("received",)
_DATE: Final = re.compile(
    r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[ T]+(\d{1,2}):(\d\d)(:\d\d(?:\.\d{1,9})?)?\s*(Z|[+-]\d\d:?\d\d)?)?",
    re.ASCII | re.IGNORECASE,
)
"""2026-11-22T03:09:57.5Z, and as spreadsheets and historians write it: 2026/11/22 3:09"""
_SIZES: Final[tuple[tuple[float, Unit], ...]] = ((1e17, "ns"), (1e14, "us"), (1e11, "ms"), (0.0, "s"))


@dataclass(frozen=True, slots=True)
class Form:
    """``auto`` and empty names are found in the header. ``zone`` is that of times which name none."""

    layout: Layout = "auto"
    time: str = ""
    unit: TimeUnit = "auto"
    zone: str = "+08:00"
    tag: str = ""
    value: str = ""
    quality: str = ""
    received: str = ""
    encoding: str = "utf-8-sig"
    delimiter: str = ","


def found(form: Form, path: Path, header: Sequence[str]) -> Form:
    """The form with every name that it left open.

    Raises:
        Misconfigured: a column that is needed is not there.
    """
    time = _name(form.time, TIME_NAMES, header) or (header[0] if header and not form.time else "")
    tag, value = (_name(form.tag, TAG_NAMES, header), _name(form.value, VALUE_NAMES, header))
    layout = form.layout
    if layout == "auto":
        layout = "long" if tag and value else "wide"
    need = {"time": (form.time, time)}
    if layout == "long":
        need |= {"tag": (form.tag, tag), "value": (form.value, value)}
    for what, (said, is_there) in need.items():
        if not is_there:
            raise missing(path, what, said, header)
    quality = _name(form.quality, QUALITY_NAMES, header) if layout == "long" else ""
    received = _name(form.received, RECEIVED_NAMES, header)
    return replace(form, layout=layout, time=time, tag=tag, value=value, quality=quality, received=received)


def missing(path: Path, what: str, said: str, header: Sequence[str]) -> Misconfigured:
    """A column that is not there."""
    shown = ", ".join(header[:12]) + (", ..." if len(header) > 12 else "")
    return Misconfigured(
        [Fault(str(path), 1, f"{what} column", repr(said) if said else "not found", shown or "a header line",
               f"--columns {what}=NAME")]
    )  # fmt: skip


def _name(said: str, usual: Sequence[str], header: Sequence[str]) -> str:
    if said:
        return said if said in header else ""
    low = {name.strip().lower(): name for name in reversed(header)}
    return next((low[u] for u in usual if u in low), "")


def unit_of(form: Form, cell: str) -> Unit:
    """The unit said, or what the first time looks like."""
    if form.unit != "auto":
        return form.unit
    try:
        number = abs(float(cell))
    except ValueError:
        return "iso"
    return next(unit for least, unit in _SIZES if number >= least)


class Clock:
    """Cells of the time column to ns; the unit is that of the first."""

    def __init__(self, form: Form) -> None:
        self._form = form
        self._unit: Unit | None = None
        self._offset = offset_of(form.zone)

    def __call__(self, cell: str) -> int:
        """Nanoseconds.

        Raises:
            ValueError: no time.
        """
        if self._unit is None:
            self._unit = unit_of(self._form, cell)
        if self._unit != "iso":
            return moment(cell, self._unit)
        match = _DATE.fullmatch(cell.strip())
        if match is None:
            return moment(cell.strip(), "iso")
        year, month, day, hour, minute, second, zone = match.groups(default="")
        text = (
            f"{year}-{int(month):02d}-{int(day):02d}T{int(hour or 0):02d}:{minute or '00'}{second or ':00'}"
        )
        return moment(text + (zone or "Z"), "iso") - (0 if zone else self._offset)


def offset_of(zone: str) -> int:
    """Nanoseconds east of UTC.

    Raises:
        Misconfigured: not like +08:00 or Z.
    """
    try:
        gap = dt.datetime.fromisoformat(f"2000-01-01T00:00:00{zone}").utcoffset()
    except ValueError:
        gap = None
    if gap is None:
        raise Misconfigured([Fault("fengsui", None, "--zone", repr(zone), "Z or an offset like +08:00")])
    return round(gap.total_seconds()) * NS
