"""Anything that can happen in a night, in any order, with a naive reader beside the engine: never calm over a hazard.

Two tags with limits and no delays. What the reader holds of them is written from docs/alarms.md, not from the code.
"""

import math
from dataclasses import replace
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.engine import Engine
from gateway.model.batch import of_rows
from gateway.model.commands import Act, Command, Seen
from gateway.model.events import Condition, Event
from gateway.model.inputs import Acted, ConfigChange, LinkChange, Numbered, Readings, Started, Tick
from gateway.model.levels import Level, LiveLevel, Stage
from gateway.model.quality import Quality, Status, status_of
from gateway.model.site import Rule, RuleKind
from tests.unit.engine.plant import ANNA, T0, S, rule, site, tag

HOLDS: Final = 5
RULES: Final = (
    rule("L.H", RuleKind.LIMIT_HIGH, "L", trigger=12.0, reset=11.0),
    rule("L.HH", RuleKind.LIMIT_HIGH, "L", trigger=16.0, reset=15.0, level=Level.RED, latched=True),
    rule("M.H", RuleKind.LIMIT_HIGH, "M", trigger=12.0, reset=11.0, re_alarm=10 * S),
)
CONFIGS: Final[tuple[tuple[Rule, ...], ...]] = (
    RULES,
    tuple(replace(r, level=Level.ORANGE) for r in RULES),
    tuple(replace(r, trigger=r.trigger + 0.5) for r in RULES),
    tuple(replace(r, stage=Stage.SHADOW) if r.id == "M.H" else r for r in RULES),
)
BLINDS: Final = {"bus": ("L", "M"), "dev-1": ("L",)}


class Reader:
    """What a person with a pencil knows of one tag."""

    def __init__(self) -> None:
        self.status, self.value = Status.BAD, float("nan")
        self.order, self.received, self.until = -1, -1, -1

    def read(self, source: int, received: int, value: float, quality: int) -> None:
        if source > self.order:
            self.status = Status.BAD if math.isnan(value) else status_of(quality)
            self.value, self.order = value, source
            self.received, self.until = received, received + HOLDS * S

    def pass_time(self, now: int) -> None:
        if now >= self.until:
            self.status = Status.BAD

    def away(self, since: int, now: int) -> None:
        """Older than it holds: nobody's. Else its age stands still meanwhile, so that the plant is not blamed."""
        self.until += now - since
        if now > since and now - self.received >= HOLDS * S:
            self.status = Status.BAD


