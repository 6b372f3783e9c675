"""Trade-off curves as a page: for each rule, announcements and lateness against dead band and delays."""

from collections.abc import Callable, Sequence
from html import escape
from typing import Final

import numpy as np

from gateway.history import svg
from gateway.history.markup import html, table, two
from gateway.history.tune.start import STARTS
from gateway.history.tune.tuning import Curve, Tuning
from gateway.history.tune.variants import Tried
from gateway.model.times import NS, china

_AXES: Final[Sequence[tuple[str, str, Callable[[Tried], float]]]] = (
    ("回差", "dead band", lambda t: t.settings.band),
    ("报警延时 s", "on-delay s", lambda t: t.settings.on_delay / NS),
    ("恢复延时 s", "off-delay s", lambda t: t.settings.off_delay / NS),
)


def page(tuning: Tuning, name: str) -> str:
    """The whole page."""
    head = (
        f"<h1>{two('调优', 'Tuning')}: {escape(name)}</h1>"
        f"<p>{china(tuning.span[0])} - {china(tuning.span[1])} (UTC+8)</p><p class='small'>"
        + two(
            "气体、甲烷报警和引用标准的报警不调整；报警值不改变。起始值：回差 S（二手来源），延时 U（未核实）。",
            "Gas, methane and statutory alarms are never tuned; limits do not move. Starting values: dead bands S "
            "(secondary source), delays U (unverified).",
        )
        + "</p>"
    )
    parts = [_curve(c) for c in tuning.curves]
    left = [(escape(rule), escape(why)) for rule, why in tuning.left.items()]
    foot = f"<h2>{two('不调整', 'Left alone')}</h2>{table(left)}" if left else ""
    return html(name, head + "".join(parts) + foot)


def _curve(c: Curve) -> str:
    start = STARTS.get(c.tag.cls)
    note = f" · {two('起始值', 'starting value')} {escape(start.words)}" if start else ""
    title = f"<h3>{escape(c.rule.id)} {escape(c.tag.description)}</h3>"
    words = f"<p class='small'>{escape(c.tag.cls)}{note}<br>{escape(c.why)}</p>"
    plots = "".join(_plot(c, zh, en, of) for zh, en, of in _AXES)
    return title + words + plots + _rows(c)


def _plot(c: Curve, zh: str, en: str, of: Callable[[Tried], float]) -> str:
    """Announcements against one setting, the others as they are now."""
    alone = [t for t in c.tried if _only(t, c.now, of)]
    points = sorted({of(t): t for t in alone}.items())
    if len(points) < 3:
        return ""
    x = np.array([p for p, _ in points])
    counts = svg.Series(x, np.array([float(t.announced) for _, t in points]), "#1565c0", "announced 报警数")
    late = svg.Series(x, np.array([t.late_s for _, t in points]), "#d32f2f", "late s 推迟")
    ends = svg.Series(x, np.array([t.ends_later_s for _, t in points]), "#ef6c00", "ends later s 延后结束")
    plot = svg.curves(f"{c.rule.id} {en}", [counts, late, ends], of(c.now), of(c.chosen))
    return f"<p class='small'>{two(zh, en)}</p>{plot}"


def _only(t: Tried, now: Tried, of: Callable[[Tried], float]) -> bool:
    """Differs from the present setting in this one thing at most."""
    return all(get(t) == get(now) for _, _, get in _AXES if get is not of)


def _rows(c: Curve) -> str:
    head = (
        two("设置", "setting"), two("报警数", "announced"), two("抖动", "chattering"), two("瞬时", "fleeting"),
        two("推迟", "later"), two("延后结束", "ends later"), two("不再报警", "lost"),
    )  # fmt: skip
    shown = [(two("现在", "now"), c.now)] + ([(two("建议", "recommended"), c.chosen)] if c.choice else [])
    rows = [(f"{word}: {_settings(t)}", *_cells(t)) for word, t in shown]
    return table(rows, head)


def _settings(t: Tried) -> str:
    s = t.settings
    return f"{s.band:g}, {s.on_delay / NS:g} s, {s.off_delay / NS:g} s"


def _cells(t: Tried) -> tuple[str, ...]:
    lost = f"{t.lost} (&le; {t.lost_longest_s:g} s)" if t.lost else "0"
    return (
        str(t.announced),
        str(t.chattering),
        str(t.fleeting),
        f"{t.late_s:g} s",
        f"{t.ends_later_s:g} s",
        lost,
    )
