"""Entries of kinds that judge several tags together: deviation, moving limit, spread, state limit, balance, T2/Q."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import Field, model_validator

from gateway.config.classes import DISCRETE
from gateway.config.durations import Duration, spelled
from gateway.config.kinds.base import KindEntry, Member, Wrong
from gateway.config.rulebase import Flag, Id, Int, Number, Strict
from gateway.model.site import Setting, Tag
from gateway.model.times import seconds

Side = Literal["both", "high", "low"]
State = Annotated[Int, Field(ge=0, le=63)]
CELL_PERIODS: Final = 2
"""a cell of a balance needs at least as many readings"""


def tag_of(role: str, tag: str) -> Member:
    """A member written under the name of its parameter."""
    return Member(role, tag, (role,))


def not_measuring(tags: Mapping[str, Tag], *names: tuple[str, str]) -> Iterator[Wrong]:
    """Members (key, tag) that are states or commands."""
    for key, name in names:
        if name in tags and tags[name].cls in DISCRETE:
            yield Wrong(key, "a tag that measures", f"{name} is of class {tags[name].cls}", name)


def of_one_unit(tags: Mapping[str, Tag], key: str) -> Iterator[Wrong]:
    """Members that are not in the same unit."""
    if len({t.unit for t in tags.values()}) > 1:
        units = ", ".join(f"{t.id} {t.unit or 'without unit'}" for t in tags.values())
        yield Wrong(key, "tags of one unit", "convert one of them with a computed tag", units)


class Beyond(KindEntry):
    """What has a trigger above 0 and a reset below it."""

    trigger: Number = Field(gt=0, description="beyond from this on")
    reset: Number | None = Field(None, ge=0, description="within below this; empty: 90 % of the trigger")

    @model_validator(mode="after")
    def _order(self) -> Self:
        if self.limits()[1] > self.trigger:
            raise ValueError(f"reset at or below trigger {self.trigger:g}")
        return self

    def limits(self) -> tuple[float, float]:
        return self.trigger, 0.9 * self.trigger if self.reset is None else self.reset

    def pair(self) -> dict[str, Setting]:
        """Trigger and reset as parameters."""
        trigger, reset = self.limits()
        return {"trigger": trigger, "reset": reset}


class DeviationEntry(Beyond):
    """Away from a set-point tag or a twin sensor."""

    judged: ClassVar[str] = "value and `reference` are `trigger` apart"
    short: ClassVar[str] = "DEV"
    kind: Literal["deviation"]
    tag: str = Field(description="tag judged")
    reference: str = Field(description="set-point tag or twin sensor, of the same unit")
    side: Side = Field("both", description="high: only above the reference, low: only below")
    percent: Flag = Field(False, description="trigger and reset are percent of the tag's range")

    def members(self) -> tuple[Member, ...]:
        return tag_of("tag", self.tag), tag_of("reference", self.reference)

    def settings(self) -> Mapping[str, Setting]:
        return {**self.pair(), "side": self.side}

    def settings_for(self, tags: Mapping[str, Tag]) -> Mapping[str, Setting]:
        tag = tags[self.tag]
        span = (tag.high or 0.0) - (tag.low or 0.0) if self.percent else 0.0
        return {**self.settings(), "span": span}

    def wrong(self, tags: Mapping[str, Tag]) -> Iterator[Wrong]:
        yield from different("reference", self.tag, self.reference)
        yield from not_measuring(tags, ("tag", self.tag), ("reference", self.reference))
        yield from of_one_unit(tags, "reference")
        if self.percent and self.tag in tags and tags[self.tag].high is None:
            yield Wrong("percent", f"false, or a range of {self.tag} in the tag list", "percent of what?")


def different(key: str, *tags: str) -> Iterator[Wrong]:
    """Each member once."""
    if len(set(tags)) != len(tags):
        yield Wrong(key, "different tags", "", ", ".join(tags))


class MovingLimitEntry(KindEntry):
    """A limit that moves with another tag."""

    judged: ClassVar[str] = "value is beyond `gain` x `other` + `offset`"
    short: ClassVar[str] = "MOVING"
    kind: Literal["moving-limit"]
    tag: str = Field(description="tag judged")
    other: str = Field(description="tag that the limit moves with")
    gain: Number = Field(1.0, description="limit = gain x other + offset, in the unit of the tag judged")
    offset: Number = Field(0.0, description="limit = gain x other + offset")
    dead_band: Number = Field(0.0, ge=0, description="normal again this far inside the limit")
    side: Literal["high", "low"] = Field("high", description="dangerous side")

    def members(self) -> tuple[Member, ...]:
        return tag_of("tag", self.tag), tag_of("other", self.other)

    def limits(self) -> tuple[float, float]:
        return 0.0, self.dead_band if self.side == "low" else -self.dead_band

    def settings(self) -> Mapping[str, Setting]:
        low = float(self.side == "low")
        return {"gain": self.gain, "offset": self.offset, "dead_band": self.dead_band, "low": low}

    def wrong(self, tags: Mapping[str, Tag]) -> Iterator[Wrong]:
        yield from different("other", self.tag, self.other)
        yield from not_measuring(tags, ("tag", self.tag), ("other", self.other))
        if self.gain == 0:
            yield Wrong("gain", "a number other than 0", "use a limit column: it would not move")


class GroupEntry(KindEntry):
    """What has a group of tags and a name for it."""

    group: Id = Field(description="id of the group, the <tag> of its topics")
    tags: Annotated[tuple[str, ...], Field(min_length=2, max_length=64)] = Field(
        description="the member tags"
    )

    def members(self) -> tuple[Member, ...]:
        return tuple(Member("tags", tag, ("tags", i)) for i, tag in enumerate(self.tags))

    def subject(self) -> str:
        return self.group

    def wrong(self, tags: Mapping[str, Tag]) -> Iterator[Wrong]:
        yield from different("tags", *self.tags)
        yield from not_measuring(tags, *(("tags", tag) for tag in self.tags))


class SpreadEntry(GroupEntry, Beyond):
    """Redundant sensors that do not agree."""

    judged: ClassVar[str] = "the members lie `trigger` apart, or one lies so far from their median"
    short: ClassVar[str] = "SPREAD"
    kind: Literal["spread"]
    measure: Literal["range", "median"] = Field(
        "range", description="range: largest minus smallest; median: largest distance from the median"
    )
    least: Annotated[Int, Field(ge=2)] | None = Field(
        None, description="as many members must be readable; empty: all. BAD ones beyond that are left out"
    )

    def settings(self) -> Mapping[str, Setting]:
        return {**self.pair(), "measure": self.measure, "least": float(self.least or 0)}

    def wrong(self, tags: Mapping[str, Tag]) -> Iterator[Wrong]:
        yield from super().wrong(tags)
        yield from of_one_unit(tags, "tags")
        if self.least is not None and self.least > len(self.tags):
            yield Wrong("least", f"2 to {len(self.tags)}, the number of members")


class Case(Strict):
    """Limits in one state."""

    state: State = Field(frozen=True, description="value of the selector, rounded")
    trigger: Number | None = Field(
        None, description="beyond at and past this value; empty: no limit in this state"
    )
    reset: Number | None = Field(None, description="normal again inside this; empty: the trigger")


class StateLimitEntry(KindEntry):
    """Limits that another tag's state chooses: filling, idle, maintenance."""

    judged: ClassVar[str] = "value is beyond the limit of the state that `selector` says"
    short: ClassVar[str] = "STLIM"
    kind: Literal["state-limit"]
    tag: str = Field(description="tag judged")
    selector: str = Field(description="tag of class state or command, or with whole numbers")
    cases: Annotated[tuple[Case, ...], Field(min_length=1, max_length=64)] = Field(
        description="state, trigger, reset of each state"
    )
    otherwise: Literal["strictest", "unknown"] = Field(
        "strictest", description="in a state that no case names, or while it cannot be read"
    )
    side: Literal["high", "low"] = Field("high", description="dangerous side")

    def members(self) -> tuple[Member, ...]:
        return tag_of("tag", self.tag), tag_of("selector", self.selector)

    def limited(self) -> list[tuple[int, float, float]]:
        """State, trigger and reset where there is a limit."""
        return [
            (c.state, c.trigger, c.trigger if c.reset is None else c.reset)
            for c in self.cases
            if c.trigger is not None
        ]

    def limits(self) -> tuple[float, float]:
        """The strictest."""
        pick: Any = max if self.side == "low" else min
        return pick(t for _, t, _ in self.limited()), pick(r for _, _, r in self.limited())

    def settings(self) -> Mapping[str, Setting]:
        states, triggers, resets = (tuple(map(float, x)) for x in zip(*self.limited(), strict=True))
        free = tuple(float(c.state) for c in self.cases if c.trigger is None)
        return {
            "states": states, "triggers": triggers, "resets": resets, "free": free,
            "otherwise": self.otherwise, "low": float(self.side == "low"),
        }  # fmt: skip

    @model_validator(mode="after")
    def _cases(self) -> Self:
        if not self.limited():
            raise ValueError("at least one case with a trigger")
        if len({c.state for c in self.cases}) < len(self.cases):
            raise ValueError("each state once")
        for _, trigger, reset in self.limited():
            if (reset < trigger) if self.side == "low" else (reset > trigger):
                raise ValueError(f"reset on the normal side of trigger {trigger:g}")
        return self

    def wrong(self, tags: Mapping[str, Tag]) -> Iterator[Wrong]:
        yield from different("selector", self.tag, self.selector)
        yield from not_measuring(tags, ("tag", self.tag))


