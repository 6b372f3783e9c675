"""Settings and addresses of a replay source."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, Field, model_validator

from gateway.model.site import Link, Tag
from gateway.model.times import parse_duration
from gateway.sources.replay.decode import Unit
from gateway.wires.durations import Duration

SUFFIXES: Final = {".csv": "csv", ".txt": "csv", ".parquet": "parquet", ".pq": "parquet"}
ONE_READER: Final = True
"""what stands under a name is the reading of one tag"""


class Settings(BaseModel, frozen=True, extra="forbid"):
    """One recording."""

    kind: Literal["replay"] = Field(description="picks this plugin")
    path: Path = Field(description="CSV or Parquet file")
    format: Literal["csv", "parquet"] | None = Field(None, description="from the file's name when not said")
    layout: Literal["wide", "long"] = Field(
        "wide", description="wide: a column for each tag; long: a row for each reading"
    )
    time_column: str = Field("time", min_length=1, description="column of the source time")
    time_unit: Unit = Field(
        "iso", description="of a column of text or numbers; Parquet timestamps know their own"
    )
    tag_column: str = Field("tag", description="column of the tag; long layout only")
    value_column: str = Field("value", description="column of the value; long layout only")
    quality_column: str | None = Field(None, description="quality codes or their names; long layout only")
    received_column: str | None = Field(None, description="when it arrived, if recorded; in time_unit")
    encoding: str = Field("utf-8-sig", description="of a CSV file, e.g. gb18030")
    delimiter: str = Field(",", min_length=1, max_length=1, description="of a CSV file")
    speed: float = Field(0.0, ge=0.0, description="times as fast as recorded; 0: as fast as possible")
    batch: Duration = Field(parse_duration("1s"), gt=0, description="readings of one such span are one batch")

    @model_validator(mode="after")
    def _consistent(self) -> "Settings":
        if self.format is None and self.path.suffix.lower() not in SUFFIXES:
            raise ValueError(f"{self.path.name}: say format: csv or parquet")
        if self.quality_column and self.layout == "wide":
            raise ValueError("quality_column: only in the long layout")
        try:
            "".encode(self.encoding)
        except LookupError:
            raise ValueError(f"encoding {self.encoding!r} is not known; e.g. utf-8-sig, gb18030") from None
        return self

    @property
    def kind_of_file(self) -> str:
        """``csv`` or ``parquet``."""
        return self.format or SUFFIXES[self.path.suffix.lower()]


@dataclass(frozen=True, slots=True)
class Binding:
    """Column name (wide) or value of the tag column (long)."""

    column: str


def bind(settings: Settings, address: str, tag: Tag) -> Binding:  # noqa: ARG001 - the signature all plugins share
    """An address cell.

    Raises:
        ValueError: says what is allowed.
    """
    name = address.strip()
    if not name or (settings.layout == "wide" and name in (settings.time_column, settings.received_column)):
        what = "name of a column of values" if settings.layout == "wide" else "value of the tag column"
        raise ValueError(f"{address!r}; allowed: {what}")
    return Binding(name)


def links(
    name: str, settings: Settings, bindings: Mapping[str, Binding]
) -> tuple[tuple[Link, ...], Mapping[str, tuple[str, ...]]]:
    """The recording is the one link of all tags; it is never lost."""
    link = Link(id=name, description=f"recording {settings.path.name}", source=name)
    return (link,), dict.fromkeys(bindings, (name,))
