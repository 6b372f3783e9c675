"""Builds the source from settings and bound tags."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from gateway.model.ports import Feed, LinkTraffic
from gateway.model.probing import Looked
from gateway.model.site import Tag
from gateway.sources.modbus.address import Binding
from gateway.sources.modbus.bus import LINE, Bus, Job
from gateway.sources.modbus.counters import ERRORS, Counters
from gateway.sources.modbus.dial import dialler
from gateway.sources.modbus.group import Group
from gateway.sources.modbus.plan import Point
from gateway.sources.modbus.settings import Polling


class ModbusSource:
    """Reads all tags of one connection. What it learnt of the devices survives a restart of ``run``."""

    def __init__(self, name: str, settings: Polling, bound: Sequence[tuple[int, Tag, Binding]]) -> None:
        self.name = name
        self.phase = 0
        """ns behind the whole multiples of a period that polls fall on; set before ``run``"""
        self.counters = Counters()
        """of the whole line"""
        self._settings, self._dial = settings, dialler(settings, self.counters)
        grouped: dict[tuple[int, int], list[tuple[int, Point]]] = defaultdict(list)
        for row, tag, binding in bound:
            grouped[binding.unit, tag.period or settings.period].append((row, binding.point))
        self.groups = [
            Group(unit, period, rows, settings.limits) for (unit, period), rows in sorted(grouped.items())
        ]
        self._counted = {unit: Counters(self.counters) for unit, _ in grouped} | {LINE: self.counters}

    @property
    def requests(self) -> dict[tuple[int, int], int]:
        """(unit, period ns) -> requests of one poll, for ``check``."""
        return {(g.unit, g.period): g.requests for g in self.groups}

    @property
    def refused(self) -> list[int]:
        """Rows of the tags whose address the device refuses."""
        return sorted(tag for group in self.groups for tag in group.refused)

    def raw(self, tag: int) -> Looked | None:
        """What the last poll read of a tag (its row); nothing is asked for it."""
        return next((found for g in self.groups if (found := g.raw(tag)) is not None), None)

    def traffic(self) -> list[LinkTraffic]:
        """The line, then its units."""
        units = sorted({g.unit for g in self.groups})
        return [_traffic(self.name, self.counters), *(self._of_unit(u) for u in units)] if units else []

    def _of_unit(self, unit: int) -> LinkTraffic:
        cycles = {g.period: round(g.cycle) for g in self.groups if g.unit == unit}
        return replace(_traffic(f"{self.name}.{unit}", self._counted[unit]), cycles=cycles)

    async def run(self, feed: Feed) -> None:
        """Read until cancelled."""
        if self.groups:
            await Bus(self.job, feed).run()

    @property
    def job(self) -> Job:
        """What to read, and how."""
        return Job(self.name, self._settings, self.groups, self._counted, self._dial, self.phase)


def _traffic(link: str, counted: Counters) -> LinkTraffic:
    return LinkTraffic(
        link=link,
        up=counted.up,
        requests=counted.requests,
        replies=counted.replies,
        errors={kind: getattr(counted, kind) for kind in ERRORS},
        overdue=counted.overdue,
        rtt=counted.rtt_ns // max(1, counted.replies),
        rtt_max=counted.rtt_max_ns,
    )


def build(name: str, settings: Polling, bound: Sequence[tuple[int, Tag, Binding]]) -> ModbusSource:
    """``bound``: (row in the tag table, tag, where to read it)."""
    return ModbusSource(name, settings, bound)
