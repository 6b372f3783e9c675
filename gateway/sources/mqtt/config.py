"""Settings and addresses of an MQTT source."""

import hashlib
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, BeforeValidator, Field, model_validator

from gateway.model.errors import Misconfigured
from gateway.model.site import Link, Tag
from gateway.model.times import parse_duration
from gateway.sources.mqtt.decode import QualityPath, Step, TimePath, Unit, compile_path

ALLOWED: Final = (
    "topic (the payload is the value) or topic#path.to[0].value (JSON); no wildcards in the topic"
)


def _duration(value: object) -> int:
    if not isinstance(value, str | int | float):
        raise ValueError("allowed: 500ms, 1s, 5min, 1h, 1d or a number of seconds")  # noqa: TRY004 - pydantic's way
    return parse_duration(value)


def _path(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("allowed: text like path.to[0].value")  # noqa: TRY004 - pydantic's way
    compile_path(value)
    return value


Duration = Annotated[int, BeforeValidator(_duration)]
"""Nanoseconds; written ``500ms``, ``1s``, ``5min`` or as a number of seconds."""
JsonPath = Annotated[str, BeforeValidator(_path)]


class Time(BaseModel, frozen=True, extra="forbid"):
    """Where the source time is in a JSON payload."""

    path: JsonPath = Field(description="where in the payload, e.g. `meta.ts`")
    unit: Unit = Field("ms", description="of a number; `iso` for text")


class QualityMap(BaseModel, frozen=True, extra="forbid"):
    """Where the source's own quality is; what is neither good nor uncertain is BAD."""

    path: JsonPath = Field(description="where in the payload, e.g. `quality`")
    good: tuple[str | int | bool, ...] = Field(
        (192, "good", "Good", "GOOD", True), description="values that mean good"
    )
    uncertain: tuple[str | int | bool, ...] = Field(
        (64, "uncertain", "Uncertain", "UNCERTAIN"), description="values that mean uncertain"
    )


class Tls(BaseModel, frozen=True, extra="forbid"):
    """TLS; the broker's certificate and name are always checked."""

    ca: Path | None = Field(None, description="PEM of the authority; without it the system's")
    cert: Path | None = Field(None, description="PEM of our own certificate, if the broker asks for one")
    key: Path | None = Field(None, description="PEM of its key")


class Settings(BaseModel, frozen=True, extra="forbid"):
    """One broker. Times are ns."""

    kind: Literal["mqtt"] = Field(description="picks this plugin")
    host: str = Field(min_length=1, description="name or address of the broker")
    port: int = Field(1883, ge=1, le=65535, description="TCP port; 8883 is usual with TLS")
    version: Literal[5, "3.1.1"] = Field(5, description="of MQTT; 5 where there is a choice: more in flight")
    client_id: str = Field(
        "", max_length=200, description="the broker keeps our session under it; must be ours alone"
    )
    username: str | None = Field(None, description="user at the broker")
    password_env: str | None = Field(None, description="environment variable with the password")
    password_file: Path | None = Field(None, description="file with the password")
    tls: Tls | None = Field(None, description="encrypt; `{}` trusts the system's authorities")
    qos: Literal[0, 1] = Field(1, description="1: nothing is lost while the gateway is away; 0 for floods")
    subscribe: tuple[str, ...] = Field((), description="filters to subscribe to instead of the tags' topics")
    time: Time | None = Field(None, description="source time in the payload; without it the time of arrival")
    quality: QualityMap | None = Field(None, description="the source's own quality in the payload")
    keep_alive: Duration = Field(
        parse_duration("30s"),
        ge=parse_duration("2s"),
        le=parse_duration("65535s"),
        description="a connection silent for longer is tested, then left",
    )
    session_expiry: Duration = Field(
        parse_duration("1d"),
        ge=parse_duration("1s"),
        description="how long the broker is to keep messages for us",
    )
    receive_maximum: int = Field(4000, ge=1, le=65535, description="most messages not yet acknowledged")
    max_packet: int = Field(1 << 20, ge=1024, le=1 << 28, description="bytes of the largest message taken")
    timeout: Duration = Field(parse_duration("5s"), gt=0, description="longest wait for a connection")
    retry_max: Duration = Field(
        parse_duration("5s"), gt=0, description="longest rest before connecting again"
    )

    @model_validator(mode="after")
    def _consistent(self) -> "Settings":
        if self.password_env and self.password_file:
            raise ValueError("password_env or password_file, not both")
        if (self.password_env or self.password_file) and self.username is None:
            raise ValueError("a password needs a username")
        if self.tls and self.tls.key and not self.tls.cert:
            raise ValueError("tls.key needs tls.cert")
        for each in self.subscribe:
            _check_filter(each)
        return self

    def time_path(self) -> TimePath | None:
        """Compiled."""
        return TimePath(compile_path(self.time.path), self.time.unit) if self.time else None

    def quality_path(self) -> QualityPath | None:
        """Compiled."""
        q = self.quality
        if q is None:
            return None
        return QualityPath(
            compile_path(q.path), frozenset(map(str, q.good)), frozenset(map(str, q.uncertain))
        )

    def password(self) -> bytes | None:
        """The secret.

        Raises:
            Misconfigured: the variable or file is not there.
        """
        if self.password_env:
            if self.password_env not in os.environ:
                raise Misconfigured(f"environment variable {self.password_env} is not set")
            return os.environ[self.password_env].encode()
        if self.password_file:
            try:
                return self.password_file.read_bytes().rstrip(b"\r\n")
            except OSError as error:
                raise Misconfigured(f"password_file {self.password_file}: {error.strerror}") from error
        return None


def own_client_id(name: str) -> str:
    """Stable on this machine and different on another one, so that two gateways do not throw each other out."""
    machine = Path("/etc/machine-id")
    text = machine.read_text() if machine.is_file() else ""
    digest = hashlib.sha256((text.strip() or platform.node()).encode()).hexdigest()
    return f"fengsui-{name}-{digest[:8]}"


def _check_filter(text: str) -> None:
    levels = text.split("/")
    hash_wrong = any("#" in each and (each != "#" or k != len(levels) - 1) for k, each in enumerate(levels))
    if not text or "\0" in text or len(text.encode()) > 65535 or hash_wrong:
        raise ValueError(f"{text!r} is not a topic filter")
    if any("+" in each and each != "+" for each in levels):
        raise ValueError(f"{text!r}: + stands for a whole level")


@dataclass(frozen=True, slots=True)
class Binding:
    """Where a tag is read; no path: the payload is the value."""

    topic: str
    path: tuple[Step, ...] | None


def bind(settings: Settings, address: str, tag: Tag) -> Binding:  # noqa: ARG001 - the signature all plugins share
    """An address cell, e.g. ``pond/p1#level[0].value``.

    Raises:
        ValueError: says what is allowed.
    """
    topic, hash_, path = address.strip().partition("#")
    try:
        if not topic or "+" in topic or "\0" in topic or len(topic.encode()) > 65535:
            raise ValueError("not a topic")
        return Binding(topic, compile_path(path) if hash_ else None)
    except ValueError as error:
        raise ValueError(f"{address!r}: {error}; allowed: {ALLOWED}") from None


def links(
    name: str, settings: Settings, bindings: Mapping[str, Binding]
) -> tuple[tuple[Link, ...], Mapping[str, tuple[str, ...]]]:
    """The broker connection is the one link of all tags."""
    link = Link(id=name, description=f"MQTT broker {settings.host}:{settings.port}", source=name)
    return (link,), dict.fromkeys(bindings, (name,))
