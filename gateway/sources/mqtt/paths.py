"""Paths into JSON and CBOR documents: compiled once, walked for each message. Pure.

``a.b``, ``a[0]``, ``a["odd.key"]`` name one place. ``a[*].v`` is every entry of a list, in its order (samples that a
logger sends together), and ``a[id=T101].v`` the entries whose ``id`` is ``T101`` (none: no reading, not a bad one).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

ALLOWED: Final = 'name, a.b, a[0].b, a["odd.key"], a[*].b, a[key=word].b'
_STEP: Final = re.compile(
    r'\.?([^.\[\]"#]+)|\[(\d{1,9})\]|\["((?:[^"\\])*)"\]|\[(\*)\]|\[([^\[\]"#=*]+)=([^\[\]"#]*)\]'
)


class Malformed(ValueError):
    """The payload does not hold what its address says."""


@dataclass(frozen=True, slots=True)
class Every:
    """All entries of a list; with a key, those where it has this word."""

    key: str = ""
    word: str = ""

    def of(self, entries: list[object]) -> Iterator[object]:
        """The entries meant."""
        for entry in entries:
            if not self.key or (isinstance(entry, dict) and self._is(entry.get(self.key))):
                yield entry

    def _is(self, name: object) -> bool:
        try:
            return str(name) == self.word
        except ValueError:  # an integer that has more digits than Python prints
            return False


Step = str | int | Every
Path = tuple[Step, ...]


def compile_path(text: str) -> Path:
    """``a.b[0]["odd.key"][*]`` -> ("a", "b", 0, "odd.key", Every()).

    Raises:
        ValueError: not a path.
    """
    steps: list[Step] = []
    at = 0
    while at < len(text):
        found = _STEP.match(text, at)
        if found is None or (text[at] == ".") != (bool(steps) and found[1] is not None):
            raise ValueError(f"bad path {text!r}; allowed: {ALLOWED}")
        steps.append(_step(found))
        at = found.end()
    if not steps:
        raise ValueError("empty path")
    return tuple(steps)


def _step(found: re.Match[str]) -> Step:
    name, index, quoted, star, key, word = found.groups()
    if index is not None:
        return int(index)
    if star is not None:
        return Every()
    return Every(key, word) if key is not None else str(name if name is not None else quoted)


def head_of(path: Path) -> int:
    """How many steps reach the last list of entries; 0 for a path to one place."""
    return max((k + 1 for k, step in enumerate(path) if isinstance(step, Every)), default=0)


def _has(document: object, step: Step) -> bool:
    if isinstance(document, dict):
        return step in document
    return isinstance(document, list) and isinstance(step, int) and step < len(document)


def walk(document: object, path: Sequence[Step]) -> object:
    """What stands at a path to one place.

    Raises:
        Malformed: nothing does.
    """
    for step in path:
        if not _has(document, step):
            raise Malformed(f"no [{step}]" if isinstance(step, int) else f"no {step!r}")
        document = cast("Any", document)[step]
    return document


def entries(document: object, head: Sequence[Step]) -> Iterator[object]:
    """What stands at a head: each entry, in order.

    Raises:
        Malformed: something on the way is not there, or not a list.
    """
    for k, step in enumerate(head):
        if isinstance(step, Every):
            found = walk(document, head[:k])
            if not isinstance(found, list):
                raise Malformed("not a list")
            for entry in step.of(found):
                yield from entries(entry, head[k + 1 :])
            return
    yield walk(document, head)
