"""Figures of how alarms were answered: by people, with suppression, through the closed loop; and how much was seen.

From the journal's events alone, so a past month never changes. Targets: time to acknowledge and shelving have none in
the standard; on-time closure, false alarms and online rate are what the county asks after (work-safety orders), each
shown without a target of ours. A configuration that changed with nobody's name behind it, or that ran before two
persons had approved it, counts as an unauthorised change.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from gateway.history.kpi import DAY, Figure
from gateway.model.events import Acknowledgement, Condition, Event, EventKind, Suppression
from gateway.model.site import Site
from gateway.model.times import NS, parse_iso

_SHELVED: Final = (Suppression.SHELVED,)
_REMOVED: Final = (Suppression.OUT_OF_SERVICE,)
UNAPPROVED: Final = "system.unapproved-configuration"
_SAID: Final = (EventKind.RAISED, EventKind.RE_ALARM)
_DONE: Final = (EventKind.DISPOSAL_CLOSED, EventKind.DISPOSAL_FALSE_ALARM)


@dataclass(slots=True)
class _Seen:
    """What the events of a period add up to."""

    waits: list[int] = field(default_factory=list)
    """ns from the announcement to the acknowledgement"""
    asked: dict[str, int] = field(default_factory=dict)
    kept: dict[str, tuple[Suppression, int]] = field(default_factory=dict)
    aside: dict[Suppression, int] = field(default_factory=lambda: defaultdict(int))
    """ns of rules kept from the operator"""
    due: dict[str, int] = field(default_factory=dict)
    opened: int = 0
    closed: int = 0
    false: int = 0
    on_time: int = 0
    unauthorised: int = 0
    changes: int = 0
    unnamed: bool = False
    """the newest change was in nobody's name, and counted for that"""
    blind: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """tag -> ns of instrument or link fault"""
    faulty: dict[str, tuple[tuple[str, ...], int]] = field(default_factory=dict)


def service(events: Iterable[Event], site: Site, start: int, end: int) -> tuple[Figure, ...]:
    """Figures of the period ``start`` to ``end``, ns. ``events``: the journal's, oldest first, from its beginning."""
    seen = _Seen()
    for event in events:
        if event.time > end:
            break
        _take(seen, event, start)
    for ident in list(seen.kept):
        _let_go(seen, ident, end, start)
    for ident in list(seen.faulty):
        _seeing(seen, ident, end, start)
    return (*_people(seen, end - start), *_loop(seen), *_seen_of(seen, site, start, end))


def _take(seen: _Seen, event: Event, start: int) -> None:
    if event.event is EventKind.CONFIG_CHANGED and event.time >= start:
        seen.changes += 1
        seen.unnamed = event.actor is None
        seen.unauthorised += seen.unnamed
    if event.rule == UNAPPROVED and event.event in _SAID and event.time >= start:
        seen.unauthorised += not seen.unnamed
        seen.unnamed = False
    if not event.id or event.after is None:
        return
    _acknowledged(seen, event, start)
    _suppressed(seen, event, start)
    _disposed(seen, event, start)
    if event.fault and event.kind in ("instrument", "link"):
        _blinded(seen, event, start)


def _acknowledged(seen: _Seen, event: Event, start: int) -> None:
    waiting = event.after is not None and event.after.acknowledgement is Acknowledgement.UNACKNOWLEDGED
    if waiting:
        seen.asked.setdefault(event.id, event.time)
    elif event.event is EventKind.ACKNOWLEDGED and event.id in seen.asked:
        asked = seen.asked.pop(event.id)
        if event.time >= start:
            seen.waits.append(event.time - asked)


def _suppressed(seen: _Seen, event: Event, start: int) -> None:
    now = event.after.suppression if event.after else Suppression.NONE
    known = seen.kept.get(event.id, (Suppression.NONE, 0))[0]
    if now is known:
        return
    _let_go(seen, event.id, event.time, start)
    if now is not Suppression.NONE:
        seen.kept[event.id] = (now, event.time)


def _let_go(seen: _Seen, ident: str, time: int, start: int) -> None:
    if ident in seen.kept:
        suppression, since = seen.kept.pop(ident)
        seen.aside[suppression] += max(time - max(since, start), 0)


def _disposed(seen: _Seen, event: Event, start: int) -> None:
    if event.event is EventKind.DISPOSAL_OPENED:
        seen.due[event.id] = parse_iso(event.detail["due"]) if "due" in event.detail else event.time
        seen.opened += event.time >= start
    elif event.event in _DONE and event.id in seen.due:
        due = seen.due.pop(event.id)
        if event.time >= start:
            seen.closed += 1
            seen.on_time += event.time <= due
            seen.false += event.event is EventKind.DISPOSAL_FALSE_ALARM


