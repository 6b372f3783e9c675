"""What the parameters of every kind have, and the checks they share."""

import math
from dataclasses import dataclass
from typing import ClassVar, Protocol


class Params(Protocol):
    """Frozen parameters of one rule: a dataclass, hashable, checked when made."""

    code: ClassVar[int]
    """kind, as kernels know it"""
    family: ClassVar[str]
    """name of the family that judges it"""
    members: ClassVar[tuple[str, ...]]
    """names of its fields that hold rows of tags: one row (int) or several (tuple)"""

    @property
    def on_delay(self) -> int:
        """ns beyond the trigger before it is raised"""

    @property
    def off_delay(self) -> int:
        """ns within the reset before it is cleared"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delayed:
    """The delays, which every kind has."""

    on_delay: int = 0
    off_delay: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OfOneTag(Delayed):
    """A kind that looks at one tag."""

    tag: int
    members: ClassVar[tuple[str, ...]] = ("tag",)


def tags_of(rule: Params) -> tuple[int, ...]:
    """Rows of the tags a rule looks at, in the order of its fields."""
    found: list[int] = []
    for name in rule.members:
        value = getattr(rule, name)
        found.extend(value if isinstance(value, tuple) else (value,))
    return tuple(found)


def finite(name: str, *values: float) -> None:
    """Raises ValueError unless all are finite."""
    if not all(math.isfinite(v) for v in values):
        raise ValueError(f"{name}: limits must be finite, got {values}")


def delays(name: str, *values: int) -> None:
    """Raises ValueError if any time is negative."""
    if any(v < 0 for v in values):
        raise ValueError(f"{name}: times must not be negative, got {values}")
