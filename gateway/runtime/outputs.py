"""What an output is to the runtime: a sink and the lane it drains, run under the supervisor."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from gateway.model.errors import Misconfigured
from gateway.model.ports import Sink
from gateway.runtime.lanes import JournalLane, SpoolLane, Wiring
from gateway.runtime.supervisor import Trouble, supervise
from gateway.store.ledger import Stage

LANES: Final[dict[str, type[JournalLane] | type[SpoolLane]]] = {"events": JournalLane, "readings": SpoolLane}


class LaneSink(Sink, Protocol):
    """A sink that says which lane it drains."""

    @property
    def lane(self) -> Literal["events", "readings"]:
        """Journal or spool."""
        ...


@dataclass(frozen=True, slots=True)
class Output:
    """One sink with its lane."""

    sink: LaneSink
    lane: JournalLane | SpoolLane

    async def run(self, trouble: Trouble) -> None:
        """Deliver until cancelled."""
        await supervise(f"output.{self.sink.name}", self._once, trouble)

    async def _once(self) -> None:
        self.lane.rewind()
        await self.sink.run(self.lane)
        raise RuntimeError(f"output {self.sink.name} ended by itself")


def ends(outputs: Iterable[Output]) -> dict[str, Stage]:
    """The last step that each output of the journal can tell: the receiver's receipt, or the other side's word."""
    return {
        o.lane.name: Stage.STORED if getattr(o.sink, "receipts", False) else Stage.ACCEPTED
        for o in outputs
        if isinstance(o.lane, JournalLane)
    }


def make_output(sink: LaneSink, wiring: Wiring) -> Output:
    """Pair a sink with the lane it names.

    Raises:
        Misconfigured: the sink names no known lane (a plugin's bug, found at start).
    """
    if sink.lane not in LANES:
        raise Misconfigured(f"output {sink.name!r} wants lane {sink.lane!r}; allowed: {', '.join(LANES)}")
    return Output(sink, LANES[sink.lane](sink.name, wiring))
