"""A heartbeat of each device and each rule group: who is not heard, or not judged, within its time is a fault.

*A device* of which nothing is heard any more, though its source says nothing, is a lost link: one fault that lists its
tags, told just before the first of them would be stale by itself. It is back with its next reading.

*A rule group* is the rules of one kind in one installation. While none of them has been judged (all are unknown)
although their instruments can be seen, nobody else would say so: an unknown that never was an alarm makes no event. Its
time is what its slowest rule needs to be judged after a start: twice its tags' max age, and all the time it looks back.

Told as inputs (a link change, a system fault), so that the engine replays them like everything else.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gateway.engine import Engine
from gateway.engine.tables import looks_back
from gateway.model.quality import STATUS_SHIFT, Quality, Status
from gateway.model.site import Rule, RuleKind, Site
from gateway.model.times import NEVER, seconds
from gateway.runtime.troubles import Troubles

PREFIX: Final = "heartbeat."
BEAT: Final = seconds(1)
QUIET: Final = 2 * BEAT
"""The same where nothing is lost; a device that falls silent is looked at in its time in any case."""
SOON: Final = 10
"""a tenth of a tag's max age before it would be stale"""
TOGETHER: Final = 2
"""Tags a device needs to have a heartbeat of its own: of one, its own fault says the same."""
LEAST: Final = seconds(10)
SHOWN: Final = 20
LEARNS: Final = frozenset({
    RuleKind.BASELINE, RuleKind.NOVELTY, RuleKind.DEPARTURE, RuleKind.MULTIVARIATE, RuleKind.EXCESS, RuleKind.SHIFT,
    RuleKind.NOISE, RuleKind.OSCILLATION, RuleKind.INVERSE_VELOCITY,
})  # fmt: skip
"""Kinds for which not knowing (yet) is part of their normal life."""
_IS_GONE: Final = np.zeros(256, np.bool_)
_IS_GONE[[Quality.STALE, Quality.NO_DATA]] = True
_IS_SILENT: Final = _IS_GONE.copy()
_IS_SILENT[Quality.COMMUNICATION] = True
"""by quality: nothing is heard of the tag; nothing, or its source says so"""
_UNKNOWN: Final = 2
LinkTold = Callable[..., None]
"""(link, up=, reason=): as :meth:`gateway.runtime.intake.Intake.link`"""


@dataclass(frozen=True, slots=True)
class _Device:
    link: str
    above: tuple[str, ...]
    rows: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Group:
    name: str
    rules: NDArray[np.int64]
    """rows in the site's rules"""
    needs: tuple[NDArray[np.int64], ...]
    """rows of each rule's tags"""
    time: int


