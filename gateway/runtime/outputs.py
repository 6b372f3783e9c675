"""What an output is to the runtime: a sink and the lane it drains, run under the supervisor."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from gateway.model.errors import Misconfigured
from gateway.model.ports import Sink
from gateway.model.ways import Ways
from gateway.runtime.lanes import JournalLane, SpoolLane, Wiring
from gateway.runtime.supervisor import Trouble, supervise
from gateway.runtime.ways import Row, StandbyLane, make_row
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
    return {o.lane.name: _end(o) for o in outputs if isinstance(o.lane, JournalLane)}


def _end(output: Output) -> Stage:
    if isinstance(output.lane, StandbyLane):
        return Stage.STANDBY
    return Stage.STORED if getattr(output.sink, "receipts", False) else Stage.ACCEPTED


def make_outputs(
    sinks: Sequence[LaneSink], wiring: Wiring, ways: Sequence[Ways]
) -> tuple[list[Output], list[Row]]:
    """Each sink with its lane, and the rows of outputs that an alarm goes by one after another.

    Raises:
        Misconfigured: a sink names no known lane (a plugin's bug, found at start).
    """
    standing_by = {name for each in ways for name in each.then}
    outputs = [make_output(s, wiring, standby=s.name.partition(".")[0] in standing_by) for s in sinks]
    lanes = [o.lane for o in outputs if isinstance(o.lane, JournalLane)]
    receipts = {o.lane.name for o in outputs if getattr(o.sink, "receipts", False)}
    return outputs, [make_row(each, lanes, receipts.__contains__, wiring) for each in ways]


def make_output(sink: LaneSink, wiring: Wiring, *, standby: bool = False) -> Output:
    """Pair a sink with the lane it names.

    Raises:
        Misconfigured: the sink names no known lane (a plugin's bug, found at start).
    """
    if sink.lane not in LANES:
        raise Misconfigured(f"output {sink.name!r} wants lane {sink.lane!r}; allowed: {', '.join(LANES)}")
    kind = StandbyLane if standby and sink.lane == "events" else LANES[sink.lane]
    return Output(sink, kind(sink.name, wiring))
