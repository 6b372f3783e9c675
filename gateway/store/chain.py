"""The hash chain: decisions in, records with exact bytes out. Pure; the head moves only when told."""

from collections.abc import Iterator, Sequence
from typing import Any

from gateway.model.events import Event, Record, Stamp
from gateway.model.published import body
from gateway.store.canonical import canonical, seal
from gateway.store.types import Head, Identity


class Chain:
    """The end of one epoch's chain. ``first`` is the epoch's first seq; that event names ``previous``."""

    def __init__(
        self, identity: Identity, head: Head, first: int, previous: Head | None, exercise: str = ""
    ) -> None:
        self.identity = identity
        self.exercise = exercise
        self.head = head
        self._first = first
        self._previous = previous

    def link(self, events: Sequence[Event], now: int, *, durable: bool) -> list[Record]:
        """Records that follow the head; ``recorded`` is ``now`` or one ns after the record before.

        Raises:
            ValueError: an event that JSON cannot carry (a bug in whoever made it); nothing has changed.
        """
        return list(self._links(events, now, durable=durable))

    def move(self, records: Sequence[Record]) -> None:
        """The records are the chain's now."""
        if records:
            last = records[-1]
            self.head = Head(last.seq, last.hash, last.recorded, self.head.epoch)

    def _links(self, events: Sequence[Event], now: int, *, durable: bool) -> Iterator[Record]:
        head, who = self.head, self.identity
        for event in events:
            named = self._name_previous(event) if head.seq + 1 == self._first else event
            recorded = max(now, head.recorded + 1)
            stamp = Stamp(
                gateway=who.gateway, county=who.county, site=who.site,
                epoch=head.epoch, seq=head.seq + 1, recorded=recorded, durable=durable,
                exercise=self.exercise,
            )  # fmt: skip
            digest, data = seal(body(named, stamp), head.hash)
            head = Head(stamp.seq, digest, recorded, head.epoch)
            yield Record(stamp.seq, recorded, digest, data, named)

    def _name_previous(self, first: Event) -> Event:
        before = self._previous
        # Said already (the caller's ``started`` may quote it): then it is journalled exactly as decided.
        if before is None or before.hash in canonical(first.detail).decode():
            return first
        named: dict[str, Any] = {"epoch": before.epoch, "seq": before.seq, "hash": before.hash}
        return first._replace(detail={**first.detail, "previous": named})
