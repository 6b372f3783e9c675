"""A small plant and a way to tell its story in one line per fact."""

from dataclasses import replace
from typing import Any

from gateway.alarms.book import Book
from gateway.alarms.facts import (
    CommandFact,
    ConfigFact,
    Fact,
    LinkFact,
    RuleFact,
    StartedFact,
    SystemFact,
    TagFact,
    TimeFact,
)
from gateway.model.commands import Act, Actor, Command, Seen
from gateway.model.events import Condition, Event, EventKind, Occurrence
from gateway.model.levels import Level, LiveLevel, Stage
from gateway.model.quality import Quality
from gateway.model.site import Degrade, Installation, Link, Rule, RuleKind, Site, Tag
from gateway.model.times import seconds

T0 = 1_790_000_000 * 10**9
LI = Actor("li", "李明", "operator", "desk-1")


def tag(ident: str, installation: str = "farm", links: tuple[str, ...] = ("bus", "plc1"), **more: Any) -> Tag:
    fields = {"description": f"{ident} 液位", "cls": "level", "unit": "m", "max_age": seconds(5), **more}
    return Tag(id=ident, raw=ident, installation=installation, links=links, **fields)


def limit(
    ident: str, subject: str, level: Level, trigger: float, installation: str = "farm", **more: Any
) -> Rule:
    fields: dict[str, Any] = {
        "name": ident.rpartition(".")[2],
        "kind": RuleKind.LIMIT_HIGH,
        "subject": subject,
        "tags": (subject,),
        "priority": 2,
        "reset": trigger - 1,
        "version": "v1",
        "guidance": "关闭进料阀",
        **more,
    }
    return Rule(id=ident, installation=installation, level=level, trigger=trigger, **fields)


RULES = (
    limit(
        "LT-1.H",
        "LT-1",
        Level.YELLOW,
        8,
        raise_level=((seconds(60), Level.ORANGE), (seconds(300), Level.RED)),
    ),
    limit("LT-1.HH", "LT-1", Level.RED, 9, priority=1, latched=True),
    limit("LT-2.H", "LT-2", Level.ORANGE, 8),
    limit("LT-3.H", "LT-3", Level.RED, 8, stage=Stage.SHADOW),
    limit("LT-3.MAX", "LT-3", Level.BLUE, 9, priority=4),
    limit("PZ-1.H", "PZ-1", Level.BLUE, 3, installation="pond"),
    limit(
        "GAS-A.VOTE",
        "GAS-A",
        Level.RED,
        50,
        kind=RuleKind.VOTE,
        tags=("PZ-1", "PZ-2"),
        needed=2,
        degrade=Degrade.TRIP,
        installation="pond",
    ),
)
SITE = Site(
    gateway="gw-01",
    county="341524",
    id="demo",
    name="示范厂",
    installations=(
        Installation(id="farm", name="储罐区", base_level=Level.ORANGE),
        Installation(id="pond", name="尾矿库", base_level=Level.RED),
    ),
    links=(
        Link(id="bus", description="RS-485 1", source="plc"),
        Link(id="plc1", description="PLC 1", source="plc", parent="bus"),
        Link(id="plc2", description="PLC 2", source="plc", parent="bus"),
        Link(id="pond", description="pond broker", source="pond"),
    ),
    tags=(
        tag("LT-1", limit_required=True),
        tag("LT-2"),
        tag("LT-3", links=("bus", "plc2")),
        tag("PZ-1", "pond", ("pond",)),
        tag("PZ-2", "pond", ("pond",)),
        tag("PZ-3", "pond", ("pond",)),
    ),
    rules=RULES,
)


def with_rules(*rules: Rule, **more: Any) -> Site:
    return replace(SITE, rules=rules, **more)


def edited(ident: str, **changes: Any) -> Site:
    """The site with one rule changed."""
    return with_rules(*(replace(r, **changes) if r.id == ident else r for r in SITE.rules))


