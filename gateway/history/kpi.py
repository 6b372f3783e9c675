"""ISA-18.2 figures of a recording, with the targets of the standard beside them.

Targets: ANSI/ISA-18.2-2016 clause 16.5-16.6, table 7 (the same in IEC 62682), for one operator's console and at least
30 days; mark S, read in two secondary sources, not in the standard. What counts as chattering (three announcements of
one alarm within a minute) and as fleeting (gone within a minute, not back within the next) is common practice, mark S,
not a clause. All alarms that are announced count, faults of instruments too; alarms in shadow do not.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from gateway.history.episodes import Episode
from gateway.model.times import NS

TEN_MINUTES: Final = 600 * NS
HOUR: Final = 3600 * NS
DAY: Final = 86_400 * NS
MINUTE: Final = 60 * NS
CHATTER: Final = 3
"""announcements within a minute (mark S, practice)"""
FLOOD_STARTS: Final = 10
"""a flood begins with more than these in 10 min (mark S)"""
FLOOD_ENDS: Final = 5
"""and ends with fewer than these (mark S)"""
ENOUGH: Final = 30 * DAY
HEAVY: Final = 30
"""alarms in an hour (2009 edition, mark S)"""
MIX: Final[Mapping[int, str]] = {1: "< 1 %", 2: "≈ 5 %", 3: "≈ 15 %", 4: "≈ 80 %"}
"""targets of the priorities (mark S)"""


@dataclass(frozen=True, slots=True)
class Figure:
    """One row: what, how much, what the standard says, and whether that is so (None: it says nothing)."""

    name: str
    chinese: str
    english: str
    value: float
    unit: str
    target: str
    met: bool | None
    mark: str = ""
    """how sure a target of a standard is: S, read in secondary sources; empty: none, or our own"""

    def as_json(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "name": self.name,
            "value": round(self.value, 4),
            "unit": self.unit,
            "target": self.target,
            "met": self.met,
            "mark": self.mark,
        }


@dataclass(frozen=True, slots=True)
class Kpis:
    """All figures of one recording."""

    start: int
    end: int
    figures: tuple[Figure, ...]
    rate: tuple[int, ...]
    """announcements in each 10 minutes from ``start``"""
    top: tuple[tuple[str, int], ...]
    """the ten most frequent rules with their announcements"""
    chattering: tuple[str, ...]
    fleeting: tuple[str, ...]
    stale: tuple[str, ...]
    priorities: Mapping[int, int]
    time_in_alarm: Mapping[str, float]
    """rule -> share of the time, largest first"""

    @property
    def long_enough(self) -> bool:
        """The standard asks for 30 days."""
        return self.end - self.start >= ENOUGH

    def as_json(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "days": round((self.end - self.start) / DAY, 3),
            "long_enough": self.long_enough,
            "figures": [f.as_json() for f in self.figures],
            "top_ten": [{"rule": rule, "count": count} for rule, count in self.top],
            "chattering": list(self.chattering),
            "fleeting": list(self.fleeting),
            "stale": list(self.stale),
            "priorities": {str(k): v for k, v in self.priorities.items()},
            "time_in_alarm": {k: round(v, 6) for k, v in self.time_in_alarm.items()},
        }


def kpis(all_episodes: Sequence[Episode], start: int, end: int) -> Kpis:
    """Figures of the alarms between ``start`` and ``end``, ns."""
    end = max(end, start + 1)
    episodes = [e for e in all_episodes if not e.shadow]
    rate = _rate([e.start for e in episodes], start, end)
    of_rule: dict[str, list[Episode]] = defaultdict(list)
    for episode in episodes:
        of_rule[episode.rule].append(episode)
    counts = sorted(((rule, len(own)) for rule, own in of_rule.items()), key=lambda t: (-t[1], t[0]))
    chattering = _rules(of_rule, _chatters)
    fleeting = _rules(of_rule, lambda own: _fleets(own, end) and not _chatters(own))
    shares = {rule: sum(e.until(end) - e.start for e in own) / (end - start) for rule, own in of_rule.items()}
    worst = (len(chattering), len(fleeting), _most_stale(episodes, end))
    return Kpis(
        start=start, end=end, rate=rate, top=tuple(counts[:10]), chattering=chattering, fleeting=fleeting,
        stale=tuple(sorted({e.rule for e in episodes if e.until(end) - e.start > DAY})),
        priorities=dict(sorted(Counter(e.priority for e in episodes).items())),
        time_in_alarm=dict(sorted(shares.items(), key=lambda s: (-s[1], s[0]))),
        figures=_marked(
            *_rates(len(episodes), rate, end - start), _top(counts), *_bad(*worst), *_mix(episodes)
        ),
    )  # fmt: skip


def _marked(*figures: Figure) -> tuple[Figure, ...]:
    """All targets here are the standard's, from secondary sources."""
    return tuple(replace(f, mark="S") if f.target else f for f in figures)


