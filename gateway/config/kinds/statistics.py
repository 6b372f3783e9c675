# long-file: table
"""Entries of the per-tag statistical kinds: windows, time in a state, control charts, learned cycles, movement."""

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import Field, model_validator

from gateway.config.classes import DISCRETE
from gateway.config.durations import Duration, spelled
from gateway.config.kinds.base import KindEntry, Member, Wrong
from gateway.config.kinds.groups import Beyond, not_measuring
from gateway.config.rulebase import Int, Number, RuleBase
from gateway.model.site import Setting, Tag
from gateway.model.times import NS, seconds

Either = Literal["both", "high", "low"]
Way = Literal["high", "low"]
Unit = Literal["s", "min", "h", "d"]
UNITS: Final = {"s": NS, "min": 60 * NS, "h": 3600 * NS, "d": 86_400 * NS}
Length = Annotated[Duration, Field(gt=0)]
Share = Annotated[Number, Field(ge=0, le=1)]
Sigma = Annotated[Number, Field(gt=0)]
Count = Annotated[Int, Field(ge=1, le=10_000_000)]
Values = Annotated[tuple[Annotated[Int, Field(ge=0, le=63)], ...], Field(min_length=1)]
WINDOW: Final = "time it looks back over"
BUCKETS: Final = "parts of the window: memory, and how finely it moves on"
COVERAGE: Final = "share of the window that must be known before it clears"
FLOOR: Final = "least standard deviation, tag's unit: its resolution or noise"
SIDE: Final = "which way it is looked for"
WINDOW_PERIODS: Final = 4
NOISE_READINGS: Final = 4
"""readings a bucket of a noise needs"""
_SHARED: Final = {*RuleBase.model_fields, "kind", "tag"}


class OneTag(KindEntry):
    """What all have: one tag, and settings by the names of the parameters."""

    tag: str = Field(description="tag judged")

    def members(self) -> tuple[Member, ...]:
        return (Member("tag", self.tag, ("tag",)),)

    def settings(self) -> Mapping[str, Setting]:
        names = [name for name in type(self).model_fields if name not in _SHARED]
        found: dict[str, Setting] = {name: getattr(self, name) for name in names}
        if "per" in found:
            found["per"] = UNITS[str(found["per"])]
        return {**found, **self.pair()}

    def pair(self) -> dict[str, Setting]:
        """Trigger and reset as parameters."""
        trigger, reset = self.limits()
        return {"trigger": trigger, "reset": reset}

    def wrong(self, tags: Mapping[str, Tag]) -> Iterator[Wrong]:
        yield from not_measuring(tags, ("tag", self.tag))
        if self.tag in tags:
            yield from self.beside(tags[self.tag])

    def beside(self, tag: Tag) -> Iterator[Wrong]:
        """What is wrong with it beside its tag."""
        window, buckets = getattr(self, "window", 0), getattr(self, "buckets", 1)
        if 0 < window < WINDOW_PERIODS * tag.period:
            least = spelled(WINDOW_PERIODS * tag.period)
            yield Wrong(
                "window", f"at least {least}, {WINDOW_PERIODS} periods of {tag.id}", value=spelled(window)
            )
        elif window and window < buckets:
            yield Wrong("window", f"at least {buckets} ns, one for each bucket", value=spelled(window))


