"""What the console adds up from the journal, as far as it was read: each fold reads every record once."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from gateway.console.ports import Context
from gateway.model.events import Record

PAGE = 1000


async def records_after(context: Context, after: int, limit: int) -> Sequence[Record]:
    """From the journal port, which may be a coroutine function."""
    found = context.journal(after, limit)
    return await found if inspect.isawaitable(found) else found


@dataclass(slots=True)
class Fold:
    """Calls ``take`` with every record of the present epoch once, in order; ``begin`` when another epoch begins."""

    context: Context
    begin: Callable[[], None]
    take: Callable[[Record], None]
    _epoch: str = ""
    _seq: int = 0
    _busy: bool = field(default=False)

    async def follow(self) -> None:
        """Up to the journal's head. While one caller reads, others see what there is."""
        if self._busy:
            return
        self._busy = True
        try:
            epoch = self.context.plant.present().epoch
            if epoch != self._epoch:
                self._epoch, self._seq = epoch, 0
                self.begin()
            while page := await records_after(self.context, self._seq, PAGE):
                for record in page:
                    self.take(record)
                self._seq = page[-1].seq
        finally:
            self._busy = False
