"""Dead letters once more: what an output refused is given to it again when a person has mended the cause."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from gateway.model.commands import Actor
from gateway.model.errors import Refused
from gateway.model.wire import parse
from gateway.runtime.desk import Desk
from gateway.runtime.lanes import JournalLane
from gateway.runtime.outputs import Output
from gateway.store.types import DeadLetter

MOST: Final = 1_000
"""Given again at once, at most."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Letters:
    """Of the running outputs."""

    desk: Desk
    outputs: Sequence[Output]

    async def retry(self, ids: Sequence[int], who: Actor) -> int:
        """Give these again to the outputs that refused them; how many. One that is refused again is a new letter.

        Raises:
            Refused: no such letter, an output that is no longer there, or too many at once.
        """
        if not 0 < len(ids) <= MOST:
            raise Refused(f"{len(ids)} letters; allowed: 1 to {MOST} at once")
        found = {x.id: x for x in await self.desk.call(self.desk.store.dead_letters, ids)}
        missing = [i for i in ids if i not in found]
        if missing:
            raise Refused(f"no dead letter {missing[0]}")
        lanes = {o.lane.name: o.lane for o in self.outputs}
        for letter in found.values():
            if letter.output not in lanes:
                raise Refused(f"letter {letter.id} is of {letter.output}, which is no output that runs now")
        for letter in found.values():
            self._give(lanes[letter.output], letter)
        self.desk.committed.fire()
        log.info("dead letters are tried again", by=who.name or who.id, letters=sorted(found))
        return len(found)

    def _give(self, lane: object, letter: DeadLetter) -> None:
        if isinstance(lane, JournalLane):
            lane.give_again(letter.id, parse(letter.data))
        else:
            lane.give_again(letter.id, letter.data.decode().split("\n"))  # type: ignore[attr-defined]
