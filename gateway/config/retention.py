"""How long readings must be kept at least, where no pack says so."""

from collections.abc import Iterator, Sequence
from typing import Final

from gateway.config.schema import InstallationEntry, Storage
from gateway.config.source import Document
from gateway.model.errors import Fault
from gateway.model.times import seconds

MAJOR_HAZARD: Final = seconds(30 * 86_400)
"""Electronic records of major hazard installations are kept for at least 30 days (总局令第40号, order 40; mark S)."""


def least_kept(
    installations: Sequence[InstallationEntry], storage: Storage, document: Document
) -> Iterator[Fault]:
    """Readings of a graded installation (GB 18218: a major hazard installation) kept for less than the order asks."""
    graded = [i.id for i in installations if i.grade is not None]
    if graded and storage.keep < MAJOR_HAZARD:
        told = f"{storage.keep / 86_400e9:g}d"
        asked = f"at least 30d: {graded[0]} is a major hazard installation (总局令第40号)"
        yield document.fault(("storage", "keep"), told, asked)
