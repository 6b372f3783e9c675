"""Rows to tags: every cell checked, every fault kept, none raised alone."""

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Final

from gateway.config.cells import Cells
from gateway.config.classes import BY_CHINESE, CLASSES, DISCRETE
from gateway.config.csvfile import Row
from gateway.config.durations import spelled
from gateway.config.schema import Defaults
from gateway.config.validate import ID_WORDS
from gateway.model.errors import Fault
from gateway.model.site import ID_PATTERN, Signal, Tag

SIGNALS: Final = {"": Signal.VALUE, "value": Signal.VALUE, "数值": Signal.VALUE, "4-20ma": Signal.MILLIAMP}
LIMITS: Final = ("LL", "L", "H", "HH")
MARKS: Final = ("", "V", "S", "U", "E")
MA_LOW, MA_HIGH = 4.0, 20.0
LONGEST_TEXT: Final = 500
DEADBAND_SHARE: Final = 0.01
"""Deadband where the list gives none: this share of the range (0 without a range)."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A tag as its row gives it, and what the row says beside the tag itself. ``deadband`` is the effective one."""

    row: Row
    tag: Tag
    source: str
    address: str
    limits: dict[str, float]
    deadband: float
    on_delay: int
    off_delay: int
    guidance: str
    written: frozenset[str] = frozenset()
    """cells that the row itself has, as against those of its point type"""


def read_tag(
    row: Row, defaults: Defaults, installations: Collection[str], sources: Collection[str]
) -> tuple[Listed | None, list[Fault]]:
    """One row; None when it cannot be a tag. All its faults are returned."""
    cells = Cells(row)
    ident, cls = _id(cells), _class(cells)
    installation = cells.one_of("installation", installations, "see installations in the site file")
    source = cells.one_of("source", sources, "see sources in the site file")
    settings = {
        **_range(cells),
        **_times(cells, defaults, cls),
        "calibration_due": cells.date("calibration_due"),
    }
    limits = {name: v for name in LIMITS if (v := cells.number(name)) is not None}
    deadband = _deadband(cells, settings)
    on_delay, off_delay = cells.duration("on_delay", 0), cells.duration("off_delay", 0)
    _check_limits(cells, cls, limits, deadband, settings)
    _check_texts(cells)
    if row.get("mark") not in MARKS:
        cells.fault("mark", "empty, V, S, U or E")
    if cells.faults:
        return None, cells.faults
    tag = _tag(row, ident, cls, installation, settings)
    return Listed(
        row, tag, source, row.get("address"), limits, deadband, on_delay, off_delay, row.get("guidance")
    ), []


def _tag(row: Row, ident: str, cls: str, installation: str, settings: dict[str, Any]) -> Tag:
    kind = CLASSES[cls]
    return Tag(
        id=ident,
        raw=row.get("raw"),
        description=row.get("description") or row.get("raw"),
        description_en=row.get("description_en"),
        cls=cls,
        unit=row.get("unit"),
        installation=installation,
        danger=kind.danger,
        limit_required=kind.limit_required,
        **settings,
    )


def id_of(row: Row) -> str:
    """The id a row means, right or wrong."""
    return row.get("id") or row.get("raw")


def _id(cells: Cells) -> str:
    ident, given = id_of(cells.row), bool(cells.row.get("id"))
    if not cells.row.get("raw"):
        cells.fault("raw", "the tag name (位号) of the plant")
    if ident and not ID_PATTERN.fullmatch(ident):
        hint = "" if given else "give the tag an id of its own in the column id/编号"
        cells.fault("id" if given else "raw", ID_WORDS, hint)
    return ident


def _class(cells: Cells) -> str:
    written = cells.row.get("class")
    text = BY_CHINESE.get(written, written.lower())
    if text not in CLASSES:
        cells.fault("class", "one of " + ", ".join(f"{n}/{c.chinese}" for n, c in CLASSES.items()))
        return "other"
    units = CLASSES[text].units
    if units and cells.row.get("unit") not in units:
        cells.fault("unit", f"for class {text}: one of {', '.join(units)}")
    return text


