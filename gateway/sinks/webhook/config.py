"""Settings of the webhook output."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from gateway.model.times import NS, parse_duration
from gateway.wires.tls import Tls


def _seconds(value: object) -> object:
    return parse_duration(value) / NS if isinstance(value, str | int | float) else value


Seconds = Annotated[float, BeforeValidator(_seconds)]
LevelWord = Literal["red", "orange", "yellow", "blue"]


class Settings(BaseModel):
    """One address. Where it contains a secret itself, give it by environment or file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["webhook"] = Field(description="picks this plugin")
    url: str = Field("", pattern=r"^(https?://[^\s#]+)?$", description="where to post")
    url_env: str | None = Field(None, description="or the environment variable that holds it")
    url_file: Path | None = Field(None, description="or a file that holds it")
    token_env: str | None = Field(
        None, description="environment variable with a token, sent as `Authorization: Bearer`"
    )
    token_file: Path | None = Field(None, description="or a file that holds it")
    tls: Tls | None = Field(None, description="for https; without it the system's authorities are trusted")
    events: Literal["alarms", "all"] = Field(
        "alarms", description="`alarms`: events of alarms that are announced; `all`: the whole journal"
    )
    levels: tuple[LevelWord, ...] = Field(
        ("red", "orange", "yellow", "blue"), description="of these levels (with `alarms`)"
    )
    timeout: Seconds = Field(10.0, gt=0, le=300, description="for one POST")
    batch: int = Field(100, ge=1, le=1000, description="events in one POST, at most")

    @model_validator(mode="after")
    def _one_address(self) -> Self:
        given = [name for name in ("url", "url_env", "url_file") if getattr(self, name)]
        if len(given) != 1:
            raise ValueError("one of url, url_env, url_file")
        return self
