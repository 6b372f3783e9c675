"""Settings of the notify output."""

from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from gateway.model.times import NS, parse_duration
from gateway.wires.tls import Tls


def _seconds(value: object) -> object:
    return parse_duration(value) / NS if isinstance(value, str | int | float) else value


Seconds = Annotated[float, BeforeValidator(_seconds)]
LevelWord = Literal["red", "orange", "yellow", "blue"]
NEEDS: Final = {
    "smtp": ("host", "sender"),
    "sms": ("device",),
    "wecom": ("url_env|url_file",),
    "dingtalk": ("url_env|url_file",),
}
"""way -> settings it cannot be without; ``a|b``: one of them"""


class Settings(BaseModel):
    """One way to reach people: a mail server, a modem, or the robot of one chat group."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["notify"] = Field(description="picks this plugin")
    by: Literal["smtp", "sms", "wecom", "dingtalk"] = Field(description="the way")
    tells: Literal["routed", "alarms"] = Field(
        "routed",
        description="`routed`: whom the routing table names, and who is next when nobody acknowledges; `alarms`: "
        "everybody in `to`, of each announced alarm of `levels`",
    )
    to: tuple[str, ...] = Field(
        (), description="telephone numbers or mail addresses; needed for `alarms` by smtp and sms"
    )
    levels: tuple[LevelWord, ...] = Field(("red", "orange", "yellow", "blue"), description="of these levels")
    language: Literal["zh", "en", "both"] = Field("zh", description="of the messages")
    every: Seconds = Field(
        60.0,
        ge=0,
        le=3600,
        description="the first of a kind goes at once (several new kinds within a twelfth of this go together); what "
        "repeats within this is gathered into the next message, in which nothing is left out",
    )
    timeout: Seconds = Field(20.0, gt=0, le=120, description="for one message")
    host: str = Field("", description="smtp: the mail server")
    port: int = Field(
        0, ge=0, le=65535, description="smtp: 0: 587, with `encryption: tls` 465, with `none` 25"
    )
    encryption: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="smtp: how the line is protected"
    )
    tls: Tls | None = Field(None, description="smtp and robots: authorities and our own certificate")
    username: str | None = Field(None, description="smtp: login")
    password_env: str | None = Field(None, description="smtp: environment variable that holds the password")
    password_file: Path | None = Field(None, description="or a file that holds it")
    sender: str = Field("", description="smtp: address of the sender")
    device: str = Field("", description="sms: serial port of the GSM modem, e.g. /dev/ttyUSB0")
    baudrate: int = Field(115_200, ge=1200, le=921_600, description="sms: its speed")
    pin_env: str | None = Field(None, description="sms: environment variable that holds the card's PIN")
    pin_file: Path | None = Field(None, description="or a file that holds it")
    url_env: str | None = Field(
        None, description="robots: environment variable with the address (it holds the robot's key)"
    )
    url_file: Path | None = Field(None, description="or a file that holds it")
    sign_env: str | None = Field(
        None, description="dingtalk: environment variable with the key messages are signed with"
    )
    sign_file: Path | None = Field(None, description="or a file that holds it")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        missing = [n for n in NEEDS[self.by] if not any(getattr(self, each) for each in n.split("|"))]
        if missing:
            raise ValueError(f"by: {self.by} needs {', '.join(missing).replace('|', ' or ')}")
        if self.tells == "alarms" and self.by in {"smtp", "sms"} and not self.to:
            raise ValueError(f"tells: alarms by {self.by} needs to")
        return self

    @property
    def at(self) -> int:
        """Port of the mail server."""
        return self.port or {"starttls": 587, "tls": 465, "none": 25}[self.encryption]