def _range(cells: Cells) -> dict[str, Any]:
    """Range, signal and the linear scaling from raw numbers."""
    before = len(cells.faults)
    low, high = cells.number("low"), cells.number("high")
    raw_low, raw_high = cells.number("raw_low"), cells.number("raw_high")
    signal = SIGNALS.get(cells.row.get("signal").lower())
    if signal is None:
        cells.fault("signal", "value or 4-20mA")
    if len(cells.faults) > before:
        return {}
    if (low is None) != (high is None) or (low is not None and high is not None and low >= high):
        cells.fault("high", "low and high both given, low below high, or both empty")
    if (raw_low is None) != (raw_high is None) or (raw_low is not None and raw_low == raw_high):
        cells.fault("raw_high", "raw_low and raw_high both given and different, or both empty")
    if low is None and (signal is Signal.MILLIAMP or raw_low is not None):
        cells.fault("low", "a range, because the value is scaled to it")
    if len(cells.faults) > before or signal is None:
        return {}
    gain, offset = _scale(signal, (low, high), (raw_low, raw_high))
    if not (math.isfinite(gain) and math.isfinite(offset)):
        cells.fault("raw_high", "further away from raw_low")
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


def _times(cells: Cells, defaults: Defaults, cls: str) -> dict[str, Any]:
    period = cells.duration("period", defaults.period)
    if period <= 0:
        cells.fault("period", "more than 0")
    age = max(round(period * defaults.max_age_periods), defaults.min_max_age)
    max_age, frozen = cells.duration("max_age", age), cells.duration("frozen", 0)
    band = cells.number("frozen_band") or 0.0
    if max_age < period and not (max_age == 0 and cls in DISCRETE):
        cells.fault("max_age", f"at least the period, {spelled(period)} (0 only for class state or command)")
    if frozen and (cls in DISCRETE or frozen < 2 * period):
        cells.fault(
            "frozen", f"at least two periods, {spelled(2 * period)}; empty for class state or command"
        )
    if band < 0:
        cells.fault("frozen_band", "0 or more, in the tag's unit")
    return {"period": period, "max_age": max_age, "frozen_window": frozen, "frozen_band": band}


def _deadband(cells: Cells, settings: dict[str, Any]) -> float:
    given = cells.number("deadband")
    low, high = settings.get("low"), settings.get("high")
    if given is None:
        return tidy((high - low) * DEADBAND_SHARE) if low is not None and high is not None else 0.0
    if given < 0:
        cells.fault("deadband", "0 or more, in the tag's unit")
    return given


def tidy(value: float) -> float:
    """Without the last binary digits: 12.6, not 12.600000000000001."""
    return float(f"{value:.12g}")


def _check_limits(
    cells: Cells, cls: str, limits: dict[str, float], deadband: float, settings: dict[str, Any]
) -> None:
    order = list(limits.values())
    if sorted(set(order)) != order:
        cells.fault(list(limits)[-1], "LL < L < H < HH")
    if limits and cls in DISCRETE:
        cells.fault(
            next(iter(limits)), f"no limit for class {cls}", "use a rule of kind state in the site file"
        )
    low, high = settings.get("low"), settings.get("high")
    for name, value in limits.items():
        if low is not None and high is not None and not low <= value <= high:
            cells.fault(name, f"inside the range {low:g} to {high:g}", "it could never be reached")
    for allowed in _never_clears(limits, deadband, low, high):
        cells.fault("deadband", allowed, "the alarm could never clear")


def _never_clears(
    limits: dict[str, float], deadband: float, low: float | None, high: float | None
) -> Iterator[str]:
    """Deadbands that reach out of the range, or over the limits of the other side."""
    lows = [v for n, v in limits.items() if n.startswith("L")]
    highs = [v for n, v in limits.items() if n.startswith("H")]
    room = []
    if highs and low is not None and low < min(highs):
        room.append(min(highs) - low)
    if lows and high is not None and high > max(lows):
        room.append(high - max(lows))
    if highs and lows and max(lows) < min(highs):
        room.append(min(highs) - max(lows))
    if room and deadband >= min(room):
        yield f"less than {min(room):g}, the way from the limit to the end of the range or to the other side"


def _check_texts(cells: Cells) -> None:
    for column, text in cells.row.cells.items():
        if len(text) > LONGEST_TEXT:
            cells.fault(column, f"at most {LONGEST_TEXT} characters")
