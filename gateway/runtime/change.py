"""A change of configuration as people asked for it, and as the journal tells it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gateway.model.commands import Actor
from gateway.model.inputs import ConfigChange

MOST_LINES: Final = 100
"""differences that one event tells in words; their number is complete"""


@dataclass(frozen=True, slots=True)
class Change:
    """Who asked for a configuration, who agreed, why; ``lines`` is what differs, each in words."""

    actor: Actor | None = None
    why: str = ""
    second: Actor | None = None
    lines: Sequence[str] = ()

    def told(self, time: int, old: str, new: str) -> ConfigChange:
        """The input that says so. ``time`` ns; ``old`` and ``new`` are hashes."""
        shown = tuple(self.lines[:MOST_LINES])
        return ConfigChange(
            time, old, new, _name(self.actor), self.why, _name(self.second), shown, len(self.lines)
        )


def _name(actor: Actor | None) -> str:
    return (actor.name or actor.id) if actor is not None else ""
