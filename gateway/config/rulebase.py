"""What every entry of the ``rules`` section has, and the words settings are made of."""

from collections.abc import Sequence
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gateway.config.durations import Duration, spelled
from gateway.model.levels import Level
from gateway.model.site import ID_PATTERN

Flag = Annotated[bool, Field(strict=True)]
Int = Annotated[int, Field(strict=True)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Text = Annotated[str, Field(max_length=500)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Id = Annotated[str, Field(pattern=f"^{ID_PATTERN.pattern}$")]
LevelWord = Literal["red", "orange", "yellow", "blue"]
StageWord = Literal["live", "shadow"]
Priority = Annotated[Int, Field(ge=1, le=4)]
Mark = Literal["", "V", "S", "U", "E"]


Raises = tuple[tuple[Duration, LevelWord], ...]
"""pairs of time in alarm and the level it then rises to"""
RAISE_HELP: Final = "pairs of time in alarm and the level it then rises to, e.g. [[5min, red]]"


def check_raises(level: str, pairs: Sequence[tuple[int, str]]) -> None:
    """Later and higher with every pair.

    Raises:
        ValueError: says which pair is not.
    """
    after, last = 0, Level.parse(level)
    for time, word in pairs:
        if time <= after or Level.parse(word) <= last:
            raise ValueError(
                f"raise_level later and higher with every pair, above {last.word} after more than {spelled(after)}"
            )
        after, last = time, Level.parse(word)


class Strict(BaseModel):
    """Base: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class RuleBase(Strict):
    """What all kinds have."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")] = Field(
        description="unique id, e.g. LT-101.RISE"
    )
    on_delay: Duration = Field(0, description="beyond for this long before it is raised")
    off_delay: Duration = Field(0, description="inside the reset for this long before it is cleared")
    level: LevelWord = Field(description="what people are told")
    priority: Priority = Field(2, description="1-4, 1 handled first")
    raise_level: Raises = Field((), description=RAISE_HELP)
    latched: Flag = Field(False, description="stays until an operator resets it")
    highly_managed: Flag = Field(
        False,
        description="shelved or taken out of service by two persons only, and never suppressed by design",
    )
    instrument: Flag = Field(
        False,
        description="it says something of an instrument, as of two that should agree: its alarms are faults, "
        "and the live level does not count them",
    )
    suppressed_while: tuple[str, ...] = Field(
        (),
        description="ids of rules whose active condition sets this alarm aside: its cause, a state of the plant",
    )
    first_out: Annotated[str, Field(max_length=64)] = Field(
        "", description="group in which the first alarm is marked, so that the cause is seen in a flood"
    )
    re_alarm: Duration = Field(
        0, description="an acknowledged alarm that is still there is announced again after this; 0: it is not"
    )
    modifies: Literal["", "bypass", "weather"] = Field(
        "",
        description="while it is active, the live level of its installation takes it into account, where that "
        "modifier is on",
    )
    stage: StageWord = Field("live", description="shadow: judged and journalled, not announced")
    enabled: Flag = Field(True, description="false: not judged, and shown as such")
    description: Text = Field("", description="shown on its alarms; empty: the tag's description")
    guidance: Text = Field("", description="what to do, shown on its alarms")
    card: Annotated[str, Field(pattern=r"^([A-Za-z0-9_-]{1,64})?$")] = Field(
        "", description="id of a response card of the packs; its steps are the guidance where none is given"
    )
    standard: Text = Field("", description="standard its numbers come from")
    clause: Text = Field("", description="clause of the standard")
    edition: Text = Field("", description="edition, where the name of the standard does not say it")
    reason: Text = Field("", description="engineering reason of numbers that no standard gives")
    mark: Mark = Field(
        "",
        description="how sure the numbers are: V read in the standard, S secondary source, U unverified "
        "(not enabled until verified_by), E engineering judgement with its reason",
    )
    verified_by: Text = Field("", description="named engineer who signed it")

    @model_validator(mode="after")
    def _rising(self) -> "RuleBase":
        check_raises(self.level, self.raise_level)
        return self