class Heartbeat:
    """Look at ``engine`` from time to time; tells by ``link`` and ``troubles``."""

    def __init__(self, site: Site, link: LinkTold, troubles: Troubles) -> None:
        self._site, self._link, self._troubles = site, link, troubles
        self._max_age = np.array([t.max_age for t in site.tags], np.int64)
        self._devices = _devices(site)
        self._rows = (
            np.concatenate([d.rows for d in self._devices]) if self._devices else np.empty(0, np.int64)
        )
        self._starts = np.cumsum([0, *(len(d.rows) for d in self._devices)])[:-1]
        """all devices' rows end to end: the last of each is found in one step"""
        self._groups = _groups(site)
        self._silent: dict[str, bool] = {}
        """links that were told lost from here -> the engine has taken it"""
        self._judged: dict[str, int] = {}
        """group -> when it was judged last"""

    @property
    def names(self) -> frozenset[str]:
        """Troubles that can be told from here."""
        return frozenset(PREFIX + group.name for group in self._groups)

    def beat(self, engine: Engine, now: int) -> int:
        """Look at ``now``; returns when to look again, ns."""
        stage = engine.conditioner
        deadlines, qualities = stage.deadlines(), stage.qualities()
        due = self._look_at_devices(engine, now, deadlines, qualities)
        self._look_at_groups(engine, now, qualities)
        lost = self._silent or engine.links.down()
        return max(min(now + (BEAT if lost else QUIET), due), now + BEAT // SOON)

    def _look_at_devices(
        self, engine: Engine, now: int, deadlines: NDArray[np.int64], qualities: NDArray[np.uint8]
    ) -> int:
        down, next_ = set(engine.links.down()), NEVER
        soon = np.where(deadlines == NEVER, NEVER, deadlines - self._max_age // SOON)
        soon[_IS_GONE[qualities] & (deadlines == NEVER)] = (
            0  # one that never spoke has its max age from the start
        )
        lasts = np.maximum.reduceat(soon[self._rows], self._starts) if self._devices else soon[:0]
        if not down and not self._silent and (lasts > now).all():
            return int(lasts.min(initial=NEVER))
        for device, last in zip(self._devices, lasts.tolist(), strict=True):
            if device.link in self._silent:
                self._heard_again(device, device.link in down, qualities)
            elif not (down | self._silent.keys()).intersection((device.link, *device.above)):
                if last <= now:
                    self._silent[device.link] = False
                    self._link(device.link, up=False, reason="nothing is heard of it")
                else:
                    next_ = min(next_, last)
        return next_

    def _heard_again(self, device: _Device, down: bool, qualities: NDArray[np.uint8]) -> None:  # noqa: FBT001 - a fact
        """Its first reading ends it; and so does its source, which knows better."""
        if not down:
            if self._silent[device.link]:
                del self._silent[device.link]
            return
        self._silent[device.link] = True
        if not _IS_SILENT[qualities[device.rows]].all():
            del self._silent[device.link]
            self._link(device.link, up=True, reason="heard again")

    def _look_at_groups(self, engine: Engine, now: int, qualities: NDArray[np.uint8]) -> None:
        known = engine.bank.conditions() != _UNKNOWN
        seen = qualities >> STATUS_SHIFT < Status.BAD
        for group in self._groups:
            if known[group.rules].any() or not any(seen[rows].all() for rows in group.needs):
                self._judged[group.name] = now
            late = now - self._judged.setdefault(group.name, now) > group.time
            self._troubles(PREFIX + group.name, active=late, detail=self._words(group) if late else "")

    def _words(self, group: _Group) -> str:
        rules = [self._site.rules[row].id for row in group.rules[:SHOWN]]
        more = f" and {len(group.rules) - SHOWN} more" if len(group.rules) > SHOWN else ""
        return f"not judged for {group.time // seconds(1)} s although their tags can be seen: {', '.join(rules)}{more}"


def _devices(site: Site) -> list[_Device]:
    found = []
    for link in site.links:
        rows = [
            row
            for row in site.link_tags[link.id]
            if site.tags[row].max_age and not site.tags[row].expression and not site.tags[row].manual
        ]
        if len(rows) >= TOGETHER:
            found.append(_Device(link.id, _above(site, link.parent), np.array(rows, np.int64)))
    return found


def _above(site: Site, parent: str) -> tuple[str, ...]:
    parents, found = {link.id: link.parent for link in site.links}, list[str]()
    while parent and parent not in found:
        found.append(parent)
        parent = parents.get(parent, "")
    return tuple(found)


def _groups(site: Site) -> list[_Group]:
    by_name: dict[str, list[int]] = {}
    memory = dict(zip((row for row, r in enumerate(site.rules) if r.enabled), looks_back(site), strict=True))
    for row, rule in enumerate(site.rules):
        if rule.enabled and rule.kind not in LEARNS and _lasting(site, rule):
            by_name.setdefault(f"{rule.installation}.{rule.kind.value}", []).append(row)
    return [_group(site, name, rows, memory) for name, rows in by_name.items()]


def _lasting(site: Site, rule: Rule) -> bool:
    """All its tags are read again and again; one that only speaks when it changes may be silent for a year."""
    index = site.tag_index
    return all(t in index and site.tags[index[t]].max_age for t in rule.tags) and bool(rule.tags)


def _group(site: Site, name: str, rows: Sequence[int], memory: Mapping[int, int]) -> _Group:
    rules = [site.rules[row] for row in rows]
    needs = tuple(np.array([site.tag_index[t] for t in rule.tags], np.int64) for rule in rules)
    return _Group(
        name,
        np.array(rows, np.int64),
        needs,
        max(LEAST, *(_time(site, site.rules[row]) + memory[row] for row in rows)),
    )


def _time(site: Site, rule: Rule) -> int:
    age = max(site.tags[site.tag_index[t]].max_age for t in rule.tags)
    return 2 * age + rule.on_delay + rule.off_delay
