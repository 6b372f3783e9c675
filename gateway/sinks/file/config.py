"""Settings of the file output."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    """One file. The journal itself is in the state folder; this is a copy for other programs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["file"] = Field(description="picks this plugin")
    path: Path = Field(description="the file; older ones beside it end in `.1`, `.2` ...")
    events: Literal["alarms", "all"] = Field(
        "all", description="`alarms`: events of alarms that are announced; `all`: the whole journal"
    )
    max_mb: int = Field(
        100, ge=1, le=100_000, description="a file this large is put aside and a new one begun"
    )
    keep: int = Field(10, ge=1, le=1000, description="files put aside that are kept")
