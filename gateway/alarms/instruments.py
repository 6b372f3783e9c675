"""Instrument, link and system faults: who is to blame when something cannot be judged.

One dead bus is one fault that lists its tags, not fifty. While a link is down, what hangs on it has no fault of its
own; when it is back, each tag and device below has one max age to speak again before it is a fault after all. (Without
that patience every reconnect would flash fifty faults; without the deadline a tag that never returns would be
nobody's.)

:class:`Health` is the view of the instruments: it follows the facts and not the journal, because a first good reading
changes the view without being an event. It proposes :class:`Turn` s; the book turns them into events.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from gateway.alarms.decide import Basis
from gateway.alarms.facts import LinkFact, SystemFact, TagFact
from gateway.alarms.subjects import SYSTEM, Subject, topic_safe
from gateway.alarms.tables import Cause
from gateway.alarms.timers import Timers
from gateway.alarms.topology import LOWEST, PATIENCE, Topology
from gateway.model.events import Condition
from gateway.model.levels import Level
from gateway.model.quality import Quality, Status, status_of
from gateway.model.site import Tag

NOT_HEARD: Final = -1
FOLDED: Final = frozenset({Quality.COMMUNICATION, Quality.STALE, Quality.NO_DATA})
"""Reasons that a lost link explains; a failure current, say, stays a fault of its own."""
UNAPPROVED: Final = "unapproved-configuration"
REQUIRED: Final = "required"
SYSTEM_LEVELS: Final = dict.fromkeys(
    ("disk", "journal", "judging", "store", "replay-difference", UNAPPROVED), Level.ORANGE
)
"""First word of a system fault -> level; others are yellow. Orange: history or decisions are at risk."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What happened to the condition of one subject."""

    subject: Subject
    cause: Cause
    onset: int
    basis: Basis


class Subjects:
    """Subjects of faults. Made on demand: their levels follow the rules of the site."""

    def __init__(self, topology: Topology) -> None:
        self._topology = topology

    def tag(self, row: int) -> Subject:
        """One instrument."""
        tag = self._topology.site.tags[row]
        level, priority = self._topology.blinds((row,))
        return Subject(
            rule=f"{tag.id}.FAULT",
            version="",
            name="FAULT",
            tag=tag.id,
            installation=tag.installation,
            kind="instrument",
            level=level,
            priority=priority,
            fault=True,
            shadow=tag.installation in self._topology.shadow,
            description=tag.description,
            cls=tag.cls,
            unit=tag.unit,
        )

    def link(self, link: str) -> Subject:
        """One bus or device, with all tags that are blind without it."""
        known = self._topology.links.get(link)
        rows = self._topology.rows_of.get(link, ())
        tags = [self._topology.site.tags[r] for r in rows]
        level, priority = self._topology.blinds(rows)
        places = [t.installation for t in tags]
        return Subject(
            rule=f"{link}.LINK",
            version="",
            name="LINK",
            tag=link,
            installation=(known.installation if known else "") or (places[0] if places else SYSTEM),
            kind="link",
            level=level,
            priority=priority,
            fault=True,
            shadow=bool(places) and all(p in self._topology.shadow for p in places),
            description=known.description if known else link,
            members=tuple(t.id for t in tags),
        )

    def system(self, what: str) -> Subject:
        """The gateway's own trouble."""
        level, priority = SYSTEM_LEVELS.get(what.split(".", maxsplit=1)[0], Level.YELLOW), 2
        if what == UNAPPROVED and self._topology.site.approval != REQUIRED:
            level, priority = Level.BLUE, LOWEST  # a wish, where nobody made it a rule
        return Subject(
            rule=f"{SYSTEM}.{what}",
            version="",
            name="SYSTEM",
            tag=topic_safe(what),
            installation=SYSTEM,
            kind=SYSTEM,
            level=level,
            priority=priority,
            fault=True,
            description=what,
        )


