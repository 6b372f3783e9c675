"""Rows to tags: every cell checked, every fault kept, none raised alone."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Final

from gateway.config.classes import BY_CHINESE, CLASSES
from gateway.config.csvfile import Row
from gateway.config.durations import ALLOWED as DURATION
from gateway.model.times import parse_duration
from gateway.config.schema import Defaults
from gateway.model.errors import Fault
from gateway.model.site import ID_PATTERN, Signal, Tag

SIGNALS: Final = {"": Signal.VALUE, "value": Signal.VALUE, "数值": Signal.VALUE, "4-20ma": Signal.MILLIAMP}
MA_LOW, MA_HIGH = 4.0, 20.0


@dataclass(frozen=True, slots=True)
class Listed:
    """A tag as its row gives it, and what the row says beside the tag itself."""

    row: Row
    tag: Tag
    source: str
    address: str
    limits: dict[str, float]
    deadband: float | None
    on_delay: int
    off_delay: int
    guidance: str


@dataclass(slots=True)
class _Reader:
    """Reads the cells of one row and collects what is wrong."""

    row: Row
    faults: list[Fault] = field(default_factory=list)

    def number(self, column: str) -> float | None:
        text = self.row.get(column)
        if not text:
            return None
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if value != value or value in (float("inf"), float("-inf")):
            self.faults.append(self.row.fault(column, "a number with a decimal point, or empty"))
            return None
        return value

    def duration(self, column: str, default: int) -> int:
        text = self.row.get(column)
        try:
            return parse_duration(text) if text else default
        except ValueError:
            self.faults.append(self.row.fault(column, f"empty, or {DURATION}"))
            return default

    def one_of(self, column: str, allowed: Collection[str], hint: str = "") -> str:
        text = self.row.get(column)
        if text not in allowed:
            self.faults.append(self.row.fault(column, "one of " + ", ".join(sorted(allowed)), hint))
        return text


def read_tag(
    row: Row, defaults: Defaults, installations: Collection[str], sources: Collection[str]
) -> tuple[Listed | None, list[Fault]]:
    """One row; None when it cannot be a tag. All its faults are returned."""
    reader = _Reader(row)
    ident = _id(reader)
    cls = _class(reader)
    installation = reader.one_of("installation", installations, "see installations in the site file")
    source = reader.one_of("source", sources, "see sources in the site file")
    settings = {**_range(reader), **_times(reader, defaults)}
    limits = {name: v for name in ("LL", "L", "H", "HH") if (v := reader.number(name)) is not None}
    deadband, on_delay, off_delay = (
        reader.number("deadband"),
        reader.duration("on_delay", 0),
        reader.duration("off_delay", 0),
    )
    _check_limits(reader, limits, deadband, settings)
    if reader.faults:
        return None, reader.faults
    kind = CLASSES[cls]
    tag = Tag(
        id=ident,
        raw=row.get("raw"),
        description=row.get("description") or row.get("raw"),
        description_en=row.get("description_en"),
        cls=cls,
        unit=row.get("unit"),
        installation=installation,
        danger=kind.danger,
        limit_required=kind.limit_required,
        calibration_due=row.get("calibration_due"),
        **settings,
    )
    listed = Listed(
        row, tag, source, row.get("address"), limits, deadband, on_delay, off_delay, row.get("guidance")
    )
    return listed, []


def _id(reader: _Reader) -> str:
    ident = reader.row.get("id") or reader.row.get("raw")
    if not ID_PATTERN.fullmatch(ident):
        column = "id" if reader.row.get("id") else "raw"
        hint = "" if column == "id" else "give the tag an id of its own in the column id/编号"
        reader.faults.append(reader.row.fault(column, "1-64 of A-Z a-z 0-9 _ - (topic-safe)", hint))
    return ident


def _class(reader: _Reader) -> str:
    text = BY_CHINESE.get(reader.row.get("class"), reader.row.get("class"))
    if text not in CLASSES:
        names = ", ".join(f"{n}/{c.chinese}" for n, c in CLASSES.items())
        reader.faults.append(reader.row.fault("class", f"one of {names}"))
        return "other"
    units = CLASSES[text].units
    if units and reader.row.get("unit") not in units:
        reader.faults.append(reader.row.fault("unit", f"for class {text}: one of {', '.join(units)}"))
    return text


def _range(reader: _Reader) -> dict[str, Any]:
    """Range, signal and the linear scaling from raw numbers."""
    low, high = reader.number("low"), reader.number("high")
    raw_low, raw_high = reader.number("raw_low"), reader.number("raw_high")
    text = reader.row.get("signal").lower()
    if text not in SIGNALS:
        reader.faults.append(reader.row.fault("signal", "value or 4-20mA"))
    signal = SIGNALS.get(text, Signal.VALUE)
    if (low is None) != (high is None) or (low is not None and high is not None and low >= high):
        reader.faults.append(
            reader.row.fault("high", "low and high both given, low below high, or both empty")
        )
    if (raw_low is None) != (raw_high is None) or (raw_low is not None and raw_low == raw_high):
        reader.faults.append(
            reader.row.fault("raw_high", "raw_low and raw_high both given and different, or both empty")
        )
    if low is None and (signal is Signal.MILLIAMP or raw_low is not None):
        reader.faults.append(reader.row.fault("low", "a range, because the value is scaled to it"))
    if reader.faults:
        return {}
    gain, offset = _scale(signal, (low, high), (raw_low, raw_high))
    return {"low": low, "high": high, "signal": signal, "gain": gain, "offset": offset}


def _scale(
    signal: Signal, span: tuple[float | None, float | None], raw: tuple[float | None, float | None]
) -> tuple[float, float]:
    """gain, offset so that raw * gain + offset is the value, or for a current loop the mA."""
    target = (MA_LOW, MA_HIGH) if signal is Signal.MILLIAMP else span
    if raw[0] is None or raw[1] is None or target[0] is None or target[1] is None:
        return 1.0, 0.0
    gain = (target[1] - target[0]) / (raw[1] - raw[0])
    return gain, target[0] - raw[0] * gain


def _times(reader: _Reader, defaults: Defaults) -> dict[str, Any]:
    period = reader.duration("period", defaults.period)
    if period <= 0:
        reader.faults.append(reader.row.fault("period", "more than 0"))
    age = max(round(period * defaults.max_age_periods), defaults.min_max_age)
    return {
        "period": period,
        "max_age": reader.duration("max_age", age),
        "frozen_window": reader.duration("frozen", 0),
        "frozen_band": reader.number("frozen_band") or 0.0,
    }


def _check_limits(
    reader: _Reader, limits: dict[str, float], deadband: float | None, settings: dict[str, Any]
) -> None:
    order = [limits[n] for n in ("LL", "L", "H", "HH") if n in limits]
    if sorted(set(order)) != order:
        reader.faults.append(reader.row.fault("HH" if "HH" in limits else "L", "LL < L < H < HH"))
    low, high = settings.get("low"), settings.get("high")
    for name, value in limits.items():
        if low is not None and high is not None and not low <= value <= high:
            reader.faults.append(
                reader.row.fault(name, f"inside the range {low:g} to {high:g}", "it could never be reached")
            )
    if deadband is not None and deadband < 0:
        reader.faults.append(reader.row.fault("deadband", "0 or more, in the tag's unit"))
