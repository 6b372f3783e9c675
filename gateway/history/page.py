"""The page of a backtest: one file, plots drawn in it, no request to anywhere, Chinese and English by a switch."""

from collections.abc import Sequence
from html import escape
from typing import Final

from gateway.history import svg
from gateway.history.compare import counts
from gateway.history.episodes import Episode
from gateway.history.examine import Report, in_units
from gateway.history.kpi import Kpis
from gateway.history.markup import html, table, two
from gateway.history.pieces import History
from gateway.history.trends import Curve, collect
from gateway.model.site import Rule, Site
from gateway.model.times import NS, china

SHOWN: Final = 40
"""plots of alarms on a page"""
OF_ONE: Final = 4
"""of one rule"""
MEMBERS: Final = 4
"""curves in one plot"""
_INK: Final = ("#263238", "#00838f", "#6a1b9a", "#558b2f")


def page(report: Report, history: History, *, raw: bool) -> str:
    """The whole page.

    Raises:
        Misconfigured: the recording cannot be read again.
    """
    site = report.outcome.site if raw else in_units(report.outcome.site)
    parts = [
        _head(report),
        _kpis(report.kpis),
        _rate(report),
        _worst(report.kpis),
        _leads(report),
        _changes(report),
        _alarms(report, site, history),
    ]
    return html(site.name or site.id, "".join(parts))


def _head(report: Report) -> str:
    out = report.outcome
    start, end = map(china, out.span)
    site = out.site
    name = two(escape(site.name or site.id), escape(site.name_en or site.name or site.id))
    rows = [
        (two("时间", "time"), f"{start} - {end} (UTC+8)"),
        (two("读数", "readings"), f"{out.readings:,}"),
        (two("位号 / 规则", "tags / rules"), f"{len(site.tags)} / {len(site.rules)}"),
        (two("配置", "configuration"), site.config_hash[:12]),
    ]
    if out.known.missing:
        rows.append((two("记录中没有的位号", "tags not recorded"), escape(_some(out.known.missing))))
    if out.known.unjudged:
        rows.append((two("因此未判断的规则", "rules not judged for that"), escape(_some(out.known.unjudged))))
    return f"<h1>{two('回测', 'Backtest')}: {name}</h1>{table(rows)}"


def _kpis(kpis: Kpis) -> str:
    rows = []
    for f in kpis.figures:
        verdict = "" if f.met is None else _verdict(met=f.met)
        value = f"{f.value:.4g} {escape(f.unit)}"
        rows.append((two(f.chinese, f.english), value, escape(f.target), verdict))
    mix = ", ".join(f"{p}: {n}" for p, n in kpis.priorities.items()) or "-"
    rows.append((two("优先级分布", "priority mix"), mix, "≈ 80 / 15 / 5 %, &lt; 1 %", ""))
    note = two(
        "目标来自 ISA-18.2-2016 表7（二手来源，标记 S），以每个操作台、至少30天计。",
        "Targets: ISA-18.2-2016 table 7 (secondary sources, mark S), for one console and at least 30 days.",
    )
    if not kpis.long_enough:
        note += f' <b class="bad">{two("本记录不足30天。", "This recording is shorter.")}</b>'
    return f'<h2>{two("报警绩效", "Alarm performance")}</h2>{table(rows)}<p class="small">{note}</p>'


def _verdict(*, met: bool) -> str:
    words = two("达到", "met") if met else two("未达到", "not met")
    return f'<span class="{"good" if met else "bad"}">{words}</span>'


def _rate(report: Report) -> str:
    k = report.kpis
    plot = svg.bars("alarms in 10 min", (k.start, k.end), k.rate, [svg.Mark(10, "10 / 10 min", "#d32f2f")])
    return f"<h2>{two('每10分钟报警数', 'Alarms in each 10 minutes')}</h2>{plot}"


def _worst(kpis: Kpis) -> str:
    most = max((n for _, n in kpis.top), default=1)
    bad = {r: two("抖动", "chattering") for r in kpis.chattering}
    bad |= {r: two("瞬时", "fleeting") for r in kpis.fleeting} | {r: two("陈旧", "stale") for r in kpis.stale}
    rows = [
        (
            escape(rule),
            f'<span class="bar" style="width:{12 * n / most:.2f}rem"></span> {n}',
            f"{100 * kpis.time_in_alarm.get(rule, 0.0):.2f} %",
            bad.get(rule, ""),
        )
        for rule, n in kpis.top
    ]
    head = (two("规则", "rule"), two("次数", "times"), two("报警时间占比", "time in alarm"), "")
    return f"<h2>{two('最多的报警', 'Most frequent alarms')}</h2>{table(rows, head)}"


def _leads(report: Report) -> str:
    if report.leads is None:
        return ""
    rows = []
    for lead in report.leads.found:
        said = f'<span class="bad">{two("漏报", "missed")}</span>'
        if lead.lead_s is not None:
            said = f"{lead.lead_s:+,.0f} s, {escape(lead.rule)}"
        rows.append((china(lead.truth.start), escape(lead.truth.note), said))
    head = (two("真实事件", "true event"), "", two("提前量", "lead time"))
    false = two("没有对应事件的报警", "alarms that belong to no event")
    return (
        f"<h2>{two('提前量', 'Lead times')}</h2>{table(rows, head)}<p>{false}: {len(report.leads.false)}</p>"
    )


