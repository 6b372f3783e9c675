"""What a message says: readings, and links that are up or down."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gateway.sources.mqtt.decode import Row


@dataclass(frozen=True, slots=True)
class Change:
    """A node or device is seen or not: ``who`` is (node, device or empty)."""

    who: tuple[str, str]
    up: bool
    why: str


@dataclass(frozen=True, slots=True)
class Said:
    """A message as readings, and behind them the links that it says are up or down."""

    rows: Sequence[Row]
    changes: Sequence[Change] = ()


NOTHING: Final = Said(())