class Night:
    """The engine, its tags as the reader has them, and what may happen."""

    def __init__(self) -> None:
        self.site = site(
            rules=RULES, tags=(tag("L", max_age=HOLDS * S), tag("M", max_age=HOLDS * S, links=("bus",)))
        )
        self.engine, self.at = Engine(self.site, "e1"), 0
        self.tags = {"L": Reader(), "M": Reader()}
        self.events: list[Event] = []
        self.give(Started(T0, 0, "1"))
        for name in self.tags:
            self.read(name, 5.0, 0, 0)

    @property
    def now(self) -> int:
        return T0 + self.at * S

    def give(self, item: Any) -> None:
        step = self.engine.step([Numbered(self.engine.number + 1, item)])
        self.events += [event for _, event in step.events]

    def read(self, name: str, value: float, quality: int, lag: int) -> None:
        """``lag``: seconds by which its source time is behind; -400 is a clock that nobody believes."""
        source, known = self.now - lag * S, self.tags[name]
        self.give(
            Readings(
                of_rows(self.site.table, [(self.site.tag_index[name], source, self.now, value, quality)])
            )
        )
        if lag == -400:
            source = max(self.now, known.order + 1)
            quality = quality if status_of(quality) is Status.BAD else int(Quality.CLOCK_DOUBTFUL)
        known.read(source, self.now, value, quality)

    def away(self, since: int, *, stood: bool = False) -> None:
        self.give(Started(self.now, since, "1", stood=stood))
        for each in self.tags.values():
            each.away(since, self.now)

    def killed(self, since: int) -> None:
        """As its snapshot has it."""
        snapshot, self.engine = self.engine.snapshot(), Engine(self.site, "e1")
        self.engine.restore(snapshot)
        self.away(since)

    def lost_its_memory(self, since: int) -> None:
        """Only the journal is left."""
        self.engine = Engine(self.site, "e1")
        self.engine.refold(self.events)
        self.tags = {name: Reader() for name in self.tags}
        self.give(Started(self.now, since, "1"))

    def link(self, link: str, *, up: bool) -> None:
        self.give(LinkChange(self.now, link, up, "x"))
        for name in () if up else BLINDS[link]:
            self.tags[name].status = Status.BAD

    def act(self, act: Act, rule_id: str) -> None:
        seen = tuple(Seen(o.id, o.n) for o in self.engine.book.open()[-1:]) if act is Act.ACKNOWLEDGE else ()
        rules = () if act is Act.ACKNOWLEDGE else (rule_id,)
        until = self.now + 5 * S if act in (Act.SHELVE, Act.REMOVE) else 0
        self.give(Acted(self.now, Command(act, ANNA, seen, "why", rules, until, "P-1")))

    def reload(self, rules: tuple[Rule, ...]) -> None:
        self.site = replace(self.site, rules=rules, config_hash=str(CONFIGS.index(rules)) * 64)
        old, self.engine = self.engine, Engine(self.site, "e1")
        self.engine.carry_over(old)
        self.give(ConfigChange(self.now, "a", "b"))

    def holds(self) -> None:
        """Normal only over what is read and below its limits; and what is beyond one has its alarm."""
        calm = self.engine.book.levels()[0].level is LiveLevel.NORMAL
        open_ = {o.rule for o in self.engine.book.open() if o.axes.condition is not Condition.NORMAL}
        for each in self.site.rules:
            known = self.tags[each.tags[0]]
            beyond = known.status is not Status.BAD and known.value >= each.trigger
            assert not calm or (known.status is not Status.BAD and not beyond), (each.id, known.__dict__)
            assert not beyond or each.id in open_, (each.id, known.__dict__)


ACTS: Final = [Act.SHELVE, Act.UNSHELVE, Act.REMOVE, Act.RETURN, Act.ACKNOWLEDGE]
reads = st.tuples(
    st.just("read"), st.sampled_from("LM"), st.sampled_from([5.0] * 6 + [11.5, 13.0, 17.0, 25.0, float("nan")]),
    st.sampled_from([0] * 8 + [int(Q) for Q in (Quality.FROZEN, Quality.SOURCE_BAD, Quality.SATURATED_HIGH)]),
    st.sampled_from([0] * 8 + [1, 3, 20, -1, -400]),
)  # fmt: skip
others = st.one_of(
    st.tuples(st.sampled_from(["tick", "away", "stood", "killed", "forgot"])),
    st.tuples(st.just("link"), st.sampled_from(sorted(BLINDS)), st.booleans()),
    st.tuples(st.just("act"), st.sampled_from(ACTS), st.sampled_from([r.id for r in RULES])),
    st.tuples(st.just("reload"), st.sampled_from(CONFIGS)),
)
nights = st.lists(
    st.tuples(st.sampled_from([0, 1, 1, 1, 2, 4, 7]), st.one_of(reads, reads, others)), max_size=30
)


def happens(night: Night, since: int, what: str, *said: Any) -> None:
    deeds: dict[str, Any] = {
        "read": night.read, "tick": lambda: night.give(Tick(night.now)), "away": lambda: night.away(since),
        "stood": lambda: night.away(since, stood=True), "killed": lambda: night.killed(since),
        "forgot": lambda: night.lost_its_memory(since), "link": lambda link, up: night.link(link, up=up),
        "act": night.act, "reload": night.reload,
    }  # fmt: skip
    deeds[what](*said)


@settings(max_examples=120, deadline=None)
@given(nights)
def test_never_calm_over_what_is_not_known_or_beyond(night: list[tuple[int, tuple[Any, ...]]]) -> None:
    plant = Night()
    for seconds, deed in night:
        since = plant.now
        plant.at += seconds
        happens(plant, since, *deed)
        if deed[0] not in ("away", "stood", "killed", "forgot"):
            for each in plant.tags.values():
                each.pass_time(plant.now)
        plant.holds()
