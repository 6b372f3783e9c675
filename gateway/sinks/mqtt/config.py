"""Settings of the MQTT output."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from gateway.model.times import NS, parse_duration
from gateway.wires.tls import Tls


def _seconds(value: object) -> object:
    return parse_duration(value) / NS if isinstance(value, str | int | float) else value


def _word(value: object) -> object:
    return str(value) if isinstance(value, int | float) else value


Seconds = Annotated[float, BeforeValidator(_seconds)]


class Settings(BaseModel):
    """One broker. Two connections are made: one for alarms, one for status, birth and the event record."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["mqtt"] = Field(description="picks this plugin")
    host: str = Field(min_length=1, description="name or address of the broker")
    port: int = Field(1883, ge=1, le=65535, description="TCP port; 8883 is usual with TLS")
    version: Annotated[Literal["5", "3.1.1"], BeforeValidator(_word)] = Field(
        "5", description="3.1.1 hides refusals: each publish is then read back before it counts as accepted"
    )
    username: str | None = Field(None, description="user at the broker")
    password_env: str | None = Field(None, description="environment variable that holds the password")
    password_file: Path | None = Field(None, description="or a file that holds it")
    tls: Tls | None = Field(None, description="encrypt; `{}` trusts the system's authorities")
    bind: str = Field(
        "", description="local address to connect from: of a second network card or modem (uplink)"
    )
    keepalive: Seconds = Field(
        10.0, ge=1, le=600, description="a silent gateway is shown offline after 1.5 times this"
    )
    timeout: Seconds = Field(10.0, gt=0, le=120, description="for connecting and for each acknowledgement")
    receipts: bool = Field(
        default=False,
        description="a county node answers on `receipts`: an event is delivered when it is stored there, and what is "
        "missing there is sent again; false: it is delivered when the broker has taken it",
    )
    window: int = Field(100, ge=1, le=1000, description="publishes on the way at once, at most")