def filled(window: int, buckets: int, readings: int, tag: Tag) -> Iterator[Wrong]:
    """Each bucket must hold so many readings."""
    if window < buckets * readings * tag.period:
        least = spelled(buckets * readings * tag.period)
        few = max(window // (readings * tag.period), 1)
        hint = f"{buckets} buckets with {readings} readings of {tag.id} each; or at most {few} buckets"
        yield Wrong("window", f"at least {least}", hint, spelled(window))


def in_range(trigger: float, tag: Tag, key: str = "trigger") -> Iterator[Wrong]:
    """A value that the tag can have."""
    if tag.low is not None and tag.high is not None and not tag.low <= trigger <= tag.high:
        yield Wrong(key, f"inside the range of {tag.id}, {tag.low:g} to {tag.high:g}")


def on_normal_side(trigger: float, reset: float, side: str) -> None:
    """Raises ValueError where the reset lies beyond the trigger."""
    if (reset < trigger) if side == "low" else (reset > trigger):
        raise ValueError(f"reset {'at or above' if side == 'low' else 'at or below'} trigger {trigger:g}")


class Positive(OneTag, Beyond):
    """Trigger above 0, reset below it."""


class TotalEntry(Positive):
    """Amount over a window."""

    judged: ClassVar[str] = "amount of the last `window` reaches `trigger`: rain of a day, volume of an hour"
    short: ClassVar[str] = "TOTAL"
    kind: Literal["total"]
    window: Length = Field(description=WINDOW)
    of: Literal["increments", "counter", "flow"] = Field(
        "increments",
        description="what a reading is: increments: the amount since the one before; counter: a meter that counts up; "
        "flow: amount per `per`, integrated",
    )
    per: Unit = Field("h", description="time unit of a flow: h for m3/h or mm/h")
    coverage: Share = Field(0.5, description=COVERAGE)
    buckets: Annotated[Int, Field(ge=1, le=60)] = Field(48, description=BUCKETS)

    def beside(self, tag: Tag) -> Iterator[Wrong]:
        yield from super().beside(tag)
        if self.of != "flow" and "per" in self.model_fields_set:
            yield Wrong("per", "with of: flow", "remove it, it would do nothing")
        if self.of == "flow" and tag.max_age == 0:
            yield Wrong("of", f"increments or counter: {tag.id} has no max age, a flow would never end")


class Level(OneTag):
    """A number in the tag's unit, with limits as a limit rule has."""

    trigger: Number = Field(description="beyond at and past this value")
    reset: Number = Field(description="normal again inside this; on the normal side of trigger")
    window: Length = Field(description=WINDOW)
    side: Way = Field("high", description="dangerous side")
    coverage: Share = Field(0.5, description=COVERAGE)

    @model_validator(mode="after")
    def _order(self) -> Self:
        on_normal_side(self.trigger, self.reset, self.side)
        return self

    def limits(self) -> tuple[float, float]:
        return self.trigger, self.reset

    def beside(self, tag: Tag) -> Iterator[Wrong]:
        yield from super().beside(tag)
        yield from in_range(self.trigger, tag)


class MeanEntry(Level):
    """Time-weighted mean over a window."""

    judged: ClassVar[str] = (
        "time-weighted mean of the last `window` reaches `trigger`: STEL (15 min), TWA (8 h)"
    )
    short: ClassVar[str] = "MEAN"
    kind: Literal["mean"]
    gaps: Literal["leave", "zero"] = Field(
        "leave",
        description="unknown time: leave: is left out, no number below `coverage`; zero: counts as 0, so a dose raises "
        "as soon as it is reached",
    )
    buckets: Annotated[Int, Field(ge=1, le=60)] = Field(30, description=BUCKETS)

    def beside(self, tag: Tag) -> Iterator[Wrong]:
        yield from super().beside(tag)
        if self.gaps == "zero" and (self.side == "low" or (tag.low or 0.0) < 0):
            hint = "counted as 0 unknown time is a lower bound only of what cannot be negative"
            yield Wrong("gaps", f"leave, for side {self.side} of {tag.id}", hint)


class PeakEntry(Level):
    """Highest or lowest reading of a window."""

    judged: ClassVar[str] = "highest (`side` low: lowest) reading of the last `window` is beyond `trigger`"
    short: ClassVar[str] = "PEAK"
    kind: Literal["peak"]
    buckets: Annotated[Int, Field(ge=1, le=60)] = Field(30, description=BUCKETS)


class InSet(OneTag):
    """Looks at whether a state is one of ``values``."""

    values: Values = Field(description="values 0-63 that count")

    def wrong(self, tags: Mapping[str, Tag]) -> Iterator[Wrong]:
        tag = tags.get(self.tag)
        if tag is not None and tag.cls not in DISCRETE | {"other"}:
            yield Wrong("tag", "a tag of class state or command", f"{tag.id} is of class {tag.cls}", tag.id)
        if tag is not None:
            yield from self.beside(tag)


class StartsEntry(InSet, Beyond):
    """Starts per hour."""

    judged: ClassVar[str] = "state came to be one of `values` `trigger` times in the last `window`"
    short: ClassVar[str] = "STARTS"
    kind: Literal["starts"]
    window: Length = Field(seconds(3600), description=WINDOW)
    coverage: Share = Field(0.5, description=COVERAGE)
    buckets: Annotated[Int, Field(ge=1, le=60)] = Field(60, description=BUCKETS)


class DwellEntry(InSet):
    """Too long in a state: a bypass."""

    judged: ClassVar[str] = (
        "state has been one of `values` for `longest`, in the last `window` or (without one) in one go"
    )
    short: ClassVar[str] = "DWELL"
    kind: Literal["dwell"]
    longest: Length = Field(description="beyond from this time on, raised at that moment")
    reset: Length | None = Field(
        None, description="normal again below this time in the window; empty: longest"
    )
    window: Duration = Field(0, description="time it looks back over; 0: one go, however long ago it began")
    buckets: Annotated[Int, Field(ge=1, le=60)] = Field(48, description=BUCKETS)

    @model_validator(mode="after")
    def _order(self) -> Self:
        if self.on_delay or self.off_delay:
            raise ValueError("no on_delay and off_delay: longest and reset are its delays")
        if self.reset is not None and self.reset > self.longest:
            raise ValueError(f"reset at most longest, {spelled(self.longest)}")
        if self.window and self.longest > self.window:
            raise ValueError(f"longest at most the window, {spelled(self.window)}")
        return self

    def limits(self) -> tuple[float, float]:
        """In seconds."""
        return self.longest / NS, (self.reset or self.longest) / NS

    def pair(self) -> dict[str, Setting]:
        return {"longest": self.longest, "reset": self.reset or self.longest}


class SetpointEntry(Positive):
    """Away from a fixed set point."""

    judged: ClassVar[str] = "value is `trigger` away from `target`"
    short: ClassVar[str] = "SETPT"
    kind: Literal["setpoint"]
    target: Number = Field(description="where it should be, tag's unit")
    side: Either = Field("both", description="high: only above, low: only below")

    def beside(self, tag: Tag) -> Iterator[Wrong]:
        yield from in_range(self.target, tag, "target")


class Sampled(OneTag):
    """Judges samples: each reading, or the mean of each stretch of time."""

    side: Either = Field("both", description=SIDE)
    every: Duration = Field(
        0, description="0: each reading is a sample; else the mean of each such stretch is one"
    )

    def beside(self, tag: Tag) -> Iterator[Wrong]:
        if 0 < self.every < 2 * tag.period:
            allowed = f"0, or at least {spelled(2 * tag.period)}, 2 periods of {tag.id}"
            yield Wrong("every", allowed, value=spelled(self.every))


class Chart(Sampled, Beyond):
    """A control chart: mean and standard deviation are given or learned."""

    mean: Number = Field(0.0, description="mean of what is normal, tag's unit; without a warm-up")
    sigma: Sigma = Field(
        description="standard deviation of what is normal, tag's unit; with a warm-up the least it is taken for"
    )
    warm_up: Annotated[Int, Field(ge=0, le=1_000_000)] = Field(
        0, description="samples that mean and sigma are learned from, then frozen; 0: they are given"
    )

    @model_validator(mode="after")
    def _given(self) -> Self:
        if self.warm_up == 1:
            raise ValueError("warm_up 0, or at least 2 samples")
        if self.warm_up and "mean" in self.model_fields_set:
            raise ValueError("mean or warm_up: the one is given, the other learns it")
        if not self.warm_up and "mean" not in self.model_fields_set:
            raise ValueError("mean, or a warm_up that learns it")
        return self

    def beside(self, tag: Tag) -> Iterator[Wrong]:
        yield from super().beside(tag)
        if not self.warm_up:
            yield from in_range(self.mean, tag, "mean")


class CusumEntry(Chart):
    """Cumulative sum."""

    judged: ClassVar[str] = (
        "sum of departures from the mean beyond `k` sigmas reaches `trigger` sigmas: a small lasting change"
    )
    short: ClassVar[str] = "CUSUM"
    kind: Literal["cusum"]
    trigger: Number = Field(5.0, gt=0, description="h, in sigmas")
    k: Annotated[Number, Field(ge=0, le=100)] = Field(
        0.5, description="half of the change to be found, in sigmas"
    )


class EwmaEntry(Chart):
    """Exponentially weighted mean."""

    judged: ClassVar[str] = "weighted mean of the samples is `trigger` of its own sigmas from the mean"
    short: ClassVar[str] = "EWMA"
    kind: Literal["ewma"]
    trigger: Number = Field(3.0, gt=0, description="L, in sigmas of the weighted mean")
    weight: Annotated[Number, Field(ge=0.001, le=1)] = Field(0.1, description="lambda, of the newest sample")


class PageHinkleyEntry(Sampled, Beyond):
    """Page-Hinkley test."""

    judged: ClassVar[str] = (
        "sum of departures from the running mean beyond `delta` reaches `trigger`: the mean drifted"
    )
    short: ClassVar[str] = "PH"
    kind: Literal["page-hinkley"]
    delta: Annotated[Number, Field(ge=0)] = Field(
        description="departures up to this do not count, tag's unit"
    )
    memory: Count = Field(1000, description="samples that the running mean goes back")
    warm_up: Count = Field(30, description="first samples, that are not judged")

    @model_validator(mode="after")
    def _memory(self) -> Self:
        if self.memory < self.warm_up:
            raise ValueError("memory at least warm_up")
        return self


class HampelEntry(Sampled, Beyond):
    """Hampel's identifier of wild points."""

    judged: ClassVar[str] = (
        "sample is `trigger` robust scales away from the median of those before it: a spike"
    )
    short: ClassVar[str] = "HAMPEL"
    kind: Literal["hampel"]
    trigger: Number = Field(5.0, gt=0, description="beyond from this many scales on")
    sigma: Sigma = Field(description=FLOOR)
    samples: Annotated[Int, Field(ge=3, le=15)] = Field(
        11, description="samples that it is compared with; half of them may be wild"
    )


class BaselineEntry(Positive):
    """A learned cycle."""

    judged: ClassVar[str] = (
        "value is `trigger` scales from what this moment of the day (or cycle) has been; learns only while normal"
    )
    short: ClassVar[str] = "BASE"
    kind: Literal["baseline"]
    trigger: Number = Field(6.0, gt=0, description="beyond from this many scales on")
    sigma: Sigma = Field(description=FLOOR)
    period: Length = Field(seconds(86_400), description="length of the cycle")
    slots: Annotated[Int, Field(ge=1, le=288)] = Field(24, description="parts of the cycle that are learned")
    warm_up: Count = Field(7, description="visits of a slot before it is judged")
    share: Annotated[Number, Field(ge=0.0001, le=1)] = Field(
        0.05, description="weight of a new visit, once warm"
    )
    side: Either = Field("both", description=SIDE)

    def beside(self, tag: Tag) -> Iterator[Wrong]:
        if self.period < 2 * self.slots * tag.period:
            most = max(self.period // (2 * tag.period), 1)
            yield Wrong("slots", f"at most {most}, two readings of {tag.id} in each")


class ExcessEntry(Positive):
    """On top of its background."""

    judged: ClassVar[str] = "value is `trigger` above the background, the low quantile of the last `window`"
    short: ClassVar[str] = "EXCESS"
    kind: Literal["excess"]
    window: Length = Field(description=WINDOW)
    quantile: Annotated[Number, Field(ge=0, le=0.5)] = Field(
        0.2,
        description="of the window's means that is the background; a release shorter than the rest adds nothing",
    )
    side: Way = Field("high", description="low: below the high quantile")
    buckets: Annotated[Int, Field(ge=3, le=60)] = Field(30, description=BUCKETS)

    def beside(self, tag: Tag) -> Iterator[Wrong]:
        yield from filled(self.window, self.buckets, 1, tag)


class ShiftEntry(Positive):
    """A change of level."""

    judged: ClassVar[str] = (
        "level of the newer half of the `window` is `trigger` from the older, beyond doubt"
    )
    short: ClassVar[str] = "SHIFT"
    kind: Literal["shift"]
    window: Length = Field(description=WINDOW)
    sigmas: Annotated[Number, Field(ge=0, le=100)] = Field(
        3.0, description="standard errors of the difference that do not count"
    )
    side: Either = Field("both", description=SIDE)
    buckets: Annotated[Int, Field(ge=6, le=60, multiple_of=2)] = Field(30, description=BUCKETS)

    def beside(self, tag: Tag) -> Iterator[Wrong]:
        yield from filled(self.window, self.buckets, 1, tag)


class NoiseEntry(Positive):
    """A change of noise."""

    judged: ClassVar[str] = "noise is `trigger` times what it was (`side` low: that many times less)"
    short: ClassVar[str] = "NOISE"
    kind: Literal["noise"]
    trigger: Number = Field(2.0, gt=1, description="ratio, more than 1")
    window: Length = Field(description=WINDOW)
    sigma: Sigma = Field(description=FLOOR)
    recent: Count = Field(3, description="newest buckets, compared with the older ones")
    side: Either = Field("both", description="high: only noisier, low: only quieter")
    buckets: Annotated[Int, Field(ge=2, le=60)] = Field(30, description=BUCKETS)

    @model_validator(mode="after")
    def _recent(self) -> Self:
        if self.recent >= self.buckets:
            raise ValueError("recent less than buckets")
        return self

    def beside(self, tag: Tag) -> Iterator[Wrong]:
        yield from filled(self.window, self.buckets, NOISE_READINGS, tag)


class OscillationEntry(Positive):
    """A loop that hunts."""

    judged: ClassVar[str] = "signal turned back by `band` `trigger` times in the last `window`"
    short: ClassVar[str] = "OSC"
    kind: Literal["oscillation"]
    band: Annotated[Number, Field(gt=0)] = Field(description="way back that is a reversal, tag's unit")
    window: Length = Field(description=WINDOW)
    coverage: Share = Field(0.5, description=COVERAGE)
    buckets: Annotated[Int, Field(ge=1, le=60)] = Field(30, description=BUCKETS)


class VelocityEntry(Positive):
    """Velocity of a slope or dam."""

    judged: ClassVar[str] = (
        "displacement over `window` moves at `trigger` per `per`; each stage is a rule of its own"
    )
    short: ClassVar[str] = "VEL"
    kind: Literal["velocity"]
    window: Length = Field(description=WINDOW)
    per: Unit = Field("d", description="time unit of trigger and reset")
    side: Either = Field("both", description=SIDE)
    buckets: Annotated[Int, Field(ge=3, le=30)] = Field(15, description=BUCKETS)

    def beside(self, tag: Tag) -> Iterator[Wrong]:
        yield from filled(self.window, self.buckets, 1, tag)


class InverseVelocityEntry(Positive):
    """Failure of a slope foretold."""

    judged: ClassVar[str] = (
        "1 / velocity falls to zero within `horizon`, with confidence `trigger`; an alarm carries eta and confidence"
    )
    short: ClassVar[str] = "INVVEL"
    kind: Literal["inverse-velocity"]
    trigger: Number = Field(0.9, ge=0.5, le=1, description="confidence that it is beyond")
    window: Length = Field(description=WINDOW)
    horizon: Length = Field(description="time ahead that failure is looked for")
    slowest: Annotated[Number, Field(gt=0)] = Field(
        description="velocities below this do not count, per `per`"
    )
    per: Unit = Field("d", description="time unit of slowest")
    side: Either = Field("both", description="both: the direction of the movement over the window")
    buckets: Annotated[Int, Field(ge=6, le=60)] = Field(20, description=BUCKETS)

    def limits(self) -> tuple[float, float]:
        return self.trigger, min(0.5, self.trigger) if self.reset is None else self.reset

    def beside(self, tag: Tag) -> Iterator[Wrong]:
        yield from filled(self.window, self.buckets, 1, tag)


ENTRIES: tuple[type[KindEntry], ...] = (
    TotalEntry, MeanEntry, PeakEntry, StartsEntry, DwellEntry, SetpointEntry, CusumEntry, EwmaEntry, PageHinkleyEntry,
    HampelEntry, BaselineEntry, ExcessEntry, ShiftEntry, NoiseEntry, OscillationEntry, VelocityEntry,
    InverseVelocityEntry,
)  # fmt: skip
"""the entries of this family"""