class BalanceEntry(Beyond):
    """What is in a vessel against what flowed in and out."""

    judged: ClassVar[str] = (
        "what is in the vessel and what flowed in and out over `window` differ by `trigger` more than their uncertainty"
    )
    short: ClassVar[str] = "BALANCE"
    kind: Literal["balance"]
    volume: str = Field(description="volume or level tag of the vessel")
    inflows: tuple[str, ...] = Field((), description="flow tags into it")
    outflows: tuple[str, ...] = Field((), description="flow tags out of it")
    per: Literal["s", "min", "h"] = Field("h", description="time unit of the flows: h for m3/h")
    gain: Number = Field(1.0, gt=0, description="volume in one unit of a level; 1 for a volume")
    window: Annotated[Duration, Field(ge=seconds(10))] = Field(description="time over which it is balanced")
    side: Side = Field("both", description="low: less in it than flowed in (a leak), high: more")
    volume_u: Number = Field(0.0, ge=0, description="standard uncertainty of a volume, in its unit")
    flow_u: Number = Field(
        0.0, ge=0, le=1, description="relative standard uncertainty of a flow, 0.01 for 1 %"
    )
    k: Number = Field(2.0, ge=0, le=10, description="coverage factor: 2 is about 95 %")
    cells: Annotated[Int, Field(ge=2, le=60)] = Field(
        12, description="the window moves on by one of so many cells"
    )
    bridge: Duration = Field(0, description="longest gap that is bridged by a straight line; 0: one cell")

    PER: ClassVar[Mapping[str, int]] = {"s": 1, "min": 60, "h": 3600}

    def members(self) -> tuple[Member, ...]:
        flows = (("inflows", self.inflows), ("outflows", self.outflows))
        return (
            tag_of("volume", self.volume),
            *(Member(role, tag, (role, i)) for role, tags in flows for i, tag in enumerate(tags)),
        )

    def settings(self) -> Mapping[str, Setting]:
        names = ("gain", "window", "side", "volume_u", "flow_u", "k", "cells", "bridge")
        return {
            **self.pair(),
            "per": seconds(self.PER[self.per]),
            **{name: getattr(self, name) for name in names},
        }

    def wrong(self, tags: Mapping[str, Tag]) -> Iterator[Wrong]:
        flows = (*self.inflows, *self.outflows)
        if not flows:
            yield Wrong("inflows", "at least one flow, in or out", "without flows use a rate or a level rule")
        yield from different("inflows", self.volume, *flows)
        yield from not_measuring(tags, ("volume", self.volume), *(("inflows", tag) for tag in flows))
        slowest = max((t.period for t in tags.values()), default=0)
        if self.window < self.cells * CELL_PERIODS * slowest:
            least = spelled(self.cells * CELL_PERIODS * slowest)
            hint = f"each cell needs {CELL_PERIODS} readings of every tag; or have fewer cells"
            yield Wrong("window", f"at least {least}", hint, spelled(self.window))
        if self.bridge > self.window:
            yield Wrong("bridge", "no longer than the window", "", spelled(self.bridge))


