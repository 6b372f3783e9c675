"""What people do that is no act on an alarm: enter a reading, mark a loop as tested. Pure.

Both are commands, so they are inputs: journalled with who and when, and replayed as they were.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from gateway.model.batch import Batch
from gateway.model.commands import Act, Command
from gateway.model.errors import Refused
from gateway.model.events import Event, EventKind
from gateway.model.ports import TagState
from gateway.model.quality import Quality, Status, quality_name, status_of
from gateway.model.site import Site, Tag
from gateway.model.times import iso, parse_iso, seconds

ACTS: Final = frozenset({Act.ENTER, Act.LOOP_TESTED, Act.FALSE_DATA, Act.CARD_STEP, Act.ACCESS})
AHEAD: Final = seconds(60)
"""A reading entered for later than this from now is a slip of the hand."""
OLDEST: Final = seconds(7 * 86_400)
"""As for every other source: what is older is not believed (see the conditioning's clock check)."""
RESULTS: Final = ("passed", "failed")


@dataclass(frozen=True, slots=True)
class Entered:
    """A manual reading: row of the tag, source time ns, value in its unit."""

    tag: int
    source: int
    value: float


def batch(table: str, entered: Entered, received: int) -> Batch:
    """The reading as a batch of one."""
    times = np.array([entered.source], np.int64), np.array([received], np.int64)
    value, quality = np.array([entered.value]), np.array([int(Quality.GOOD_MANUAL)], np.uint8)
    return Batch(table, np.array([entered.tag], np.int32), *times, value, quality)


def by_hand(
    site: Site, command: Command, now: int, present: Sequence[TagState]
) -> tuple[Event, Entered | None]:
    """The event, and the reading if there is one.

    Raises:
        Refused: nothing was changed; says why.
    """
    words = dict(command.words)
    if command.act is Act.ACCESS:
        return _access(command, words, now), None
    if command.act is Act.CARD_STEP:
        return _card_step(site, command, words, now), None
    row = site.tag_index.get(words.get("tag", ""))
    if row is None:
        raise Refused(f"no tag {words.get('tag', '')!r}")
    if command.act is Act.LOOP_TESTED:
        return _tested(site.tags[row], command, words, now, present[row]), None
    if command.act is Act.FALSE_DATA:
        return _false(site.tags[row], command, words, now, present[row]), None
    return _entered(site, row, command, words, now, present)


def _access(command: Command, words: Mapping[str, str], now: int) -> Event:
    """Who may look and act: the console has decided it, the journal keeps it."""
    return Event(
        event=EventKind.ACCESS, time=now, actor=command.actor, comment=command.comment, detail=dict(words)
    )


def _card_step(site: Site, command: Command, words: Mapping[str, str], now: int) -> Event:
    """A ticked step of the response card of one alarm; it changes no alarm, it says what was done and by whom."""
    rule = next((r for r in site.rules if r.id == words.get("rule", "")), None)
    if rule is None:
        raise Refused(f"no rule {words.get('rule', '')!r}")
    if not words.get("alarm") or not words.get("step", "").isdigit():
        raise Refused("which alarm and which step")
    detail = {"alarm": words["alarm"], "step": words["step"], "text": words.get("text", "")}
    return Event(
        event=EventKind.CARD_STEP, time=now, rule=rule.id, installation=rule.installation, tag=rule.subject,
        level=rule.level, actor=command.actor, comment=command.comment, detail=detail,
    )  # fmt: skip


def _tested(tag: Tag, command: Command, words: Mapping[str, str], now: int, seen: TagState) -> Event:
    result = words.get("result", "passed")
    if result not in RESULTS:
        raise Refused(f"result {result!r}; allowed: {' or '.join(RESULTS)}")
    if result == "failed" and not command.comment:
        raise Refused("a loop that failed needs a comment: what failed")
    detail = {"result": result, "method": words.get("method", "")}
    return _event(
        EventKind.LOOP_TESTED, tag, now, command, value=seen.value, quality=seen.quality, detail=detail
    )


def _false(tag: Tag, command: Command, words: Mapping[str, str], now: int, seen: TagState) -> Event:
    if not command.comment:
        raise Refused("data that are called false need a reason")
    try:
        start, end = parse_iso(words.get("start", "")), parse_iso(words.get("end", ""))
    except ValueError as error:
        raise Refused("start and end; allowed: RFC 3339 with zone") from error
    if not start < end <= now + AHEAD:
        raise Refused(
            f"from {iso(start)} to {iso(end)}: the end must be after the start, and not later than now"
        )
    detail = {"start": iso(start), "end": iso(end)}
    return _event(
        EventKind.FALSE_DATA, tag, now, command, value=seen.value, quality=seen.quality, detail=detail
    )


def _entered(
    site: Site, row: int, command: Command, words: Mapping[str, str], now: int, present: Sequence[TagState]
) -> tuple[Event, Entered]:
    tag = site.tags[row]
    if not tag.manual:
        raise Refused(f"{tag.id} is measured, not entered: its source is not of kind manual")
    value, source = _value(words.get("value", "")), _time(words.get("time", ""), now)
    if tag.low is not None and tag.high is not None and not tag.low <= value <= tag.high:
        raise Refused(f"{value:g} {tag.unit} is outside the range of {tag.id}, {tag.low:g} to {tag.high:g}")
    if source <= present[row].source and present[row].received:
        raise Refused(f"{tag.id} has a reading of {iso(present[row].source)} or later already")
    event = _event(
        EventKind.MANUAL_READING,
        tag,
        source,
        command,
        value=value,
        quality=int(Quality.GOOD_MANUAL),
        detail=_compared(site, tag, value, present),
    )
    return event, Entered(row, source, value)


def _compared(site: Site, tag: Tag, value: float, present: Sequence[TagState]) -> dict[str, Any]:
    """What the online tag of the same point says now; numbers as text, as all detail is."""
    row = site.tag_index.get(tag.twin)
    if row is None:
        return {}
    seen = present[row]
    out: dict[str, Any] = {
        "online": tag.twin,
        "online_quality": quality_name(seen.quality),
        "within": tag.twin_within,
    }
    if seen.value is None or status_of(seen.quality) is Status.BAD or not math.isfinite(seen.value):
        return {**out, "agrees": None}
    difference = float(f"{value - seen.value:.12g}")
    agrees = abs(difference) <= tag.twin_within
    return {
        **out,
        "online_value": seen.value,
        "online_time": iso(seen.source),
        "difference": difference,
        "agrees": agrees,
    }


def _event(  # noqa: PLR0913 - the fields of one event
    kind: EventKind,
    tag: Tag,
    time: int,
    command: Command,
    *,
    value: float | None,
    quality: int,
    detail: dict[str, Any],
) -> Event:
    return Event(
        event=kind,
        time=time,
        installation=tag.installation,
        tag=tag.id,
        description=tag.description,
        cls=tag.cls,
        unit=tag.unit,
        value=value,
        quality=quality,
        actor=command.actor,
        comment=command.comment,
        detail={key: each for key, each in detail.items() if each != ""},
    )


def _value(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise Refused(f"value {text!r}; allowed: a number")
    return value


def _time(text: str, now: int) -> int:
    """When it was read; empty: now."""
    if not text:
        return now
    try:
        source = parse_iso(text)
    except ValueError as error:
        raise Refused(f"time {text!r}; allowed: RFC 3339 with zone") from error
    if source > now + AHEAD or source < now - OLDEST:
        raise Refused(f"time {text}: later than now, or more than seven days ago")
    return source
