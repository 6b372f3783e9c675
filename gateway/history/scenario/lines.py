"""Lines of a scenario: what people do, what is expected, how it stands at the end."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gateway.history.scenario.words import Wrong, span, spelled
from gateway.model.commands import Act
from gateway.model.events import Event, EventKind
from gateway.model.levels import Level, LiveLevel

KINDS: Final = frozenset(k.value for k in EventKind)
LEVELS: Final = frozenset({*(x.word for x in Level), *(x.value for x in LiveLevel)})
_EXPECT: Final = "TIME EVENT RULE [LEVEL], e.g. 12s raised LT-101.H yellow, or 40s..42s cleared LT-101.H"
_DO: Final = (
    "TIME ACT RULE [by NAME] [for TIME] [because 'TEXT'], TIME link LINK down|up, or TIME restart after TIME"
)


@dataclass(frozen=True, slots=True)
class Expected:
    """One event between two times (ns after the start). ``rule`` is a place for live-level."""

    line: int
    first: int
    last: int
    event: str
    rule: str
    level: str

    def __str__(self) -> str:
        when = spelled(self.first) + (f"..{spelled(self.last)}" if self.last != self.first else "")
        return f"{when} {self.event} {self.rule} {self.level}".rstrip()


@dataclass(frozen=True, slots=True)
class Came:
    """One event that came."""

    at: int
    event: str
    rule: str
    level: str

    def __str__(self) -> str:
        return f"{spelled(self.at)} {self.event} {self.rule} {self.level}".rstrip()


@dataclass(frozen=True, slots=True)
class Do:
    """Something done at ``at``. ``what`` is an act, ``link`` or ``restart``; ``said`` are its words by name."""

    line: int
    at: int
    what: str
    subject: str
    said: dict[str, str]
    refused: bool

    def span(self, name: str) -> int:
        """A time among its words, ns; 0 if not said."""
        return span(self.said[name]) if name in self.said else 0


@dataclass(frozen=True, slots=True)
class End:
    """How a rule's latest occurrence stands at the end: words of its axes, or ``closed``."""

    line: int
    rule: str
    words: tuple[str, ...]


def came(event: Event, start: int) -> Came | None:
    """The event as a line; None for those of the gateway itself."""
    if event.event is EventKind.LIVE_LEVEL:
        place = event.installation or "site"
        return Came(event.time - start, event.event.value, place, str(event.detail["level"]))
    if not event.id:
        return None
    level = event.level.word if event.level else ""
    return Came(event.time - start, event.event.value, event.rule, level)


def read_expected(text: str, line: int) -> Expected:
    """``12s raised LT-101.H yellow``.

    Raises:
        Wrong: anything else.
    """
    words = text.split()
    if not 3 <= len(words) <= 4:
        raise Wrong(text, _EXPECT)
    when, event, rule, level = (*words, "")[:4]
    first, dots, last = when.partition("..")
    if event not in KINDS:
        raise Wrong(event, ", ".join(sorted(KINDS)))
    if level and level not in LEVELS:
        raise Wrong(level, ", ".join(sorted(LEVELS)))
    start, end = span(first), span(last if dots else first)
    if end < start:
        raise Wrong(when, "the earlier time first")
    return Expected(line, start, end, event, rule, level)


def read_do(text: str, line: int) -> Do:
    """``45s acknowledge LT-101.HH by anna``.

    Raises:
        Wrong: anything else.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise Wrong(text, f"{_DO} ({error})") from None
    if len(words) < 3:
        raise Wrong(text, _DO)
    at, what, rest = span(words[0]), words[1], words[2:]
    if what not in {"link", "restart", *Act}:
        raise Wrong(what, ", ".join(["link", "restart", *Act]))
    refused = rest[-1] == "refused"
    rest = rest[:-1] if refused else rest
    subject = "" if what == "restart" else rest.pop(0)
    if what == "link":
        if rest not in (["down"], ["up"]):
            raise Wrong(" ".join(rest), "down, up")
        return Do(line, at, what, subject, {"state": rest[0]}, refused)
    done = Do(line, at, what, subject, _pairs(rest), refused)
    done.span("after")
    done.span("for")
    return done


SAID: Final = ("by", "for", "because", "after", "permit", "with", "assignee", "cause", "measure", "evidence")


def _pairs(words: Sequence[str]) -> dict[str, str]:
    if len(words) % 2:
        raise Wrong(" ".join(words), _DO)
    pairs = dict(zip(words[::2], words[1::2], strict=True))
    for name in pairs:
        if name not in SAID:
            raise Wrong(name, ", ".join(SAID))
    return pairs


def read_end(text: str, line: int) -> End:
    """``LT-101.HH normal unacknowledged latched`` or ``LT-101.H closed``.

    Raises:
        Wrong: no words.
    """
    rule, *words = text.split()
    if not words:
        raise Wrong(
            text, "RULE and words of its state: active, normal, unknown, acknowledged, latched, closed, ..."
        )
    return End(line, rule, tuple(words))
