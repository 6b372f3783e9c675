"""What a named person asks of the alarms. A command is an input: numbered, journalled, replayed."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Actor:
    """Who, in what role, from where."""

    id: str
    name: str
    role: str = "operator"
    workstation: str = ""


SYSTEM = Actor("system", "system", "system")


class Act(StrEnum):
    """Commands of this version; suppression and disposal commands extend this list."""

    ACKNOWLEDGE = "acknowledge"
    RESET = "reset"


@dataclass(frozen=True, slots=True)
class Seen:
    """An occurrence as the person saw it: events after ``n`` stay unacknowledged."""

    id: str
    n: int


@dataclass(frozen=True, slots=True)
class Command:
    """One act on the occurrences that were seen."""

    act: Act
    actor: Actor
    seen: tuple[Seen, ...]
    comment: str = ""
