"""Settings of the InfluxDB output."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from gateway.model.times import NS, parse_duration
from gateway.wires.tls import Tls


def _seconds(value: object) -> object:
    return parse_duration(value) / NS if isinstance(value, str | int | float) else value


Seconds = Annotated[float, BeforeValidator(_seconds)]


class Settings(BaseModel):
    """One database. ``version`` 1 writes to ``/write``, 2 and 3 to ``/api/v2/write``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["influxdb"] = Field(description="picks this plugin")
    version: Literal[1, 2, 3] = Field(2, description="of InfluxDB; VictoriaMetrics takes 1 and 2")
    url: str = Field(pattern=r"^https?://[^\s?#]+$", description="without /write or /api/v2/write")
    database: str = Field("", description="versions 1 and 3")
    retention_policy: str = Field("", description="version 1; empty: the database's default")
    create_database: bool = Field(
        default=False, description="version 1: create it when the server says it is not there"
    )
    org: str = Field("", description="version 2")
    bucket: str = Field("", description="version 2")
    username: str | None = Field(None, description="version 1")
    password_env: str | None = Field(
        None, description="version 1: environment variable that holds the password"
    )
    password_file: Path | None = Field(None, description="or a file that holds it")
    token_env: str | None = Field(
        None, description="versions 2 and 3: environment variable that holds the token"
    )
    token_file: Path | None = Field(None, description="or a file that holds it")
    tls: Tls | None = Field(None, description="for https; without it the system's authorities are trusted")
    gzip: bool = Field(default=False, description="for slow lines; costs processor time")
    timeout: Seconds = Field(10.0, gt=0, le=300, description="for one POST")
    lines: int = Field(5000, ge=1, le=50_000, description="lines in one POST, at most")

    @model_validator(mode="after")
    def _where(self) -> Self:
        needed = ("org", "bucket") if self.version == 2 else ("database",)
        missing = [name for name in needed if not getattr(self, name)]
        if missing:
            raise ValueError(f"version {self.version} needs {' and '.join(missing)}")
        return self
