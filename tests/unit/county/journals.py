"""Journals as gateways make them: the store's own chain, in memory; and what a county hears of them."""

from __future__ import annotations

from gateway.county.arrival import Arrival, Heard, Place, arrival
from gateway.model.events import Event, EventKind, Record
from gateway.model.times import NS
from gateway.store.chain import Chain
from gateway.store.types import Head, Identity

COUNTY = "341524"
PLACE = Place("plant", "gw")
T0 = 1_790_000_000 * NS


class Journal:
    """``previous``: what the first event of this epoch names; ``seq``: where it begins."""

    def __init__(
        self, epoch: str = "e1", *, seq: int = 1, previous: Head | None = None, at: int = T0
    ) -> None:
        head = Head(seq - 1, "0" * 64, at, epoch)
        self.chain = Chain(Identity("gw", COUNTY, "plant"), head, seq, previous)
        self.records: list[Record] = []

    def add(self, count: int = 1, *, kind: EventKind = EventKind.GAP, **detail: object) -> list[Record]:
        events = [Event(event=kind, time=T0, detail={"what": n, **detail}) for n in range(count)]
        made = self.chain.link(events, self.chain.head.recorded + NS, durable=True)
        self.chain.move(made)
        self.records += made
        return made

    @property
    def head(self) -> Head:
        return self.chain.head

    def status(self, state: str = "online", *, at: int = T0) -> Heard:
        return Heard(PLACE, state, self.head.epoch, self.head.seq, self.head.hash, 60.0, at)


def arrivals(records: list[Record]) -> list[Arrival]:
    return [arrival(PLACE, COUNTY, r.data) for r in records]
