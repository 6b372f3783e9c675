"""Expected events as text, one a line: ``2026-11-22T00:00:12Z raised LT-101.H yellow``.

Time, event, rule, level; lines that begin with ``#`` are remarks. Written by ``backtest --events``, compared by
``--against``: what differs is told line by line, and an event that came at another time is one difference, not two.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.model.errors import Fault, Misconfigured
from gateway.model.events import Event, EventKind
from gateway.model.levels import Level
from gateway.model.times import NS, iso, parse_iso

KINDS = frozenset(k.value for k in EventKind)


@dataclass(frozen=True, slots=True)
class Line:
    """One event. ``number`` is its line in the file, 0 for one that came."""

    time: int
    event: str
    rule: str
    level: str
    number: int = 0

    def __str__(self) -> str:
        return f"{_short(self.time)} {self.event} {self.rule} {self.level}".rstrip()

    @property
    def what(self) -> tuple[str, str]:
        """Event and rule."""
        return self.event, self.rule


@dataclass(frozen=True, slots=True)
class Difference:
    """``how``: missing, unexpected, moved or level."""

    how: str
    wanted: Line | None
    came: Line | None

    def text(self, file: str) -> str:
        """For people: place, what was expected, what came."""
        w, c = self.wanted, self.came
        if w is None:
            return f"{file}: not expected: {c}"
        place = f"{file}:{w.number}"
        if c is None:
            return f"{place}: did not come: {w}"
        if self.how == "level":
            return f"{place}: came as {c.level}: {w}"
        gap = (c.time - w.time) / NS
        return f"{place}: came {abs(gap):g} s {'later' if gap > 0 else 'earlier'} ({_short(c.time)}): {w}"

    def as_json(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "how": self.how,
            "line": self.wanted.number if self.wanted else None,
            "wanted": str(self.wanted) if self.wanted else None,
            "came": str(self.came) if self.came else None,
        }


def lines_of(events: Iterable[Event]) -> list[Line]:
    """Events of alarms and faults; not what belongs to the gateway itself."""
    return [Line(e.time, e.event.value, e.rule, e.level.word if e.level else "") for e in events if e.id]


def read_expected(path: Path) -> list[Line]:
    """An expected-events file.

    Raises:
        Misconfigured: with every line that is wrong.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeError) as error:
        raise Misconfigured([Fault(str(path), None, "file", str(error), "a file of events")]) from error
    found, faults = list[Line](), list[Fault]()
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split("#", 1)[0].split()
        if not words:
            continue
        try:
            found.append(_line(words, number))
        except ValueError as error:
            allowed = "TIME EVENT RULE [LEVEL], e.g. 2026-11-22T00:00:12Z raised LT-101.H yellow"
            faults.append(Fault(str(path), number, "line", str(error), allowed))
    if faults:
        raise Misconfigured(faults)
    return found


def _line(words: Sequence[str], number: int) -> Line:
    if not 3 <= len(words) <= 4:
        raise ValueError(f"{len(words)} words")
    time, event, rule, level = (*words, "")[:4]
    if event not in KINDS:
        raise ValueError(f"no event {event!r}")
    return Line(parse_iso(time), event, rule, Level.parse(level).word if level else "", number)


def differences(wanted: Sequence[Line], came: Sequence[Line], within: int = 0) -> list[Difference]:
    """What differs, by time. Events of one rule and kind are paired in order of closeness in time, each once.

    Args:
        within: how far apart two times may be and still be the same, ns.
    """
    pairs = _paired(wanted, came)
    out = []
    for w, c in pairs:
        if abs(w.time - c.time) > within:
            out.append(Difference("moved", w, c))
        elif w.level and w.level != c.level:
            out.append(Difference("level", w, c))
    used_w, used_c = {id(w) for w, _ in pairs}, {id(c) for _, c in pairs}
    out += [Difference("missing", w, None) for w in wanted if id(w) not in used_w]
    out += [Difference("unexpected", None, c) for c in came if id(c) not in used_c]
    return sorted(out, key=_time_of)


def _paired(wanted: Sequence[Line], came: Sequence[Line]) -> list[tuple[Line, Line]]:
    """Equal times first; of what is left the n-th with the n-th, where there are as many, else the closest."""
    pairs: list[tuple[Line, Line]] = []
    for what in dict.fromkeys(line.what for line in wanted):
        mine = [w for w in wanted if w.what == what]
        theirs = [c for c in came if c.what == what]
        gaps = sorted(
            (abs(w.time - c.time), i, j) for i, w in enumerate(mine) for j, c in _near(theirs, w.time)
        )
        seen_w, seen_c = set[int](), set[int]()
        for _, i, j in gaps:
            if i not in seen_w and j not in seen_c:
                seen_w.add(i)
                seen_c.add(j)
                pairs.append((mine[i], theirs[j]))
    return pairs


NEAR = 8


def _near(lines: Sequence[Line], time: int) -> Iterable[tuple[int, Line]]:
    """The closest few: all pairs of a chattering alarm would be too many."""
    order = sorted(range(len(lines)), key=lambda j: abs(lines[j].time - time))[:NEAR]
    return [(j, lines[j]) for j in order]


def _time_of(difference: Difference) -> tuple[int, int]:
    line = difference.wanted or difference.came
    return (line.time, line.number) if line else (0, 0)


def _short(time: int) -> str:
    """Nine digits only where they say something."""
    return iso(time).replace(".000000000Z", "Z")
