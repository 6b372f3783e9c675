"""Readings as the archive keeps them: conditioned, each with its input's number and, where it differs, as it came."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

COLUMNS: Final = (
    ("tag", "i4"),
    ("input", "i8"),
    ("source", "i8"),
    ("received", "i8"),
    ("value", "f8"),
    ("quality", "u1"),
    ("made", "?"),
    ("raw", "f8"),
    ("raw_quality", "u1"),
    ("raw_source", "i8"),
)


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Columns of one length. ``tag`` counts in ``tags``.

    ``made``: the gateway made it (computed, stale, entered by hand); it did not come with input ``input``, which then
    only says when. ``raw``, ``raw_quality``, ``raw_source``: as it came; of ``made`` rows the conditioned ones again.
    """

    tags: tuple[str, ...]
    tag: NDArray[np.int32]
    input: NDArray[np.int64]
    source: NDArray[np.int64]
    received: NDArray[np.int64]
    value: NDArray[np.float64]
    quality: NDArray[np.uint8]
    made: NDArray[np.bool_]
    raw: NDArray[np.float64]
    raw_quality: NDArray[np.uint8]
    raw_source: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.tag)

    def take(self, which: NDArray[Any]) -> "Rows":
        """Some rows, in that order."""
        return Rows(self.tags, *(getattr(self, name)[which] for name, _ in COLUMNS))

    def by_tag(self) -> "Rows":
        """Ordered by tag; those of one tag stay in order of arrival."""
        return self.take(np.argsort(self.tag, kind="stable"))

    @classmethod
    def empty(cls, tags: tuple[str, ...] = ()) -> "Rows":
        """None."""
        return cls(tags, *(np.empty(0, dtype) for _, dtype in COLUMNS))


def join(parts: Sequence[Rows]) -> Rows:
    """All rows, in order; tags are matched by id."""
    tags = tuple(dict.fromkeys(tag for part in parts for tag in part.tags))
    place = {tag: i for i, tag in enumerate(tags)}
    columns: dict[str, NDArray[Any]] = {}
    for name, dtype in COLUMNS[1:]:
        columns[name] = np.concatenate([getattr(p, name) for p in parts] or [np.empty(0, dtype)])
    maps = [np.array([place[t] for t in p.tags], np.int32) for p in parts]
    tag = [m[p.tag] if len(p) else p.tag for m, p in zip(maps, parts, strict=True)]
    return Rows(tags, np.concatenate(tag or [np.empty(0, "i4")]), **columns)
