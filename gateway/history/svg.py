"""Plots as SVG text: a trend with its limits and alarm, bars of a rate. Nothing but markup, no library, no request."""

import datetime as dt
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gateway.model.times import CHINA, NS

WIDTH: Final = 720
HEIGHT: Final = 200
LEFT, RIGHT, TOP, BOTTOM = 56, 12, 10, 24
COLOURS: Final = {"red": "#d32f2f", "orange": "#ef6c00", "yellow": "#c99700", "blue": "#1565c0"}
_STEPS: Final = (
    1,
    2,
    5,
    10,
    15,
    30,
    60,
    120,
    300,
    600,
    900,
    1800,
    3600,
    7200,
    10_800,
    21_600,
    43_200,
    86_400,
)


@dataclass(frozen=True, slots=True)
class Mark:
    """A horizontal line: a limit, or its reset (dashed)."""

    value: float
    label: str
    colour: str
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Band:
    """A stretch of time in alarm."""

    start: int
    end: int
    colour: str


@dataclass(frozen=True, slots=True)
class Line:
    """A curve; NaN breaks it."""

    times: NDArray[np.int64]
    values: NDArray[np.float64]
    colour: str = "#263238"


@dataclass(frozen=True, slots=True)
class _Scale:
    start: int
    end: int
    low: float
    high: float

    def x(self, time: int) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (time - self.start) / max(1, self.end - self.start)

    def y(self, value: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (self.high - value) / ((self.high - self.low) or 1.0)


def trend(
    title: str, span: tuple[int, int], lines: Sequence[Line], marks: Sequence[Mark], bands: Sequence[Band]
) -> str:
    """A plot of curves with limits and alarms."""
    scale = _Scale(*span, *_range(lines, marks))
    body = [
        *(_band(scale, b) for b in bands),
        *_axes(scale),
        *(_mark(scale, m) for m in marks),
        *(_curve(scale, each) for each in lines),
    ]
    return _svg(title, body)


def bars(title: str, span: tuple[int, int], counts: Sequence[int], limits: Sequence[Mark]) -> str:
    """A plot of counts over equal stretches of time; the highest of many share one bar."""
    group = max(1, -(-len(counts) // (WIDTH - LEFT - RIGHT)))
    tops = [max(counts[i : i + group]) for i in range(0, len(counts), group)]
    scale = _Scale(*span, 0.0, max([1.0, *map(float, tops), *(m.value for m in limits)]) * 1.05)
    wide = (WIDTH - LEFT - RIGHT) / len(tops)
    body = [*_axes(scale)]
    for i, count in enumerate(tops):
        if count:
            y = scale.y(count)
            body.append(
                f'<rect x="{LEFT + i * wide:.1f}" y="{y:.1f}" width="{max(wide, 0.8):.2f}" '
                f'height="{HEIGHT - BOTTOM - y:.1f}" fill="#37474f"/>'
            )
    return _svg(title, [*body, *(_mark(scale, m) for m in limits)])


@dataclass(frozen=True, slots=True)
class Series:
    """A curve over any numbers."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    colour: str
    label: str


def curves(title: str, series: Sequence[Series], now: float, chosen: float) -> str:
    """Curves over one setting, each on a scale of its own (its highest is written beside it); present and
    recommended settings are marked.
    """
    low, high = float(min(s.x.min() for s in series)), float(max(s.x.max() for s in series))
    scale = _Scale(0, 1, low, high)
    ticks = sorted({float(v) for s in series for v in s.x})
    body = [
        _frame(),
        *(f'<text x="{_across(scale, v):.1f}" y="{HEIGHT - 8}" class="x">{v:g}</text>' for v in ticks),
    ]
    for at, dash in ((now, ""), (chosen, ' stroke-dasharray="5 4"')):
        x = _across(scale, at)
        body.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}" class="now"{dash}/>')
    return _svg(title, [*body, *(_over(scale, each, i) for i, each in enumerate(series))])


def _across(scale: _Scale, value: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * (value - scale.low) / ((scale.high - scale.low) or 1.0)


def _over(scale: _Scale, each: Series, place: int) -> str:
    most = float(each.y.max())
    tall = (HEIGHT - TOP - BOTTOM - 8) / (most or 1.0)
    pairs = zip(each.x.tolist(), each.y.tolist(), strict=True)
    path = " ".join(f"{_across(scale, x):.1f},{HEIGHT - BOTTOM - tall * max(y, 0.0):.1f}" for x, y in pairs)
    words = escape(f"{each.label} ≤ {most:g}")
    return (
        f'<polyline points="{path}" fill="none" stroke="{each.colour}" stroke-width="1.6"/>'
        f'<text x="{WIDTH - RIGHT - 4}" y="{TOP + 16 + 15 * place}" class="m" style="fill:{each.colour}">{words}</text>'
    )


def _frame() -> str:
    return f'<rect x="{LEFT}" y="{TOP}" width="{WIDTH - LEFT - RIGHT}" height="{HEIGHT - TOP - BOTTOM}" class="frame"/>'


def _svg(title: str, body: Iterable[str]) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title, quote=True)}">'
        f"<title>{escape(title)}</title>{''.join(body)}</svg>"
    )


def _range(lines: Sequence[Line], marks: Sequence[Mark]) -> tuple[float, float]:
    """Of the values; a limit widens it unless the curve would become flat."""
    parts = [each.values[np.isfinite(each.values)] for each in lines]
    values = np.concatenate([p for p in parts if len(p)] or [np.zeros(1)])
    low, high = float(values.min()), float(values.max())
    room = (high - low) or abs(high) * 0.1 or 1.0
    for mark in marks:
        if low - 2 * room <= mark.value <= high + 2 * room:
            low, high = min(low, mark.value), max(high, mark.value)
    pad = 0.06 * ((high - low) or room)
    return low - pad, high + pad


def _axes(s: _Scale) -> list[str]:
    out = [_frame()]
    for value in _ticks(s.low, s.high):
        y = s.y(value)
        out.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>')
        out.append(f'<text x="{LEFT - 5}" y="{y + 4:.1f}" class="y">{value:g}</text>')
    for time, label in _times(s.start, s.end):
        x = s.x(time)
        out.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}" class="grid"/>')
        out.append(f'<text x="{x:.1f}" y="{HEIGHT - 8}" class="x">{label}</text>')
    return out


def _ticks(low: float, high: float) -> list[float]:
    """Four or so round numbers."""
    rough = (high - low) / 4 or 1.0
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(m * size for m in (1, 2, 5, 10) if m * size >= rough)
    first = math.ceil(low / step)
    return [round((first + k) * step, 12) for k in range(12) if (first + k) * step <= high]


def _times(start: int, end: int) -> list[tuple[int, str]]:
    """Six or so round times, in UTC+8."""
    span = (end - start) / NS
    rough = span / 6
    step = next((s for s in _STEPS if s >= rough), max(1, math.ceil(rough / 86_400)) * 86_400)
    shift = 8 * 3600
    first = math.ceil((start / NS + shift) / step) * step - shift
    form = "%H:%M:%S" if step < 60 else "%m-%d %H:%M" if span > 86_400 or step >= 3600 else "%H:%M"
    form = "%Y-%m-%d" if step >= 86_400 else form
    found = [first + k * step for k in range(14) if first + k * step <= end / NS]
    return [(int(t * NS), dt.datetime.fromtimestamp(t, CHINA).strftime(form)) for t in found]


def _mark(s: _Scale, m: Mark) -> str:
    if not s.low <= m.value <= s.high:
        return ""
    y, dash = s.y(m.value), ' stroke-dasharray="5 4"' if m.dashed else ""
    return (
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" '
        f'stroke="{m.colour}" stroke-width="1.2"{dash}/>'
        f'<text x="{WIDTH - RIGHT - 3}" y="{y - 3:.1f}" class="m" fill="{m.colour}">{escape(m.label)}</text>'
    )


def _band(s: _Scale, b: Band) -> str:
    a, z = s.x(max(b.start, s.start)), s.x(min(b.end, s.end))
    return (
        f'<rect x="{a:.1f}" y="{TOP}" width="{max(z - a, 1.0):.1f}" height="{HEIGHT - TOP - BOTTOM}" '
        f'fill="{b.colour}" opacity="0.16"/>'
    )


def _curve(s: _Scale, each: Line) -> str:
    """One polyline for each stretch without a break; a lone point is a dot."""
    runs: list[list[str]] = [[]]
    for time, value in zip(each.times.tolist(), each.values.tolist(), strict=True):
        if math.isfinite(value):
            runs[-1].append(f"{s.x(time):.1f},{s.y(value):.1f}")
        elif runs[-1]:
            runs.append([])
    out = []
    for run in runs:
        if len(run) == 1:
            x, y = run[0].split(",")
            out.append(f'<circle cx="{x}" cy="{y}" r="1.6" fill="{each.colour}"/>')
        elif run:
            out.append(
                f'<polyline points="{" ".join(run)}" fill="none" stroke="{each.colour}" stroke-width="1.1"/>'
            )
    return "".join(out)
