"""What an expression is compiled against, and what it becomes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from detectors import program as op
from gateway.model.units import Unit


@dataclass(frozen=True, slots=True)
class Known:
    """What names may mean.

    Attributes:
        tags: unit by id of tag.
        constants: value and unit by name.
        tables: unit of x, unit of y, points x1, y1, x2, y2, ... by name.
    """

    tags: Mapping[str, str]
    constants: Mapping[str, tuple[float, str]] = field(default_factory=dict)
    tables: Mapping[str, tuple[str, str, tuple[float, ...]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Compiled:
    """A program, the tags it reads in the order of its inputs, its tables, and the unit of its result."""

    steps: tuple[op.Step, ...]
    points: tuple[float, ...]
    inputs: tuple[str, ...]
    unit: Unit | None
    """None: true or false"""
    used: tuple[str, ...] = ()
    """constants and tables it uses, sorted"""
