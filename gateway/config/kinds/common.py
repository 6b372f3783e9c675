"""Entries of the common kinds that have settings of their own: trend, spike, frozen."""

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field

from detectors.kinds.common import FURTHEST, MIN_TREND_BUCKETS, TREND_BUCKETS
from gateway.config.durations import Duration, spelled
from gateway.config.kinds.base import KindEntry, Member, Wrong
from gateway.config.kinds.groups import Beyond, not_measuring
from gateway.config.rulebase import Int, Number
from gateway.model.site import Setting, Tag
from gateway.model.times import seconds

Length = Annotated[Duration, Field(gt=0)]
Confidence = Annotated[Number, Field(gt=0, lt=1)]


class TrendEntry(KindEntry):
    """Time to the limit."""

    judged: ClassVar[str] = (
        "at its slope over `window`, the value will reach `limit` within `horizon`, surely enough"
    )
    short: ClassVar[str] = "TREND"
    kind: Literal["trend"]
    tag: str = Field(description="tag judged")
    limit: Number = Field(description="value that must not be reached, tag's unit")
    side: Literal["high", "low"] = Field("high", description="high: rising to the limit, low: falling to it")
    horizon: Length = Field(description="how far ahead it looks, at most four windows")
    window: Length = Field(description="time over which the slope is taken")
    confidence: Annotated[Confidence, Field(ge=0.5)] = Field(
        0.95, description="beyond from this confidence on"
    )
    reset_confidence: Confidence = Field(0.5, description="within below this confidence")
    buckets: Annotated[Int, Field(ge=MIN_TREND_BUCKETS, le=60)] = Field(
        TREND_BUCKETS, description="parts of the window; it is judged at the end of each"
    )

    def members(self) -> tuple[Member, ...]:
        return (Member("tag", self.tag, ("tag",)),)

    def limits(self) -> tuple[float, float]:
        return self.limit, self.limit

    def settings(self) -> Mapping[str, Setting]:
        return {
            "limit": self.limit,
            "low": float(self.side == "low"),
            "horizon": self.horizon,
            "window": self.window,
            "confidence": self.confidence,
            "reset": self.reset_confidence,
            "buckets": self.buckets,
        }

    def wrong(self, tags: Mapping[str, Tag]) -> Iterator[Wrong]:
        yield from not_measuring(tags, ("tag", self.tag))
        if self.horizon > FURTHEST * self.window:
            furthest = spelled(FURTHEST * self.window)
            hint = "watch longer: a rise is not foretold further than four times as long as it was seen"
            yield Wrong("horizon", f"at most {furthest}", hint, spelled(self.horizon))
        if self.reset_confidence > self.confidence:
            yield Wrong("reset_confidence", f"at most confidence, {self.confidence:g}")
        if self.tag in tags:
            yield from self._beside(tags[self.tag])

    def _beside(self, tag: Tag) -> Iterator[Wrong]:
        least = self.buckets * max(tag.period, seconds(1))
        if self.window < least:
            hint = f"each of {self.buckets} buckets needs a reading of {tag.id}; or fewer buckets"
            yield Wrong("window", f"at least {spelled(least)}", hint, spelled(self.window))
        if tag.low is not None and tag.high is not None and not tag.low <= self.limit <= tag.high:
            yield Wrong("limit", f"inside the range of {tag.id}, {tag.low:g} to {tag.high:g}")


class SpikeEntry(Beyond):
    """One or two wild values: an instrument, its cable or its supply."""

    judged: ClassVar[str] = "value is `trigger` away from the median of the five readings around it"
    short: ClassVar[str] = "SPIKE"
    kind: Literal["spike"]
    tag: str = Field(description="tag judged")
    off_delay: Duration = Field(seconds(60), description="without another for this long before it is cleared")

    def members(self) -> tuple[Member, ...]:
        return (Member("tag", self.tag, ("tag",)),)

    def settings(self) -> Mapping[str, Setting]:
        return self.pair()

    def wrong(self, tags: Mapping[str, Tag]) -> Iterator[Wrong]:
        yield from not_measuring(tags, ("tag", self.tag))
        if not self.limits()[1] > 0:
            yield Wrong("reset", "more than 0")


class FrozenEntry(KindEntry):
    """Tells people of what also makes the value uncertain: the tag's own ``frozen`` and ``frozen_band``."""

    judged: ClassVar[str] = "the value has not moved for the tag list's `frozen`, within its `frozen_band`"
    short: ClassVar[str] = "FROZEN"
    kind: Literal["frozen"]
    tag: str = Field(description="tag judged; its `frozen` and `frozen_band` in the tag list say when")

    def members(self) -> tuple[Member, ...]:
        return (Member("tag", self.tag, ("tag",)),)

    def limits(self) -> tuple[float, float]:
        return 0.0, 0.0

    def settings(self) -> Mapping[str, Setting]:
        return {}

    def settings_for(self, tags: Mapping[str, Tag]) -> Mapping[str, Setting]:
        tag = tags[self.tag]
        return {"window": tag.frozen_window, "band": tag.frozen_band}

    def wrong(self, tags: Mapping[str, Tag]) -> Iterator[Wrong]:
        yield from not_measuring(tags, ("tag", self.tag))
        if self.tag in tags and tags[self.tag].frozen_window == 0:
            hint = "longer than the signal ever rests; not for rain, a gas at its floor or a tank that stands idle"
            yield Wrong("tag", "a tag that has `frozen` in the tag list", hint)


ENTRIES: Final[tuple[type[KindEntry], ...]] = (TrendEntry, SpikeEntry, FrozenEntry)
"""the entries of this family"""