def _changes(report: Report) -> str:
    if report.other is None:
        return ""
    words = {
        "same": ("相同", "same"), "earlier": ("提前", "earlier"), "later": ("推迟", "later"),
        "gained": ("新增", "gained"), "lost": ("消失", "lost"),
    }  # fmt: skip
    summary = ", ".join(f"{two(*words[how])} {n}" for how, n in counts(report.changes).items())
    rows = [
        (china(c.at), escape(c.rule), two(*words[c.how]), f"{c.gap_s:+g} s" if c.gap_s else "")
        for c in report.changes
        if c.how != "same"
    ]
    more = f"<p>... {len(rows) - 200}</p>" if len(rows) > 200 else ""
    return (
        f"<h2>{two('与第二份配置相比', 'Second configuration')}</h2><p>{summary}</p>{table(rows[:200])}{more}"
    )


def _alarms(report: Report, site: Site, history: History) -> str:
    chosen = choose(report.episodes)
    last = report.outcome.span[1]
    shown = [(e, _curves(site, e, report)) for e in chosen]
    collect(site, history, report.outcome.known.columns, [c for _, curves in shown for c in curves])
    parts = [_alarm(site, e, curves, report.episodes, last) for e, curves in shown]
    count = len(report.episodes)
    note = ""
    if count > len(chosen):
        note = two(f"共 {count} 条，显示 {len(chosen)} 条。", f"{len(chosen)} of {count} are shown.")
    return f"<h2>{two('报警曲线', 'Alarms on their trends')}</h2><p class='small'>{note}</p>{''.join(parts)}"


def choose(episodes: Sequence[Episode]) -> list[Episode]:
    """Which alarms are plotted: highest levels first, of each rule the first few; in order of time."""
    taken: list[Episode] = []
    seen: dict[str, int] = {}
    for e in sorted(episodes, key=lambda e: (e.fault, -e.level, e.start)):
        if len(taken) < SHOWN and seen.get(e.rule, 0) < OF_ONE:
            seen[e.rule] = seen.get(e.rule, 0) + 1
            taken.append(e)
    return sorted(taken, key=lambda e: e.start)


def _curves(site: Site, e: Episode, report: Report) -> list[Curve]:
    start, last = report.outcome.span
    pad = max(min(e.until(last) - e.onset, 6 * 3600 * NS), (last - start) // 1000, 60 * NS)
    end = min(e.until(last), e.start + 4 * pad) + pad
    rule = _rule(site, e)
    names = rule.tags[:MEMBERS] if rule else (e.tag,)
    known = (site.tag_index.get(n) for n in names)
    begin = max(e.onset - pad, start - NS)
    return [Curve(site.tags[row], begin, min(end, last)) for row in known if row is not None]


def _rule(site: Site, e: Episode) -> Rule | None:
    row = site.rule_index.get(e.rule)
    return None if row is None else site.rules[row]


def _alarm(
    site: Site, e: Episode, curves: Sequence[Curve], episodes: Sequence[Episode], last: int
) -> str:  # fmt: skip
    rule, colour = _rule(site, e), svg.COLOURS[e.level.word]
    tag = curves[0].tag if curves else None
    end = two("持续", "still active") if e.end is None else china(e.end)
    title = f"{escape(e.rule)} <span style='color:{colour}'>{two(e.level.chinese, e.level.word)}</span>"
    what = " ".join(x for x in (tag.description, f"[{tag.unit}]" if tag.unit else "") if x) if tag else e.tag
    words = f"{escape(what)} · {escape(e.kind)} · {china(e.start)} - {end}"
    if not curves:
        return f"<h3>{title}</h3><p class='small'>{words}</p>"
    lines = [svg.Line(*curve.points(), ink) for curve, ink in zip(curves, _INK, strict=False)]
    span = (curves[0].start, curves[0].end)
    bands = [
        svg.Band(x.start, x.until(last), svg.COLOURS[x.level.word])
        for x in episodes
        if x.rule == e.rule and x.start <= span[1] and x.until(last) >= span[0]
    ]
    plot = svg.trend(f"{e.rule} {china(e.start)}", span, lines, _marks(rule, e, colour), bands)
    return f"<h3>{title}</h3><p class='small'>{words}</p>{plot}"


def _marks(rule: Rule | None, e: Episode, colour: str) -> list[svg.Mark]:
    """The limit and its reset, where the rule's number is one of the curve's own: a limit that an event names."""
    if rule is None or e.limit is None or rule.window or rule.settings:
        return []
    marks = [svg.Mark(rule.trigger, f"{rule.name} {rule.trigger:g}", colour)]
    if rule.reset != rule.trigger:
        marks.append(svg.Mark(rule.reset, "", colour, dashed=True))
    return marks


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:20]) + (f" ... ({len(names)})" if len(names) > 20 else "")
