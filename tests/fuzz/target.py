"""What is fuzzed: a decoder, inputs to begin with, and the modules whose lines guide the search."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent
CORPUS = FOLDER / "corpus"


@dataclass(frozen=True)
class Target:
    """``run`` swallows the decoder's own errors (those its docstring names); whatever else comes out is a finding.

    Attributes:
        seeds: valid inputs and known poison, made by hand.
        guides: parts of file names, e.g. ``sources/mqtt/decode``: a new pair of lines in them is progress.
        words: pieces worth inserting (keys, magic numbers).
        longest: bytes; longer inputs are cut.
    """

    name: str
    run: Callable[[bytes], None]
    seeds: Sequence[bytes]
    guides: Sequence[str]
    words: Sequence[bytes] = ()
    longest: int = 4096
    short: int = 1500
    """mutations in the tests; fewer where one takes milliseconds"""
    traced: float = 1.0
    """share of the mutations that are traced, the others can only fail: where tracing takes most of the time"""

    @property
    def folder(self) -> Path:
        """Where found inputs are kept."""
        return CORPUS / self.name

    def corpus(self) -> list[bytes]:
        """Seeds, then the kept inputs in the order of their names."""
        kept = sorted(self.folder.glob("*.bin")) if self.folder.is_dir() else []
        return [*self.seeds, *(each.read_bytes() for each in kept)]
