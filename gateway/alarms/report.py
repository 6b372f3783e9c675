"""The dual report (双报告) of a major event: to the competent department and to the workers' congress (职代会).

Two records, each with what it was made to, when, by whom and the reference of its receipt. A further version is a
record of its own; the alarm is closed only when both are made, or it was reviewed as a false alarm.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from gateway.alarms.decide import Basis, press
from gateway.alarms.evolve import Held
from gateway.alarms.tables import Cause
from gateway.model.commands import Command
from gateway.model.errors import Refused
from gateway.model.events import Event
from gateway.model.times import iso, parse_iso, seconds

TO: Final[Mapping[str, Cause]] = {"department": Cause.TO_DEPARTMENT, "congress": Cause.TO_CONGRESS}
WORDS: Final = ("to", "reference", "time")
AHEAD: Final = seconds(60)
"""A report made later than this from now is a slip of the hand."""


def made(held: Held, command: Command, basis: Basis) -> list[Event]:
    """One of the two reports was made.

    Raises:
        Refused: none is owed, or it does not say to whom, with which receipt, or when.
    """
    words = {k: v.strip() for k, v in command.words if v.strip()}
    to, reference = words.get("to", ""), words.get("reference", "")
    if to not in TO:
        raise Refused(f"report to {to or 'whom'!r}; allowed: {' or '.join(TO)}")
    if not reference:
        raise Refused("a report needs the reference of its receipt")
    when = _when(words.get("time", ""), held, basis.time)
    detail: dict[str, Any] = {"to": to, "reference": reference, "made": iso(when)}
    return press(held, TO[to], replace(basis, detail=detail))


def _when(text: str, held: Held, now: int) -> int:
    if not text:
        return now
    try:
        when = parse_iso(text)
    except ValueError as error:
        raise Refused(f"time {text!r}; allowed: RFC 3339 with zone") from error
    if not held.occurrence.onset <= when <= now + AHEAD:
        raise Refused(f"time {text}: before the alarm, or later than now")
    return when
