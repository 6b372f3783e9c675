"""What a message means: by topics and paths, or as Sparkplug. One face for both."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from gateway.model.quality import Quality
from gateway.sources.mqtt.decode import NAN, Topic
from gateway.sources.mqtt.paths import Malformed
from gateway.sources.mqtt.routes import Routes
from gateway.sources.mqtt.said import NOTHING, Change, Said

if TYPE_CHECKING:
    from gateway.sources.mqtt.sparkplug import Nodes


class Reader(Protocol):
    """Reads the messages of one source."""

    hot: dict[bytes, Topic]
    """Topics whose ordinary messages may be read by their decoder alone"""
    malformed: int
    """Messages that were not what they should be, and named no tag that could be BAD for it"""

    lasting: Sequence[int]
    """Rows of tags whose value holds for ever, unless a message is lost"""

    @property
    def filters(self) -> list[str]:
        """What to subscribe to."""
        ...

    def tags_of(self, topic_filter: str) -> list[int]:
        """Rows of the tags that a filter brings."""
        ...

    def message(self, topic: bytes, payload: bytes | None, now: int, *, old: bool) -> Said | None:
        """One message (no payload: too large); None: no tag asks for its topic."""
        ...

    def forget(self) -> Sequence[Change]:
        """We begin, or the broker did not keep our session."""
        ...


@dataclass(slots=True)
class ByTopic:
    """Plain values, JSON and CBOR."""

    routes: Routes
    lasting: Sequence[int] = ()
    hot: dict[bytes, Topic] = field(default_factory=dict)
    malformed: int = 0

    def __post_init__(self) -> None:
        wild = self.routes.silence
        for name in self.filters:
            found = self.routes.find(name.encode()) if "+" not in name.split("/") else None
            if found is not None and not wild.keys() & set(found.tags):
                self.hot[name.encode()] = found

    @property
    def filters(self) -> list[str]:
        """See :class:`Reader`."""
        return self.routes.filters

    def tags_of(self, topic_filter: str) -> list[int]:
        """See :class:`Reader`."""
        return self.routes.tags_of(topic_filter)

    def message(self, topic: bytes, payload: bytes | None, now: int, *, old: bool) -> Said | None:
        """See :class:`Reader`."""
        handler = self.routes.find(topic)
        if handler is None:
            return None
        if payload is None:
            rows = [(tag, now, NAN, int(Quality.MALFORMED)) for tag in handler.tags]
        else:
            rows = handler.rows(payload, now, retained=old)
        return Said(self.routes.owned(topic, rows, now) if self.routes.silence else rows)

    def forget(self) -> Sequence[Change]:
        """See :class:`Reader`."""
        return ()


@dataclass(slots=True)
class BySparkplug:
    """Sparkplug B."""

    nodes: "Nodes"
    lasting: Sequence[int] = ()  # the links of their nodes say so
    hot: dict[bytes, Topic] = field(default_factory=dict)
    malformed: int = 0

    @property
    def filters(self) -> list[str]:
        """See :class:`Reader`."""
        return self.nodes.filters

    def tags_of(self, topic_filter: str) -> list[int]:
        """See :class:`Reader`."""
        return self.nodes.tags_of(topic_filter)

    def message(self, topic: bytes, payload: bytes | None, now: int, *, old: bool) -> Said | None:
        """See :class:`Reader`. What cannot be read is missed: the sequence will tell."""
        try:
            said = self.nodes.message(topic.decode(), payload or b"", now, again=old) if payload else None
        except (Malformed, UnicodeDecodeError):
            self.malformed += 1
            return NOTHING
        if payload is None:
            self.malformed += 1
        return said

    def forget(self) -> Sequence[Change]:
        """See :class:`Reader`."""
        return self.nodes.forget()
