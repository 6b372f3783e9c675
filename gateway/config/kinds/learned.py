"""Entries of the kinds that learn a tag's own normal: departure and novelty."""

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from gateway.config.classes import DISCRETE
from gateway.config.kinds.base import KindEntry, Member, Wrong
from gateway.config.rulebase import Int, Number
from gateway.model.site import Setting, Tag

Count = Annotated[Int, Field(ge=1, le=10_000_000)]


class Learned(KindEntry):
    """What both have: one tag that measures, a trigger and a reset without unit."""

    tag: str = Field(description="tag judged")

    def members(self) -> tuple[Member, ...]:
        return (Member("tag", self.tag, ("tag",)),)

    def wrong(self, tags: Mapping[str, Tag]) -> Iterator[Wrong]:
        if self.tag in tags and tags[self.tag].cls in DISCRETE:
            yield Wrong("tag", "a tag that measures", "states and counters have no normal range", self.tag)


class DepartureEntry(Learned):
    """Far from its own recent mean."""

    judged: ClassVar[str] = "value is `trigger` times the tag's own noise away from its own recent mean"
    short: ClassVar[str] = "DEPART"
    kind: Literal["departure"]
    trigger: Number = Field(6.0, description="beyond from this many times the noise on")
    reset: Number | None = Field(None, description="within below this; default half of the trigger")
    floor: Number = Field(gt=0, description="least noise, tag's unit: its resolution or accuracy")
    side: Literal["both", "high", "low"] = Field("both", description="which way it is looked for")
    memory: Count = Field(60, description="readings that make the recent mean")
    noise: Count = Field(10080, description="readings that make the noise")
    learn: Count = Field(1440, description="first readings, that are not judged")

    @model_validator(mode="after")
    def _order(self) -> Self:
        if not 0 < self.limits()[1] <= self.trigger:
            raise ValueError("reset above 0 and at most the trigger")
        return self

    def limits(self) -> tuple[float, float]:
        return self.trigger, self.trigger / 2 if self.reset is None else self.reset

    def settings(self) -> Mapping[str, Setting]:
        trigger, reset = self.limits()
        return {
            "trigger": trigger,
            "reset": reset,
            "floor": self.floor,
            "side": self.side,
            "memory": self.memory,
            "noise": self.noise,
            "learn": self.learn,
        }


class NoveltyEntry(Learned):
    """Unlike anything seen so far."""

    judged: ClassVar[str] = (
        "value is unlike all before it: the shift, the deviation and the hour of the day together are less likely than "
        "10^-`trigger`"
    )
    short: ClassVar[str] = "NOVEL"
    kind: Literal["novelty"]
    trigger: Number = Field(6.0, gt=0, description="beyond from this surprise on, a power of ten")
    fast: Count = Field(10, description="readings of the short mean")
    slow: Count = Field(300, description="readings of the long mean")
    reference: Count = Field(100, description="readings of the mean that single readings are compared with")
    learn: Annotated[Count, Field(gt=16)] = Field(150, description="first readings, that are not judged")
    hold: Annotated[Int, Field(ge=0)] = Field(50, description="readings that it stays beyond after the last")

    @model_validator(mode="after")
    def _order(self) -> Self:
        if self.fast >= self.slow:
            raise ValueError("slow more than fast")
        return self

    def limits(self) -> tuple[float, float]:
        return self.trigger, self.trigger

    def settings(self) -> Mapping[str, Setting]:
        names = ("trigger", "fast", "slow", "reference", "learn", "hold")
        return {"reset": self.trigger, **{name: getattr(self, name) for name in names}}


ENTRIES: tuple[type[KindEntry], ...] = (DepartureEntry, NoveltyEntry)
"""the entries of this family"""
