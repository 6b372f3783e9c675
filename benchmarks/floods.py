"""Recorded alarm floods through the product: ``python -m benchmarks.floods [--json] [--write]``.

Exit 1 where an aim is missed.

TEP_ALARMS (alarm messages of simulated upsets, a root cause for each case) and CERN_ALARMS (power converters, three
years) lie where ``FENGSUI_DATA`` says; what is not there is "not run". Every message is a reading of a state tag of its
own, judged by a state rule and the alarm stage: once as recorded, once as a plant would run it, with an off-delay (a
chattering alarm is one alarm) and the outer limit setting the inner one aside. What counts is how much less an operator
gets, and that nothing is hidden: at every recorded onset an announced alarm of that rule stands, or the alarm that set
it aside does.
"""

import argparse
import bisect
import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.quality.figures import Figure, least, most
from benchmarks.quality.sources import NotHereError, folder, lines
from gateway.alarms.subjects import BRANCHES
from gateway.history.episodes import episodes
from gateway.history.kpi import kpis
from gateway.history.pieces import Arrival, Long
from gateway.history.run import backtest
from gateway.model.events import Condition, Event, EventKind, Suppression
from gateway.model.levels import Level
from gateway.model.site import Installation, Rule, RuleKind, Site, Tag
from gateway.model.times import seconds

HOLD_OFF: Final = seconds(300)
"""off-delay of every rule in the second run; the same for both sets, chosen once"""
OUTER: Final = {"H": "HH", "L": "LL"}
PAGE: Final = Path(__file__).parents[1] / "docs" / "floods.md"


@dataclass(frozen=True, slots=True)
class Message:
    """One recorded change of one alarm."""

    time: int
    tag: str
    kind: str
    active: bool

    @property
    def name(self) -> str:
        """Its own state tag."""
        return f"{self.tag}-{self.kind}"


@dataclass(frozen=True)
class Messages:
    """A recording of state tags; see :class:`gateway.history.pieces.History`."""

    rows: tuple[Message, ...]

    def columns(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(m.name for m in self.rows))

    def first(self, names: Sequence[str]) -> int | None:
        wanted = set(names)
        return next((m.time for m in self.rows if m.name in wanted), None)

    def pieces(self, rows_of: Mapping[str, int]) -> Iterator[Long]:
        arrival = Arrival()
        times = np.array([m.time for m in self.rows], np.int64)
        received = arrival(times)
        mine = np.array([i for i, m in enumerate(self.rows) if m.name in rows_of], np.int64)
        yield Long(
            tag=np.array([rows_of[self.rows[i].name] for i in mine], np.int32),
            source=times[mine],
            received=received[mine],
            value=np.array([float(self.rows[i].active) for i in mine]),
            quality=np.zeros(len(mine), np.uint8),
            place=mine,
            last=arrival.last,
        )


def plant(messages: Sequence[Message], *, managed: bool) -> Site:
    """A state tag and a rule for each kind of message."""
    names = {m.name: m for m in messages}
    tags = tuple(
        Tag(id=n, raw=n, description="", cls="state", unit="", installation=m.tag, max_age=0)
        for n, m in names.items()
    )
    rules = tuple(_rule(n, m, names, managed=managed) for n, m in names.items())
    places = tuple(Installation(id=p, name=p) for p in dict.fromkeys(m.tag for m in names.values()))
    return Site(
        gateway="gw",
        county="000000",
        id="floods",
        name="floods",
        installations=places,
        tags=tags,
        rules=rules,
    )


