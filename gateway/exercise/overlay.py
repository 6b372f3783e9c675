"""Which of the live inputs a drill hears: all but what its script speaks for. Pure."""

from collections.abc import Iterator

import numpy as np

from gateway.alarms.topology import Topology
from gateway.exercise.script import Line, Script, Turned
from gateway.model.batch import Batch, of_rows
from gateway.model.inputs import Gap, Input, LinkChange, Readings
from gateway.model.site import Site


class Overlay:
    """``start``: when the script begins, ns; before it everything live is heard.

    A tag with a trace says what the trace says, from its first reading to its last. A link that the script has lost
    takes the live readings of its tags along until the script finds it again; what the field says of such a link from
    then on is not heard.
    """

    def __init__(self, site: Site, script: Script) -> None:
        self._site, self._script = site, script
        self._below = Topology(site).rows_of
        self._start: int | None = None
        self._turned: dict[str, bool] = {}

    def begin(self, start: int) -> None:
        """The script begins."""
        self._start = start

    def live(self, item: Input) -> Iterator[Input]:
        """What remains of a live input; ticks, commands and troubles of the real gateway are its own."""
        if isinstance(item, Readings):
            batch = self._kept(item.batch)
            if len(batch):
                yield Readings(batch)
        elif isinstance(item, Gap) or (isinstance(item, LinkChange) and item.link not in self._turned):
            yield item

    def scripted(self, line: Line) -> Iterator[Batch | Turned]:
        """What one line of the script says."""
        at, said, turned = line
        now = (self._start or 0) + at
        for each in turned:
            self._turned[each.link] = each.up
            yield each
        if said:
            yield of_rows(self._site.table, [(s.tag, now, now, s.value, s.quality) for s in said])

    def _kept(self, batch: Batch) -> Batch:
        away = self._away(int(batch.received.max(initial=0)))
        if not away or not len(batch):
            return batch
        keep = np.flatnonzero(~np.isin(batch.tag, list(away)))
        if len(keep) == len(batch):
            return batch
        columns = (getattr(batch, name)[keep] for name in ("tag", "source", "received", "value", "quality"))
        return Batch(batch.table, *columns)

    def _away(self, now: int) -> set[int]:
        """Rows for which the script speaks at ``now``."""
        if self._start is None:
            return set()
        at = now - self._start
        away = {row for row, (first, last) in self._script.spans.items() if first <= at <= last}
        for link, up in self._turned.items():
            if not up:
                away.update(self._below.get(link, ()))
        return away
