"""What people read. Pure. Times are those of the plant, UTC+8."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gateway.model.events import Event, EventKind
from gateway.model.levels import Level
from gateway.model.site import Site
from gateway.model.times import china

ASKED: Final = frozenset({EventKind.NOTIFIED, EventKind.ESCALATED})
ANNOUNCED: Final = frozenset({EventKind.RAISED, EventKind.LEVEL_RAISED, EventKind.RE_ALARM})
LINE: Final = 100
"""Characters of a line that says a notice, without what the site wrote: level, place, value, limit, time."""
_EN: Final = {Level.RED: "RED", Level.ORANGE: "ORANGE", Level.YELLOW: "YELLOW", Level.BLUE: "BLUE"}


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to tell: the event, and its kind (what makes it new to a receiver)."""

    seq: int
    event: Event

    @property
    def level(self) -> Level:
        """Its level; blue where it has none."""
        return self.event.level or Level.BLUE

    @property
    def what(self) -> tuple[str, Level, int]:
        """The kind: the rule, its level, and which step of the escalation."""
        return self.event.rule, self.level, self.step

    @property
    def length(self) -> int:
        """About the characters that tell of it in one language."""
        e = self.event
        return LINE + len(e.tag) + len(e.description) + len(e.rule) + len(e.guidance)

    @property
    def step(self) -> int:
        """0: told at first; 1, 2 ...: because nobody acknowledged."""
        return int(self.event.detail.get("step", 0)) if self.event.event in ASKED else 0


def subject(site: Site, notices: Sequence[Notice], language: str) -> str:
    """One line for all of them, the highest level first."""
    highest, more = gathered(notices)[0][0], len(notices) - 1
    if language == "en":
        rest = f" and {more} more" if more else ""
        return (
            f"[{site.name_en or site.id}] {_EN[highest.level]} {highest.event.tag} {highest.event.rule}{rest}"
        )
    rest = f"等{len(notices)}条" if more else ""
    return f"【{site.name}】{highest.level.chinese}色 {highest.event.tag} {highest.event.description}{rest}"


def text(site: Site, notices: Sequence[Notice], language: str) -> str:
    """All of them, each kind once with how often, the highest level first; in both languages one after the other."""
    parts = ["zh", "en"] if language == "both" else [language]
    return "\n".join(line for each in parts for line in lines(site, notices, each))


def lines(site: Site, notices: Sequence[Notice], language: str) -> list[str]:
    """One line for each kind, under a head that names the site."""
    found = gathered(notices)
    if language == "en":
        head = (
            f"Fengsui {site.name_en or site.id}: {len(notices)} alarm notice{'s' if len(notices) > 1 else ''}"
        )
        return [head, *(_english(site, n) + (f" (x{k})" if k > 1 else "") for n, k in found)]
    head = f"烽燧 {site.name}：{len(notices)}条报警通知"
    return [head, *(_chinese(site, n) + (f"（{k}次）" if k > 1 else "") for n, k in found)]


def gathered(notices: Sequence[Notice]) -> list[tuple[Notice, int]]:
    """The latest of each kind and how many there are, highest level first, then by seq."""
    counts = Counter(n.what for n in notices)
    latest = {n.what: n for n in notices}
    return [(n, counts[n.what]) for n in sorted(latest.values(), key=lambda n: (-n.level, n.seq))]


def _chinese(site: Site, notice: Notice) -> str:
    e = notice.event
    place = next((i.name for i in site.installations if i.id == e.installation), e.installation)
    step = f"【第{notice.step}次升级：无人确认】" if notice.step else ""
    sort = "故障" if e.fault else "报警"
    value = f"，当前 {e.value:g} {e.unit}" if e.value is not None else ""
    limit = f"，限值 {e.limit:g} {e.unit}" if e.limit is not None else ""
    words = f"。处置：{e.guidance}" if e.guidance else ""
    when = china(e.onset if e.onset is not None else e.time)
    head = f"{step}{notice.level.chinese}色{sort} {place} {e.tag} {e.description}（{e.rule}）"
    return f"{head}{value}{limit}，{when}{words}"


def _english(site: Site, notice: Notice) -> str:
    e = notice.event
    place = next((i.name_en or i.name for i in site.installations if i.id == e.installation), e.installation)
    step = f"[escalation {notice.step}: nobody has acknowledged] " if notice.step else ""
    sort = "fault" if e.fault else "alarm"
    value = f", now {e.value:g} {e.unit}" if e.value is not None else ""
    limit = f", limit {e.limit:g} {e.unit}" if e.limit is not None else ""
    words = f". Do: {e.guidance}" if e.guidance else ""
    when = china(e.onset if e.onset is not None else e.time)
    return f"{step}{_EN[notice.level]} {sort} {place} {e.tag} {e.description} ({e.rule}){value}{limit}, {when}{words}"