def _rule(name: str, m: Message, known: Mapping[str, Message], *, managed: bool) -> Rule:
    outer = f"{m.tag}-{OUTER.get(m.kind, '')}"
    return Rule(
        id=f"{name}.STATE", name="STATE", kind=RuleKind.STATE, subject=name, tags=(name,), values=(1,),
        installation=m.tag, level=Level.ORANGE if len(m.kind) > 1 else Level.YELLOW, priority=2,
        off_delay=HOLD_OFF if managed else 0,
        suppressed_while=(f"{outer}.STATE",) if managed and outer in known else (),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Run:
    """What an operator gets of one recording."""

    announced: int
    peak: float
    flood: float
    floods: int
    groups: float
    """groups in which the alarms of a flood come, on average"""
    hidden: int
    set_aside: int
    first_shown: bool


def judged(messages: Sequence[Message], *, managed: bool) -> Run:
    """One recording through detection, alarm stage and figures."""
    outcome = backtest(plant(messages, managed=managed), Messages(tuple(messages)))
    events = [event for _, event in outcome.decisions]
    begin, end = outcome.span
    figures = {f.name: f.value for f in kpis(episodes(events), begin, end).figures}
    floods = [e for e in events if e.event is EventKind.FLOOD_ENDED]
    told = sum(e.event in (EventKind.RAISED, EventKind.RE_ALARM) and _shown(e) for e in events)
    shown, aside = _stands(events, shown=True), _stands(events, shown=False)
    missing = [m for m in messages if m.active and not _covers(shown.get(m.name, []), m.time)]
    hidden = [m for m in missing if not _with_cause(m, aside, shown)]
    first = next(m for m in messages if m.active)
    return Run(
        announced=told, peak=figures["peak_10_min"], flood=figures["flood"], floods=len(floods),
        groups=sum(len(e.detail["groups"]) for e in floods) / len(floods) if floods else 0.0,
        hidden=len(hidden), set_aside=len(missing) - len(hidden),
        first_shown=_covers(shown.get(first.name, []), first.time),
    )  # fmt: skip


def _shown(event: Event) -> bool:
    return event.after is not None and event.after.suppression is Suppression.NONE


Spans = dict[str, list[tuple[int, int]]]


def _stands(events: Sequence[Event], *, shown: bool) -> Spans:
    """Spans in which an alarm of a tag stands and is announced, or stands and is set aside."""
    began: dict[str, int] = {}
    spans: Spans = defaultdict(list)
    for event in events:
        if not event.id or event.after is None or event.event is EventKind.CLOSED:
            continue
        now = event.after.condition is Condition.ACTIVE and _shown(event) is shown
        if now:
            began.setdefault(event.id, event.time)
        elif event.id in began:
            spans[event.tag].append((began.pop(event.id), event.time))
    tags = {e.id: e.tag for e in events if e.id}
    for ident, start in began.items():
        spans[tags[ident]].append((start, 1 << 62))
    return {tag: sorted(own) for tag, own in spans.items()}


def _covers(spans: Sequence[tuple[int, int]], time: int) -> bool:
    """Spans in the order of their beginnings; branches of one rule may overlap, the latest few are looked at."""
    place = bisect.bisect_right(spans, (time, 1 << 62))
    return any(start <= time <= end for start, end in spans[max(place - BRANCHES, 0) : place])


def _with_cause(m: Message, aside: Spans, shown: Spans) -> bool:
    """It is set aside, and what set it aside stands and is announced."""
    outer = f"{m.tag}-{OUTER.get(m.kind, '')}"
    return _covers(aside.get(m.name, []), m.time) and _covers(shown.get(outer, []), m.time)


def tep() -> dict[str, list[Message]]:
    """Case -> messages."""
    header, rows = lines(folder("TEP_ALARMS") / "original.csv.gz")
    case, when, tag, kind = (header.index(n) for n in ("case", "timestamp", "tag", "type"))
    times = np.array([r[when].replace(" ", "T") for r in rows], "datetime64[ns]").astype(np.int64)
    found: dict[str, list[Message]] = defaultdict(list)
    for row, time in zip(rows, times.tolist(), strict=True):
        limit, _, back = row[kind].partition(" ")
        found[row[case]].append(Message(time, row[tag], limit, not back))
    return {k: _in_order(v) for k, v in found.items()}


def cern() -> list[Message]:
    """All messages; a tag is a power converter, a kind one of its faults."""
    header, rows = lines(folder("CERN_ALARMS") / "alarms_2014_2017.csv.gz")
    who, code, active, when = (header.index(n) for n in ("FAULT_MEMBER", "FAULT_CODE", "ACTIVE", "SYSTEM_TS"))
    times = np.array([r[when].replace(" ", "T") for r in rows], "datetime64[ns]").astype(np.int64)
    return _in_order(
        [Message(t, r[who], r[code], r[active] == "Y") for r, t in zip(rows, times.tolist(), strict=True)]
    )


def _in_order(messages: list[Message]) -> list[Message]:
    """By time; of one alarm two messages of one moment are apart by a nanosecond each, in the order they stand in."""
    messages.sort(key=lambda m: m.time)
    last: dict[str, int] = {}
    out = []
    for m in messages:
        time = max(m.time, last.get(m.name, 0) + 1)
        last[m.name] = time
        out.append(Message(time, m.tag, m.kind, m.active))
    return sorted(out, key=lambda m: m.time)


def figures(name: str, recordings: Sequence[Sequence[Message]]) -> list[Figure]:
    """Both runs of every recording of a set, side by side."""
    plain = [judged(r, managed=False) for r in recordings]
    kept = [judged(r, managed=True) for r in recordings]
    before, after = sum(r.announced for r in plain), sum(r.announced for r in kept)
    onsets = sum(m.active for r in recordings for m in r)
    floods = [r for r in kept if r.floods]
    lines_ = sum(r.groups for r in floods) / len(floods) if floods else 0.0
    first = sum(r.first_shown for r in kept)
    less = 100.0 * (1 - after / before)
    peak = f"{max(r.peak for r in plain):g} -> {max(r.peak for r in kept):g}"
    share = f"{_mean(r.flood for r in plain):.3g} -> {_mean(r.flood for r in kept):.3g}"
    aside = f"{sum(r.set_aside for r in kept)} were set aside under an announced cause"
    hidden, stands = (
        float(sum(r.hidden for r in kept)),
        "onsets at which neither the alarm nor its cause stood announced",
    )
    return [
        Figure(name, "recordings", len(recordings), note=f"{onsets} recorded onsets"),
        Figure(name, "announcements as recorded", before),
        Figure(
            name,
            "announcements as a plant would run it",
            after,
            note="off-delay 5 min, HH and LL set H and L aside",
        ),
        Figure(name, "fewer announcements, %", less),
        Figure(name, "worst 10 min, announcements", peak),
        Figure(name, "time in flood, %", share),
        Figure(
            name,
            "groups in which a flood comes, average",
            lines_,
            note=f"{sum(r.floods for r in kept)} floods",
        ),
        most(name, stands, hidden, 0, aside),
        least(name, "recordings whose first alarm was announced at once", float(first), len(recordings)),
    ]


def _mean(values: Iterator[float]) -> float:
    found = list(values)
    return sum(found) / len(found)


def case(name: str) -> list[Figure]:
    """Figures of one set; that it was not run, where it is not here."""
    try:
        return figures(name, list(tep().values()) if name == "TEP_ALARMS" else [cern()])
    except NotHereError as error:
        return [Figure(name, "not run", None, note=str(error))]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.floods")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--write", action="store_true", help="make docs/floods.md")
    asked = parser.parse_args()
    found = [f for name in ("TEP_ALARMS", "CERN_ALARMS") for f in case(name)]
    if asked.write:
        PAGE.write_text(page(found), encoding="utf-8")
    report: dict[str, Any] = {"benchmark": "floods", "figures": [f.as_json() for f in found]}
    if asked.json:
        print(json.dumps(report, ensure_ascii=False))
    else:
        print("\n".join(f"{f.set}: {f.what}: {f.shown} {f.aim} {f.word} {f.note}" for f in found))
    return 1 if any(f.met is False for f in found) else 0


def page(found: Sequence[Figure]) -> str:
    """``docs/floods.md``."""
    rows = "".join(f"| {f.set}: {f.what} | {f.shown} | {f.aim} | {f.word} | {f.note} |\n" for f in found)
    return _PAGE + rows


_PAGE: Final = """\
# Alarm floods, recorded ones

<!-- long-file: generated by `python -m benchmarks.floods --write` -->

Two recordings of alarms go through the product's own detection and alarm stage, each message as a reading of a state
tag: once as recorded, once with an off-delay of five minutes on every alarm (one that chatters is one alarm) and with
the outer limit setting the inner one aside. Nothing is tuned to a recording, and nothing is hidden: at every recorded
onset the alarm, or the alarm that set it aside, stands announced, and the first alarm of every upset was announced at
once. TEP_ALARMS are upsets of a simulated chemical plant, one root cause to a case; CERN_ALARMS are the power
converters of an accelerator over three years.

How much less it is depends on the plant. Where a few signals chatter (TEP_ALARMS) nearly all of it is chatter; single
faults that come together (CERN_ALARMS) stay many alarms, and what helps is that they are shown as a few groups.

| what | figure | aim | | how it came about |
|---|---|---|---|---|
"""

if __name__ == "__main__":
    sys.exit(main())
