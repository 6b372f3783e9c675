"""``pack.yaml`` as pydantic models. A number without its source, or its engineering reason, and its mark is a fault."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from gateway.config.classes import CLASSES
from gateway.config.durations import Duration
from gateway.config.people import ChainEntry
from gateway.config.rulebase import Id, Int, Mark, Name, Number, Strict, Text
from gateway.config.schema import RollUpEntry, UnitText
from gateway.model.site import Danger

Source = Annotated[str, Field(min_length=2, max_length=300)]
Sure = Literal["V", "S", "U", "E"]
Rules = dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")], dict[str, Any]]
Lines = tuple[Annotated[str, Field(min_length=1, max_length=200)], ...]


class Cited(Strict):
    """Where a number comes from and how sure that is."""

    standard: Text = Field("", description="standard it comes from, with its edition, e.g. GB/T 50493-2019")
    clause: Text = Field("", description="clause of the standard")
    edition: Text = Field("", description="edition, where the name of the standard does not say it")
    reason: Text = Field("", description="or the engineering reason, in one sentence")
    mark: Sure = Field(description="V read in the standard, S secondary source, U unverified, E engineering")
    verified_by: Text = Field("", description="named engineer who signed it")

    @model_validator(mode="after")
    def _said(self) -> Self:
        if not (self.standard or self.reason):
            raise ValueError("standard, or reason: no number without its source")
        return self


class TypeEntry(Strict):
    """A point type (点型): what every tag of it has unless its row, its installation or the site says otherwise."""

    name: Name = Field(description="name (Chinese)")
    name_en: Name = Field(description="name (English)")
    class_: str = Field(alias="class", description="class of the tag, see the tag list")
    unit: UnitText = Field("", description="unit of range and limits")
    range: tuple[Number, Number] | None = Field(
        None, description="low and high end of the usual instrument's range"
    )
    danger: Danger | None = Field(
        None, description="dangerous side, as the class has it; written so that people see it"
    )
    signal: Literal["value", "4-20mA"] = Field("value", description="what the raw number is")
    period: Annotated[Duration, Field(gt=0)] | None = Field(
        None, description="expected time between readings"
    )
    max_age: Duration | None = Field(None, description="a good value holds this long")
    rest: Annotated[Duration, Field(gt=0)] | None = Field(
        None, description="longest normal rest: a value that stands still for longer is uncertain"
    )
    rest_band: Annotated[Number, Field(ge=0)] | None = Field(
        None, description="movement up to this much is rest"
    )
    substance: Text = Field("", description="substance of a gas, one of `substances`")
    required: tuple[str, ...] = Field(
        (), description="rules without which its installation shows not-judged, by name"
    )
    reason: Text = Field("", description="engineering reason of range, period, rest, delays and dead bands")
    rules: Rules = Field(
        {}, description="name -> rule without id and tag; {tag} is the tag, {stem} its id up to the last dash"
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        known = CLASSES.get(self.class_)
        if known is None:
            raise ValueError("class: one of " + ", ".join(CLASSES))
        if known.units and self.unit and self.unit not in known.units:
            raise ValueError(f"unit: for class {self.class_} one of {', '.join(known.units)}")
        if self.danger is not None and self.danger is not known.danger:
            raise ValueError(f"danger: {known.danger.value}, as the class {self.class_} has it")
        if (self.range or self.period or self.rest) and not self.reason:
            raise ValueError("reason: why this range, period and rest")
        if self.range is not None and self.range[0] >= self.range[1]:
            raise ValueError("range: low below high")
        if lost := sorted(set(self.required) - set(self.rules)):
            raise ValueError(f"required: names of its rules, not {', '.join(lost)}")
        return self


class Quantity(Cited):
    """A number of a substance."""

    value: Annotated[Number, Field(gt=0)] = Field(description="its value")
    unit: UnitText = Field(description="its unit")
    kind: Text = Field("", description="which of its kinds, e.g. MAC, PC-TWA, PC-STEL, IDLH")


class SubstanceEntry(Strict):
    """What a gas detector's limits are converted by."""

    name: Name = Field(description="name (Chinese)")
    name_en: Name = Field(description="name (English)")
    molar_mass: Quantity | None = Field(None, description="g/mol")
    molar_volume: Quantity | None = Field(None, description="L/mol, at the temperature its reason names")
    oel: Quantity | None = Field(None, description="occupational exposure limit, mg/m3 or ppm, with its kind")
    idlh: Quantity | None = Field(None, description="immediately dangerous to life or health, ppm or mg/m3")
    lel: Quantity | None = Field(None, description="lower explosive limit, %vol")


class CeilingEntry(Cited):
    """A legal ceiling of alarm limits: a limit looser than this is refused."""

    type: Text = Field("", description="point type it speaks of; empty: every tag of the class")
    class_: str = Field("", alias="class", description="class of tags it speaks of, where no type is named")
    side: Literal["high", "low"] = Field(description="which limits")
    alarm: Literal["first", "second", "red", "orange", "yellow", "blue"] = Field(
        "second", description="the limit nearest to normal, every limit of the side, or those of one level"
    )
    bound: Number = Field(description="a high limit not above, a low limit not below it")
    unit: UnitText = Field(description="its unit")

    @model_validator(mode="after")
    def _of(self) -> Self:
        if bool(self.type) == bool(self.class_):
            raise ValueError("type or class, one of them")
        return self


class RollUps(Cited):
    """How points of one item count together."""

    points: Annotated[tuple[RollUpEntry, ...], Field(min_length=1)] = Field(description="one entry a step")


class CardEntry(Strict):
    """A response card (应急处置卡): what the people on the spot do."""

    title: Name = Field(description="title (Chinese)")
    title_en: Name = Field(description="title (English)")
    steps: Annotated[Lines, Field(min_length=1)] = Field(description="steps in order (Chinese)")
    steps_en: Annotated[Lines, Field(min_length=1)] = Field(description="the same (English)")
    reason: Source = Field(description="where the steps come from, and that the site's own plan goes first")


class Retention(Cited):
    """How long records must at least be kept."""

    keep: Annotated[Duration, Field(gt=0)] = Field(description="shortest time")


class PackFile(Strict):
    """The whole of ``pack.yaml``."""

    format: Literal[1] = Field(description="version of this format")
    pack: Id = Field(description="its id, the name of its folder")
    name: Name = Field(description="name (Chinese)")
    name_en: Name = Field(description="name (English)")
    about: Text = Field("", description="what it watches, one sentence (Chinese)")
    about_en: Text = Field("", description="the same (English)")
    version: Annotated[Int, Field(ge=1)] = Field(1, description="raised when a number or a rule changes")
    includes: tuple[Id, ...] = Field((), description="packs whose types, rules, cards it has too")
    substances: dict[Id, SubstanceEntry] = Field({}, description="id -> substance")
    types: dict[Id, TypeEntry] = Field({}, description="id -> point type")
    rules: Rules = Field(
        {}, description="name -> rule of several tags; a site's rule takes it over with `from: PACK.NAME`"
    )
    ceilings: tuple[CeilingEntry, ...] = Field((), description="legal ceilings")
    roll_up: RollUps | None = Field(None, description="points of one item that count as a higher level")
    chain: ChainEntry | None = Field(None, description="roles an installation needs a named person for")
    posts: tuple[Id, ...] = Field(
        (),
        description="duty posts a site with such an installation must have, and tell: a list of those downstream",
    )
    cards: dict[Id, CardEntry] = Field({}, description="id -> response card")
    retention: Retention | None = Field(None, description="shortest time that records are kept")


__all__ = ["Mark", "PackFile", "TypeEntry"]
