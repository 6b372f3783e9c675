"""Which tags a topic belongs to, wildcards included, and whose topic a tag is.

A ``+`` in an address stands for a part that changes (a modem's serial number). Two topics that match one tag at the
same time would be two instruments under one name: while both speak, the tag is BAD (configuration). When the one that
was heard has been silent for the tag's max age, the other takes its place.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from gateway.model.quality import Quality
from gateway.model.times import seconds
from gateway.sources.mqtt.address import Binding
from gateway.sources.mqtt.decode import NAN, Row, Topic
from gateway.sources.mqtt.paths import Path

KEPT: Final = 20_000
"""Topics remembered; beyond that each message of a new one is looked up again."""
SILENCE: Final = seconds(10)
"""At least this long is a topic believed to be the tag's own."""


Handler = Callable[[tuple[int, ...], tuple[tuple[int, Path], ...]], Topic]
"""(tags of plain payloads, tags by path) -> their decoder"""


@dataclass(slots=True)
class _Owner:
    topic: bytes
    heard: int
    disputed: int = 0
    """until when another topic has claimed the tag"""


@dataclass(slots=True)
class Routes:
    """Topics to decoders."""

    make: Handler
    silence: Mapping[int, int]
    """row of a tag read through a wildcard -> ns of silence after which another topic may have it"""
    _exact: dict[bytes, list[tuple[int, Path | None]]] = field(default_factory=lambda: defaultdict(list))
    _wild: list[tuple[list[str], int, Path | None]] = field(default_factory=list)
    _known: dict[bytes, Topic | None] = field(default_factory=dict)
    _owners: dict[int, _Owner] = field(default_factory=dict)
    disputes: int = 0
    """readings that were BAD because two topics claimed one tag"""

    def add(self, row: int, topic: str, path: Path | None) -> None:
        """One tag."""
        if "+" in topic.split("/"):
            self._wild.append((topic.split("/"), row, path))
        else:
            self._exact[topic.encode()].append((row, path))

    @property
    def filters(self) -> list[str]:
        """What to subscribe to."""
        return sorted({t.decode() for t in self._exact} | {"/".join(levels) for levels, _, _ in self._wild})

    def tags_of(self, topic_filter: str) -> list[int]:
        """Rows of the tags of one of :attr:`filters`."""
        exact = [row for row, _ in self._exact.get(topic_filter.encode(), ())]
        return exact + [row for levels, row, _ in self._wild if "/".join(levels) == topic_filter]

    def find(self, topic: bytes) -> Topic | None:
        """The decoder of a topic, None when no tag asks for it."""
        try:
            return self._known[topic]
        except KeyError:
            found = self._look_up(topic)
            if len(self._known) < KEPT:
                self._known[topic] = found
            return found

    def owned(self, topic: bytes, rows: Sequence[Row], now: int) -> list[Row]:
        """The rows, BAD where the tag is claimed by two topics."""
        return [self._owned(topic, row, now) for row in rows]

    def _owned(self, topic: bytes, row: Row, now: int) -> Row:
        silence = self.silence.get(row[0])
        if silence is None:
            return row
        owner = self._owners.get(row[0])
        if owner is None or (owner.topic != topic and now - owner.heard > silence):
            self._owners[row[0]] = _Owner(topic, now)
            return row
        if owner.topic == topic:
            owner.heard = now
        else:
            owner.disputed = now + silence
        if now < owner.disputed:
            self.disputes += 1
            return row[0], row[1], NAN, int(Quality.CONFIGURATION)
        return row

    def _look_up(self, topic: bytes) -> Topic | None:
        found = list(self._exact.get(topic, ()))
        if self._wild:
            levels = topic.decode(errors="replace").split("/")
            found += [(row, path) for wanted, row, path in self._wild if matches(wanted, levels)]
        if not found:
            return None
        plain = tuple(row for row, path in found if path is None)
        return self.make(plain, tuple((row, path) for row, path in found if path is not None))


def matches(wanted: Sequence[str], levels: Sequence[str]) -> bool:
    """Whether a topic's levels fit a filter of ``+`` and words."""
    return len(wanted) == len(levels) and all(
        w in ("+", level) for w, level in zip(wanted, levels, strict=True)
    )


def routes(make: Handler, places: Iterable[tuple[int, Binding, int]]) -> Routes:
    """``places``: (row of the tag, where it is read, its max age in ns)."""
    listed = list(places)
    silence = {row: max(age, SILENCE) for row, place, age in listed if "+" in place.topic.split("/")}
    made = Routes(make, silence)
    for row, place, _ in listed:
        made.add(row, place.topic, place.path)
    return made