class MultivariateEntry(GroupEntry, Beyond):
    """Several tags that do not fit each other as they did while it learned (Hotelling's T2, prediction error Q)."""

    judged: ClassVar[str] = (
        "T2 or Q of the members together is `trigger` times its limit, against what was learned"
    )
    short: ClassVar[str] = "MULTI"
    kind: Literal["multivariate"]
    trigger: Number = Field(1.0, gt=0, description="beyond from this many times the limit on")
    learn: Annotated[Duration, Field(gt=0)] = Field(
        description="time of normal running, from the first readings on, that it learns from"
    )
    statistic: Literal["both", "t2", "q"] = Field("both", description="what is judged")
    keep: Number = Field(0.9, gt=0, le=1, description="share of the variance in the components kept")
    confidence: Number = Field(
        0.999, gt=0.5, lt=1, description="of the limits; 0.999: beyond once in 1000 samples"
    )
    smooth: Flag = Field(False, description="judge the median of the last five")
    weight: Number = Field(1.0, gt=0, le=1, description="exponential weight of a sample; 1: each by itself")
    shrink: Number = Field(0.0, ge=0, lt=1, description="shrink correlations by this share")
    every: Duration = Field(0, description="time between samples; 0: each time anything is read")
    least: Annotated[Int, Field(ge=4)] | None = Field(
        None, description="samples to learn from at least; empty: 10 times the members"
    )
    relearn: Annotated[Int, Field(ge=0)] = Field(
        0, description="samples from which the means are learned anew after each alarm; 0: never"
    )

    def settings(self) -> Mapping[str, Setting]:
        names = ("learn", "statistic", "keep", "confidence", "weight", "shrink", "every", "relearn")
        own = {name: getattr(self, name) for name in names}
        return {**self.pair(), **own, "smooth": float(self.smooth), "least": float(self.least or 0)}

    def wrong(self, tags: Mapping[str, Tag]) -> Iterator[Wrong]:
        yield from super().wrong(tags)
        least = self.least or 10 * len(self.tags)
        if least < 2 * len(self.tags):
            yield Wrong("least", f"at least {2 * len(self.tags)}, twice the members")
        time = least * max([self.every, *(t.period for t in tags.values())])
        if self.learn < time:
            hint = "or a smaller `least`: it would go on learning until it has as many"
            yield Wrong("learn", f"at least {spelled(time)}, {least} samples", hint, spelled(self.learn))


ENTRIES: Final[tuple[type[KindEntry], ...]] = (
    DeviationEntry,
    MovingLimitEntry,
    SpreadEntry,
    StateLimitEntry,
    BalanceEntry,
    MultivariateEntry,
)
