"""Settings and addresses of a file-drop source."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, Field, model_validator

from gateway.model.site import Link, Tag
from gateway.model.times import parse_duration
from gateway.wires.durations import Duration

NUMBERS: Final = ("s", "ms", "us", "ns")
ONE_READER: Final = True
"""what stands under a name is the reading of one tag"""


class Settings(BaseModel, frozen=True, extra="forbid"):
    """One folder. Times are ns."""

    kind: Literal["file-drop"] = Field(description="picks this plugin")
    folder: Path = Field(description="where the other system puts its files")
    pattern: str = Field("*.csv", min_length=1, description="names of files to take; others are left alone")
    layout: Literal["long", "wide"] = Field(
        "long", description="long: a row for each reading; wide: a column for each tag"
    )
    header: bool = Field(True, description="the first row names the columns; false: columns are 1, 2, 3, ...")
    time_column: str = Field("time", min_length=1, description="column of the source time")
    time_format: str = Field(
        "iso", min_length=1, description="`iso`, `s`, `ms`, `us`, `ns`, or like `%Y-%m-%d %H:%M:%S`"
    )
    zone: str = Field(
        "+08:00", pattern=r"^[+-][0-9]{2}:[0-9]{2}$", description="of times that do not say theirs"
    )
    tag_column: str = Field("tag", min_length=1, description="column of the tag; long layout only")
    value_column: str = Field("value", min_length=1, description="column of the value; long layout only")
    quality_column: str | None = Field(
        None, description="column of the source's own quality; long layout only"
    )
    good: tuple[str, ...] = Field(
        ("", "0", "192", "good", "正常"), description="words of the quality column that mean good"
    )
    uncertain: tuple[str, ...] = Field(
        ("64", "uncertain"), description="... and uncertain; any other word is BAD"
    )
    delimiter: Literal["auto", ",", ";", "\t", "|", "~"] = Field("auto", description="between the cells")
    poll: Duration = Field(parse_duration("2s"), gt=0, description="time between looks into the folder")
    settle: Duration = Field(
        parse_duration("2s"), ge=0, description="a file is complete when it has not changed for this long"
    )
    after: Literal["move", "delete"] = Field(
        "move", description="when its readings are on disk: into the folder `done`, or gone"
    )
    keep: int = Field(1000, ge=0, description="files kept in `done`; older ones are deleted")
    silence: Duration = Field(
        parse_duration("5min"), gt=0, description="no new file for this long: the link is down"
    )
    max_mb: float = Field(64.0, gt=0, le=1024, description="larger files are not read")

    @model_validator(mode="after")
    def _consistent(self) -> "Settings":
        if self.quality_column and self.layout == "wide":
            raise ValueError("quality_column: only in the long layout")
        if "/" in self.pattern or "\\" in self.pattern:
            raise ValueError("pattern: names of files, not of folders")
        if self.time_format not in ("iso", *NUMBERS) and "%" not in self.time_format:
            raise ValueError("time_format: iso, s, ms, us, ns, or like %Y-%m-%d %H:%M:%S")
        return self

    @property
    def offset(self) -> dt.timezone:
        """The zone of times that do not say theirs."""
        sign = -1 if self.zone[0] == "-" else 1
        return dt.timezone(sign * dt.timedelta(hours=int(self.zone[1:3]), minutes=int(self.zone[4:6])))


@dataclass(frozen=True, slots=True)
class Binding:
    """Value of the tag column (long) or name of a column (wide)."""

    name: str


def bind(settings: Settings, address: str, tag: Tag) -> Binding:  # noqa: ARG001 - the signature all plugins share
    """An address cell.

    Raises:
        ValueError: says what is allowed.
    """
    name = address.strip()
    if not name or (settings.layout == "wide" and name == settings.time_column):
        what = "name of a column of values" if settings.layout == "wide" else "value of the tag column"
        raise ValueError(f"{address!r}; allowed: {what}")
    return Binding(name)


def links(
    name: str, settings: Settings, bindings: Mapping[str, Binding]
) -> tuple[tuple[Link, ...], Mapping[str, tuple[str, ...]]]:
    """The folder is the one link of all tags."""
    link = Link(id=name, description=f"files in {settings.folder.name}", source=name)
    return (link,), dict.fromkeys(bindings, (name,))
