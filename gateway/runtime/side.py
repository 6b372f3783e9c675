"""What console, command line and drills ask of a running machine; none of it judges or delivers."""

from collections.abc import Sequence

from gateway.engine import Snapshot
from gateway.model.commands import Actor, Command
from gateway.model.errors import Retry
from gateway.model.events import Record
from gateway.model.ports import Counting, LinkTraffic, Present, Source, TagState
from gateway.runtime.desk import Desk
from gateway.runtime.letters import Letters
from gateway.runtime.outputs import Output
from gateway.runtime.pipeline import Pipeline
from gateway.runtime.signal import Signal
from gateway.runtime.watch import Watch
from gateway.store import Store


class Side:
    """Base of :class:`gateway.runtime.machine.Machine`, which has these."""

    __slots__ = ()
    store: Store
    sources: Sequence[Source]
    commits: Signal
    watch: Watch
    outputs: list[Output]
    _desk: Desk
    _pipeline: Pipeline | None

    async def submit(self, command: Command) -> Sequence[Record]:
        """The command port of console and command line."""
        if self._pipeline is None:
            raise Retry("the gateway is starting")
        return await self._pipeline.submit(command)

    def present(self) -> Present:
        """The committed present."""
        return self.watch.present()

    def tags(self) -> Sequence[TagState]:
        """The present of every tag."""
        return self.watch.tags()

    def traffic(self) -> Sequence[LinkTraffic]:
        """What the sources count, link by link."""
        return [each for s in self.sources if isinstance(s, Counting) for each in s.traffic()]

    async def records(self, after: int, limit: int) -> Sequence[Record]:
        """Journal records after ``after``."""
        return await self._desk.records(after, limit)

    async def changed(self, timeout: float) -> None:
        """Wait for the next commit."""
        await self.commits.wait(timeout)

    async def retry_letters(self, ids: Sequence[int], who: Actor) -> int:
        """Give dead letters again to the outputs that refused them; how many."""
        return await Letters(self._desk, self.outputs).retry(ids, who)

    async def kept_configs(self) -> Sequence[str]:
        """Hashes of all configurations that are kept."""
        return list(await self._desk.call(self.store.configs))

    async def keep_config(self, digest: str, data: bytes) -> None:
        """Keep one that does not judge (yet)."""
        await self._desk.call(self.store.add_config, digest, data)

    async def copy(self) -> Snapshot:
        """All memory as of a moment at which everything stepped is committed.

        Raises:
            Retry: the gateway is starting.
        """
        if self._pipeline is None:
            raise Retry("the gateway is starting")
        while not self._pipeline.settled:
            await self.commits.wait(1.0)
        return self._pipeline.engine.snapshot()