def _blinded(seen: _Seen, event: Event, start: int) -> None:
    bad = event.after is not None and event.after.condition is not Condition.NORMAL
    if bad and event.id not in seen.faulty:
        seen.faulty[event.id] = (event.members or (event.tag,), event.time)
    elif not bad:
        _seeing(seen, event.id, event.time, start)


def _seeing(seen: _Seen, ident: str, time: int, start: int) -> None:
    if ident in seen.faulty:
        tags, since = seen.faulty.pop(ident)
        for tag in tags:
            seen.blind[tag] += max(time - max(since, start), 0)


def _people(seen: _Seen, span: int) -> tuple[Figure, ...]:
    waits = sorted(seen.waits)
    middle = median(waits) / NS if waits else 0.0
    slowest = waits[-1] / NS if waits else 0.0
    shelved, removed = (sum(seen.aside[s] for s in kinds) / max(span, 1) for kinds in (_SHELVED, _REMOVED))
    return (
        Figure("acknowledged", "确认次数", "acknowledgements", len(waits), "", "", None),
        Figure("time_to_ack", "确认用时中位数", "time to acknowledge, median", middle, "s", "", None),
        Figure("time_to_ack_max", "确认用时最长", "time to acknowledge, longest", slowest, "s", "", None),
        Figure("shelved", "平均搁置数", "shelved alarms, average", shelved, "", "", None),
        Figure("out_of_service", "平均停用数", "out of service, average", removed, "", "", None),
        Figure("changes", "配置变更", "changes of configuration", seen.changes, "", "", None),
        Figure(
            "unauthorised",
            "未授权变更",
            "unauthorised changes",
            seen.unauthorised,
            "",
            "0",
            not seen.unauthorised,
        ),
    )


def _loop(seen: _Seen) -> tuple[Figure, ...]:
    return (
        Figure("disposals", "处置开启", "disposals opened", seen.opened, "", "", None),
        Figure("closed", "已销警", "disposals closed", seen.closed, "", "", None),
        Figure(
            "on_time", "按时闭环率", "closed on time", _share(seen.on_time, seen.closed), "%", "100 %",
            seen.on_time == seen.closed if seen.closed else None,
        ),
        Figure("false_alarms", "误报率", "false alarms", _share(seen.false, seen.closed), "%", "", None),
    )  # fmt: skip


def _seen_of(seen: _Seen, site: Site, start: int, end: int) -> tuple[Figure, ...]:
    """Online rate of all tags; overlapping faults of one tag (its own and its bus's) count once at most whole."""
    span = max(end - start, 1)
    lost = sum(min(seen.blind.get(tag.id, 0), span) for tag in site.tags)
    rate = 100.0 * (1 - lost / (span * len(site.tags))) if site.tags else 0.0
    overdue = calibration_overdue(site, end)
    return (
        Figure("online", "在线率", "online rate of the tags", rate, "%", "", None),
        Figure("calibration_overdue", "校验超期", "calibration overdue", len(overdue), "", "0", not overdue),
    )


def online_by_tag(events: Iterable[Event], site: Site, start: int, end: int) -> dict[str, float]:
    """Share of the period in which each tag could be seen, worst first."""
    seen = _Seen()
    for event in events:
        if event.time <= end and event.fault and event.kind in ("instrument", "link") and event.id:
            _blinded(seen, event, start)
    for ident in list(seen.faulty):
        _seeing(seen, ident, end, start)
    span = max(end - start, 1)
    shares = {tag.id: 1 - min(seen.blind.get(tag.id, 0), span) / span for tag in site.tags}
    return dict(sorted(shares.items(), key=lambda item: (item[1], item[0])))


def online_by_device(events: Iterable[Event], site: Site, start: int, end: int) -> dict[str, float]:
    """Share of the period in which each bus or device of the field answered, worst first."""
    seen = _Seen()
    for event in events:
        if event.time <= end and event.fault and event.kind == "link" and event.id:
            _blinded(seen, event._replace(members=(event.tag,)), start)
    for ident in list(seen.faulty):
        _seeing(seen, ident, end, start)
    span = max(end - start, 1)
    shares = {k.id: 1 - min(seen.blind.get(k.id, 0), span) / span for k in site.links}
    return dict(sorted(shares.items(), key=lambda item: (item[1], item[0])))


def calibration_overdue(site: Site, now: int) -> Sequence[str]:
    """Tags whose calibration was due before ``now`` (its date, UTC)."""
    return [
        tag.id
        for tag in site.tags
        if tag.calibration_due and parse_iso(f"{tag.calibration_due}T00:00:00Z") + DAY <= now
    ]


def _share(part: int, whole: int) -> float:
    return 100.0 * part / whole if whole else 0.0