class Health:
    """Which tags and links can be relied on. Changed only by the facts about them."""

    def __init__(self, topology: Topology) -> None:
        self._topology = topology
        self._subjects = Subjects(topology)
        self._quality = [NOT_HEARD] * len(topology.site.tags)
        self._doubtful: set[int] = set()
        """in sight by an UNCERTAIN value, which says of no limit that it is kept"""
        self._awaited: set[int] = set()
        """not read since an outage of ours that was longer than a value holds"""
        self._down: dict[str, int] = {}
        self._tag_due: Timers[int] = Timers()
        self._link_due: Timers[str] = Timers()

    def sighted(self, row: int) -> bool:
        """There is a value that may be judged."""
        quality = self._quality[row]
        return quality != NOT_HEARD and status_of(quality) is not Status.BAD

    def viewed(self, row: int) -> bool:
        """... and of its limits it is known whether they are kept, now."""
        return self.sighted(row) and row not in self._doubtful and row not in self._awaited

    def judged(self, rule: int, condition: Condition) -> int | None:
        """A condition is known. The row of the tag that is viewed by it and was not; None: there is none."""
        row = self._topology.limits.get(rule)
        if row is None or self.viewed(row):
            return None
        self._doubtful.discard(row)
        if condition is Condition.ACTIVE:  # within the limit it may be by a value of before
            self._awaited.discard(row)
        return row if self.viewed(row) else None

    def wait_for(self, rows: Iterable[int]) -> None:
        """We were away for longer than the values of these tags hold."""
        self._awaited.update(rows)

    def next_deadline(self) -> int:
        """When patience next ends, ns or NEVER."""
        return min(self._tag_due.earliest(), self._link_due.earliest())

    def fault(self, rule: str) -> Subject | None:
        """The subject of an instrument's fault by its rule id, ``<tag>.FAULT``; None: there is no such tag."""
        tag, _, name = rule.rpartition(".")
        row = self._topology.site.tag_index.get(tag)
        return self._subjects.tag(row) if name == "FAULT" and row is not None else None

    def worst(self, tags: Iterable[str]) -> int:
        """The worst present quality of these tags; no data where nothing was heard."""
        rows = (self._topology.site.tag_index.get(tag) for tag in tags)
        return max((self._present(row) for row in rows if row is not None), default=int(Quality.NO_DATA))

    def _present(self, row: int) -> int:
        if self._quality[row] == NOT_HEARD:
            return int(Quality.NO_DATA)
        return max(self._quality[row], int(Quality.STALE) if row in self._awaited else 0)

    def tag(self, fact: TagFact) -> list[Turn]:
        """An instrument failed or recovered, or is heard again."""
        self._awaited.discard(fact.tag)
        if not fact.doubtful:
            self._doubtful.discard(fact.tag)
        elif not self.sighted(fact.tag) and fact.tag in self._topology.limited:
            self._doubtful.add(fact.tag)
        self._quality[fact.tag] = _told(fact)
        if not fact.bad or fact.inherited:  # one fault, at the cause
            self._tag_due.drop(fact.tag)
            return [self._tag_turn(fact.tag, Cause.WITHIN, fact.time)]
        if self._under_lost_link(fact.tag) or (fact.tag in self._tag_due and fact.quality in FOLDED):
            return []
        self._tag_due.drop(fact.tag)
        return [self._tag_turn(fact.tag, Cause.BEYOND, fact.time)]

    def link(self, fact: LinkFact) -> list[Turn]:
        """A bus or device was lost or came back; repeats change nothing."""
        if fact.link not in self._down:
            # Told to be up though it never was down here: its fault may stand in a journal that was folded.
            return [self._link_turn(fact.link, Cause.WITHIN, fact.time)] if fact.up else self._lost(fact)
        return self._up(fact) if fact.up else []

    def system(self, fact: SystemFact) -> Turn:
        """The gateway's own trouble."""
        detail = {"reason": fact.detail} if fact.detail else {}
        cause = Cause.BEYOND if fact.active else Cause.WITHIN
        basis = Basis(time=fact.time, measured=True, quality=int(Quality.GOOD), detail=detail)
        return Turn(self._subjects.system(fact.what), cause, fact.time, basis)

    def due(self, now: int) -> list[Turn]:
        """Patience ended: what hung on a link that is back and has not spoken since is a fault of its own."""
        turns = [self._link_turn(k, Cause.BEYOND, at) for at, k in self._link_due.take(now)]
        for at, row in self._tag_due.take(now):
            if not self.sighted(row) and not self._under_lost_link(row):
                turns.append(self._tag_turn(row, Cause.BEYOND, at))
        return turns

    def shift(self, outage: int) -> None:
        """The gateway itself was down for ``outage`` ns: nobody could have spoken to it."""
        self._tag_due = Timers({row: at + outage for row, at in self._tag_due.items()})
        self._link_due = Timers({k: at + outage for k, at in self._link_due.items()})

    def dump(self) -> dict[str, Any]:
        """JSON values, by id."""
        tags = self._topology.site.tags
        return {
            "tags": {tags[i].id: q for i, q in enumerate(self._quality) if q != NOT_HEARD},
            "doubtful": [tags[i].id for i in sorted(self._doubtful)],
            "awaited": [tags[i].id for i in sorted(self._awaited)],
            "down": dict(self._down),
            "tag_due": {tags[i].id: at for i, at in self._tag_due.items()},
            "link_due": dict(self._link_due.items()),
        }

    def load(self, data: dict[str, Any]) -> None:
        """Inverse of :meth:`dump`; tags that are no longer configured are left out."""
        index = self._topology.site.tag_index
        self._quality = [data["tags"].get(t.id, NOT_HEARD) for t in self._topology.site.tags]
        self._doubtful = {index[t] for t in data.get("doubtful", ()) if t in index} & self._topology.limited
        self._awaited = {index[t] for t in data.get("awaited", ()) if t in index}
        self._down = dict(data["down"])
        self._tag_due = Timers({index[t]: at for t, at in data["tag_due"].items() if t in index})
        self._link_due = Timers(data["link_due"])

    def prune(self) -> None:
        """Forget links that are no longer configured: should one return, it starts afresh."""
        self._down = {k: at for k, at in self._down.items() if k in self._topology.links}
        self._link_due = Timers({k: at for k, at in self._link_due.items() if k in self._topology.links})

    def subjects(self) -> frozenset[str]:
        """Rule ids of all faults the configuration can have (system faults aside)."""
        tags = {f"{t.id}.FAULT" for t in self._topology.site.tags}
        return frozenset(tags | {f"{k}.LINK" for k in self._topology.links})

    def _lost(self, fact: LinkFact) -> list[Turn]:
        self._down[fact.link] = fact.time
        turns = [self._link_turn(k, Cause.WITHIN, fact.time) for k in self._below(fact.link)]
        for row in self._topology.rows_of.get(fact.link, ()):
            self._tag_due.drop(row)
            if self._quality[row] == NOT_HEARD or self._quality[row] in FOLDED:
                turns.append(self._tag_turn(row, Cause.WITHIN, fact.time))
        for child in self._below(fact.link):
            self._link_due.drop(child)
        if not self._parent_lost(fact.link):
            turns.append(self._link_turn(fact.link, Cause.BEYOND, fact.time, fact.reason))
        return turns

    def _up(self, fact: LinkFact) -> list[Turn]:
        del self._down[fact.link]
        self._link_due.drop(fact.link)
        rows = self._topology.rows_of.get(fact.link, ())
        for row in rows:
            computed = bool(self._topology.site.tags[row].expression)
            if not self.sighted(row) and not self._under_lost_link(row) and not computed:
                self._tag_due.set(row, fact.time + self._patience(row))
        for child in self._below(fact.link):
            if child in self._down and not self._parent_lost(child):
                below = self._topology.rows_of.get(child, ())
                self._link_due.set(child, fact.time + min(map(self._patience, below), default=PATIENCE))
        return [self._link_turn(fact.link, Cause.WITHIN, fact.time, fact.reason)]

    def _below(self, link: str) -> tuple[str, ...]:
        return self._topology.below.get(link, ())

    def _parent_lost(self, link: str) -> bool:
        return any(p in self._down for p in self._topology.above.get(link, ()))

    def _under_lost_link(self, row: int) -> bool:
        return bool(self._down) and any(k in self._down for k in self._topology.links_of[row])

    def _patience(self, row: int) -> int:
        tag: Tag = self._topology.site.tags[row]
        return tag.max_age or PATIENCE

    def _tag_turn(self, row: int, cause: Cause, time: int) -> Turn:
        known = self._quality[row]
        quality = int(Quality.NO_DATA) if known == NOT_HEARD else known
        basis = Basis(time=time, measured=True, quality=quality)
        return Turn(self._subjects.tag(row), cause, time, basis)

    def _link_turn(self, link: str, cause: Cause, time: int, reason: str = "") -> Turn:
        detail = {"reason": reason} if reason else {}
        quality = int(Quality.COMMUNICATION if link in self._down else Quality.GOOD)
        basis = Basis(time=time, measured=True, quality=quality, detail=detail)
        return Turn(self._subjects.link(link), cause, time, basis)


def _told(fact: TagFact) -> int:
    # The edge is the message: a BAD edge with a byte that is not BAD must not read as sight.
    if fact.bad and status_of(fact.quality) is not Status.BAD:
        return int(Quality.CONFIGURATION)
    if not fact.bad and status_of(fact.quality) is Status.BAD:
        return int(Quality.GOOD)
    return fact.quality
