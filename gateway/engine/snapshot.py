"""What a step gives back, and the engine's memory as bytes."""

from dataclasses import dataclass, field
from typing import Final

from detectors import bank
from gateway.conditioning import stage
from gateway.model.batch import Batch
from gateway.model.events import Event

VERSION: Final = f"engine/1;{stage.VERSION};{bank.VERSION}"
"""snapshots of another version are refused and rebuilt by stepping the inputs again"""


@dataclass(frozen=True, slots=True)
class Step:
    """What a run of inputs decided."""

    events: tuple[tuple[int, Event], ...]
    """(input number, decision) in order of (number, stage, rule)"""
    readings: tuple[tuple[int, Batch], ...]
    """(input number, conditioned rows), with those that the gateway made (stale, link down)"""
    refused: dict[int, str] = field(default_factory=dict)
    """number of a command's input -> why it was refused; nothing was changed by it"""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All memory of the engine after input ``number``."""

    version: str
    number: int
    config_hash: str
    parts: dict[str, bytes]