class Story:
    """A book, a clock that the story moves, and everything that happened."""

    def __init__(self, site: Site = SITE, *, seen: bool = True) -> None:
        self.site = site
        self.book = Book(site, "epoch-1")
        self.now = T0
        self.events: list[Event] = []
        self.tell(StartedFact(T0, 0, "1.0"))
        if seen:
            for t in site.tags:
                self.good(t.id)
            for r in site.rules:
                self.normal(r.id)

    def tell(self, fact: Fact) -> list[Event]:
        events = self.book.apply(fact)
        self.events += events
        return events

    def wait(self, s: float) -> list[Event]:
        self.now += seconds(s)
        return self.tell(TimeFact(self.now))

    def rule(self, ident: str, after: Condition, value: float = 9.5, **more: Any) -> list[Event]:
        fields = {
            "time": self.now,
            "onset": self.now,
            "quality": 0,
            "rate": None,
            "received": self.now,
            **more,
        }
        row = self.site.rule_index[ident]
        return self.tell(RuleFact(rule=row, before=Condition.NORMAL, after=after, value=value, **fields))

    def active(self, ident: str, **more: Any) -> list[Event]:
        return self.rule(ident, Condition.ACTIVE, **more)

    def normal(self, ident: str, **more: Any) -> list[Event]:
        return self.rule(ident, Condition.NORMAL, value=5.0, **more)

    def unknown(self, ident: str, **more: Any) -> list[Event]:
        return self.rule(ident, Condition.UNKNOWN, value=float("nan"), quality=Quality.COMMUNICATION, **more)

    def good(self, ident: str) -> list[Event]:
        return self.tell(TagFact(self.site.tag_index[ident], bad=False, quality=0, time=self.now))

    def bad(self, ident: str, quality: int = Quality.COMMUNICATION) -> list[Event]:
        return self.tell(TagFact(self.site.tag_index[ident], bad=True, quality=int(quality), time=self.now))

    def down(self, link: str) -> list[Event]:
        return self.tell(LinkFact(self.now, link, up=False, reason="timeout"))

    def up(self, link: str) -> list[Event]:
        return self.tell(LinkFact(self.now, link, up=True))

    def system(self, what: str, *, active: bool, detail: str = "") -> list[Event]:
        return self.tell(SystemFact(self.now, what, active, detail))

    def ack(self, *seen: tuple[str, int], comment: str = "") -> list[Event]:
        return self.command(Act.ACKNOWLEDGE, *seen, comment=comment)

    def reset(self, *seen: tuple[str, int]) -> list[Event]:
        return self.command(Act.RESET, *seen)

    def aside(self, act: Act, *rules: str, hours: float = 1, **more: Any) -> list[Event]:
        """Shelve, remove or bring back rules."""
        asked = {"comment": "泵试验", "until": self.now + seconds(3600 * hours), **more}
        return self.tell(
            CommandFact(self.now, Command(act, asked.pop("actor", LI), (), rules=rules, **asked))
        )

    def loop(self, act: Act, rule: str, actor: Actor = LI, comment: str = "", **words: str) -> list[Event]:
        """One step of the closed loop on the one open alarm of a rule."""
        o = self.one(rule)
        command = Command(act, actor, (Seen(o.id, o.n),), comment, words=tuple(words.items()))
        return self.tell(CommandFact(self.now, command))

    def command(self, act: Act, *seen: tuple[str, int], comment: str = "") -> list[Event]:
        return self.tell(CommandFact(self.now, Command(act, LI, tuple(Seen(*s) for s in seen), comment)))

    def reconfigure(self, site: Site) -> list[Event]:
        old, self.site = self.book, site
        self.book = Book(site, "epoch-1")
        self.book.load(old.dump())
        return self.tell(ConfigFact(self.now, old="a", new="b"))

    def open(self, rule: str) -> list[Occurrence]:
        return [o for o in self.book.open() if o.rule == rule]

    def one(self, rule: str) -> Occurrence:
        (found,) = self.open(rule)
        return found

    def level(self, place: str = "") -> LiveLevel:
        return next(s.level for s in self.book.levels() if s.installation == place)


def kinds(events: list[Event], *, levels: bool = False) -> list[str]:
    """Event names; live-level events only when asked for."""
    return [e.event.value for e in events if levels or e.event is not EventKind.LIVE_LEVEL]


def told(events: list[Event]) -> list[str]:
    """``rule: event`` of everything but live levels."""
    return [f"{e.rule}: {e.event.value}" for e in events if e.event is not EventKind.LIVE_LEVEL]
