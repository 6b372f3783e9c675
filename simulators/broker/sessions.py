"""What a broker remembers: sessions with their subscriptions and what waits for them, and retained messages. Pure."""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from simulators.broker.packets import Publication, fits

MOST_WAITING = 10_000
"""messages of one session; older ones go first"""


@dataclass
class Session:
    """One client id."""

    client_id: str
    filters: dict[str, int] = field(default_factory=dict)
    waiting: "OrderedDict[int, Publication]" = field(default_factory=OrderedDict)
    """QoS 1 that is not acknowledged, by packet id, oldest first"""
    _last: int = 0

    def numbered(self, said: Publication) -> Publication:
        """As it goes to this client: QoS 1 gets a packet id and waits for its acknowledgement."""
        if not said.qos:
            return said
        self._last = self._last % 65535 + 1
        told = replace(said, number=self._last)
        self.waiting[told.number] = told
        while len(self.waiting) > MOST_WAITING:
            self.waiting.popitem(last=False)
        return told

    def wants(self, topic: str) -> int | None:
        """The highest QoS a filter that fits asks for; None: none fits."""
        return max((qos for asked, qos in self.filters.items() if fits(asked, topic)), default=None)


class Memory:
    """Everything that survives a connection."""

    def __init__(self) -> None:
        self.sessions: dict[str, Session] = {}
        self.retained: dict[str, Publication] = {}

    def open(self, client_id: str, *, clean: bool) -> tuple[Session, bool]:
        """The session of a client that connects, and whether it was there."""
        known = None if clean else self.sessions.get(client_id)
        session = known or Session(client_id)
        self.sessions[client_id] = session
        return session, known is not None

    def published(self, said: Publication) -> list[tuple[Session, Publication]]:
        """For whom a message is, in the form each gets it."""
        if said.retain:
            self._retain(said)
        found = []
        for session in self.sessions.values():
            qos = session.wants(said.topic)
            if qos is not None:
                told = replace(said, qos=min(qos, said.qos), retain=False, again=False)
                found.append((session, session.numbered(told)))
        return found

    def subscribed(self, session: Session, asked: Iterable[tuple[str, int]]) -> list[Publication]:
        """The retained messages that a new subscription brings."""
        found = []
        for each, qos in asked:
            session.filters[each] = min(qos, 1)
            kept = (said for topic, said in self.retained.items() if fits(each, topic))
            found += [session.numbered(replace(said, qos=min(qos, said.qos), retain=True)) for said in kept]
        return found

    def forget(self) -> None:
        """As a broker without persistence after a restart."""
        self.sessions, self.retained = {}, {}

    def _retain(self, said: Publication) -> None:
        if said.payload:
            self.retained[said.topic] = said
        else:
            self.retained.pop(said.topic, None)