def _mix(episodes: Sequence[Episode]) -> tuple[Figure, ...]:
    """Shares of the four priorities (80 / 15 / 5 and under 1 % of the highest)."""
    counts, whole = Counter(e.priority for e in episodes), len(episodes)
    shares = {p: _percent(counts[p], whole) for p in MIX}
    return tuple(
        Figure(
            f"priority_{p}", f"优先级{p}占比", f"share of priority {p}", share, "%", MIX[p],
            share < 1.0 if p == 1 and whole else None,
        )
        for p, share in shares.items()
    )  # fmt: skip


def _rates(count: int, rate: Sequence[int], span: int) -> tuple[Figure, ...]:
    # Of less than its period a rate is what came: two alarms in 20 s are not 360 an hour. Nor do they miss a target.
    ten, hourly = count / max(span / TEN_MINUTES, 1), count / max(span / HOUR, 1)
    busy = _percent(sum(r > FLOOD_STARTS for r in rate), len(rate))
    flood = _percent(_flooded(rate), len(rate))
    hours = [sum(rate[i : i + 6]) for i in range(0, len(rate), 6)]
    heavy = _percent(sum(h > HEAVY for h in hours), len(hours))
    return (
        Figure("announced", "报警总数", "alarms announced", count, "", "", None),
        Figure(
            "per_hour", "平均每小时", "per hour, average", hourly, "/h", "≈ 6, ≤ 12",
            hourly <= 12 if span >= HOUR else None,
        ),
        Figure(
            "per_10_min", "平均每10分钟", "per 10 min, average", ten, "/10 min", "≈ 1, ≤ 2",
            ten <= 2 if span >= TEN_MINUTES else None,
        ),
        Figure(
            "peak_10_min",
            "10分钟最多",
            "per 10 min, peak",
            max(rate),
            "/10 min",
            "≤ 10",
            max(rate) <= 10,
        ),
        Figure("busy_10_min", "超10条的时段", "periods with over 10", busy, "%", "< 1 %", busy < 1.0),
        Figure("busy_hours", "超30条的小时", "hours with over 30", heavy, "%", "< 1 %", heavy < 1.0),
        Figure("flood", "泛滥时间", "time in flood", flood, "%", "< 1 %", flood < 1.0),
    )  # fmt: skip


def _top(counts: Sequence[tuple[str, int]]) -> Figure:
    count = sum(n for _, n in counts)
    share = _percent(sum(n for _, n in counts[:10]), count)
    met = share < 5.0 if count else None
    return Figure("top_ten", "前十位占比", "share of the top ten", share, "%", "< 1-5 %", met)


def _bad(chattering: int, fleeting: int, stale: int) -> tuple[Figure, ...]:
    return (
        Figure("chattering", "抖动报警", "chattering alarms", chattering, "", "0", chattering == 0),
        Figure("fleeting", "瞬时报警", "fleeting alarms", fleeting, "", "0", fleeting == 0),
        Figure("stale", "陈旧报警", "stale alarms, most at once", stale, "", "< 5", stale < 5),
    )


def _percent(part: float, whole: float) -> float:
    return 100.0 * part / whole if whole else 0.0


def _rate(starts: Sequence[int], start: int, end: int) -> tuple[int, ...]:
    counts = [0] * max(1, -(-(end - start) // TEN_MINUTES))
    for at in starts:
        counts[min(max((at - start) // TEN_MINUTES, 0), len(counts) - 1)] += 1
    return tuple(counts)


def _flooded(rate: Sequence[int]) -> int:
    """10-minute periods in flood: from one with more than ten until one with fewer than five."""
    flooded, inside = 0, False
    for count in rate:
        inside = count > FLOOD_STARTS or (inside and count >= FLOOD_ENDS)
        flooded += inside
    return flooded


def _rules(
    of_rule: Mapping[str, Sequence[Episode]], test: Callable[[Sequence[Episode]], bool]
) -> tuple[str, ...]:
    return tuple(sorted(rule for rule, own in of_rule.items() if test(own)))


def _chatters(own: Sequence[Episode]) -> bool:
    starts = [e.start for e in own]
    return any(b - a <= MINUTE for a, b in zip(starts, starts[CHATTER - 1 :], strict=False))


def _fleets(own: Sequence[Episode], end: int) -> bool:
    """Some announcement was gone within a minute and did not come back within the next."""
    after = [e.start for e in own[1:]] + [end + DAY]
    return any(
        e.end is not None and e.end - e.start < MINUTE and later - e.end > MINUTE
        for e, later in zip(own, after, strict=True)
    )


def _most_stale(episodes: Sequence[Episode], end: int) -> int:
    """The most alarms at one time that had stood for more than a day."""
    edges = []
    for e in episodes:
        if e.until(end) - e.start > DAY:
            edges += [(e.start + DAY, 1), (e.until(end), -1)]
    most = now = 0
    for _, step in sorted(edges):
        now += step
        most = max(most, now)
    return most
