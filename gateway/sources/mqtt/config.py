"""Settings and addresses of an MQTT source."""

import hashlib
import os
import platform
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, BeforeValidator, Field, model_validator

from gateway.model.errors import Misconfigured
from gateway.model.site import Link, Tag
from gateway.model.times import parse_duration
from gateway.sources.mqtt import address as addresses
from gateway.sources.mqtt.address import Binding, Point
from gateway.sources.mqtt.budget import Per
from gateway.sources.mqtt.decode import QualityPath, TimePath, Unit
from gateway.sources.mqtt.paths import compile_path
from gateway.wires.durations import Duration

_NOT_ID: Final = re.compile(r"[^A-Za-z0-9_-]")


def _path(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("allowed: text like path.to[0].value")  # noqa: TRY004 - pydantic's way
    compile_path(value)
    return value


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


class Budget(BaseModel, frozen=True, extra="forbid"):
    """What a line that is paid by the byte may carry."""

    mb: float = Field(
        gt=0, le=1e6, description="millions of bytes in each period, TCP and IP headers estimated"
    )
    per: Per = Field("month", description="the period, of UTC+8")
    then: Literal["tell", "wait"] = Field(
        "tell",
        description="when it is used up: `tell` a fault and go on, or `wait` for the next period with the link down",
    )


class Settings(BaseModel, frozen=True, extra="forbid"):
    """One broker. Times are ns."""

    kind: Literal["mqtt"] = Field(description="picks this plugin")
    host: str = Field(min_length=1, description="name or address of the broker")
    port: int = Field(1883, ge=1, le=65535, description="TCP port; 8883 is usual with TLS")
    version: Literal[5, "3.1.1"] = Field(5, description="of MQTT; 5 where there is a choice: more in flight")
    format: Literal["json", "cbor", "sparkplug-b"] = Field(
        "json", description="of the payloads; plain values are read with `json` and `cbor` alike"
    )
    template: str | None = Field(
        None,
        description="makes short addresses: `plant/{line}/+/{device}/up#values.{point}` reads address `L1/D7/temp`",
    )
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
    max_rate: int = Field(
        20_000,
        ge=1,
        description="most messages of QoS 0 a second; beyond, only each tag's newest counts, and a gap says so",
    )
    budget: Budget | None = Field(None, description="for satellite and mobile lines")
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
            addresses.check_filter(each)
        if self.template is not None:
            addresses.names_of(self.template)
        if self.format == "sparkplug-b" and (self.time or self.quality or self.template):
            raise ValueError("no time, quality or template: Sparkplug B says where they are")
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


def bind(settings: Settings, address: str, tag: Tag) -> Binding | Point:  # noqa: ARG001 - the signature all plugins share
    """An address cell, e.g. ``pond/p1#level[0].value``, ``G1/E7/D3#Inputs/Level`` (Sparkplug B).

    Raises:
        ValueError: says what is allowed.
    """
    spark = settings.format == "sparkplug-b"
    try:
        if spark:
            return addresses.point(address)
        whole = addresses.filled(settings.template, address) if settings.template else address
        return addresses.topic_and_path(whole)
    except ValueError as error:
        allowed = addresses.POINT if spark else addresses.TOPIC
        raise ValueError(f"{address!r}: {error}; allowed: {allowed}") from None


def link_id(name: str, node: str, device: str = "") -> str:
    """The link of an edge node (``group/edge``) or of one of its devices."""
    return _NOT_ID.sub("_", f"{name}-{node}" + (f"-{device}" if device else ""))


def budget_link(name: str) -> str:
    """The link that is down while the budget of the line is used up."""
    return f"{name}-budget"


def links(
    name: str, settings: Settings, bindings: Mapping[str, Binding | Point]
) -> tuple[tuple[Link, ...], Mapping[str, tuple[str, ...]]]:
    """The broker connection is the link of all tags; below it each Sparkplug edge node, below that its devices."""
    broker = Link(id=name, description=f"MQTT broker {settings.host}:{settings.port}", source=name)
    found = {name: broker}
    if settings.budget is not None:
        spent = budget_link(name)
        found[spent] = Link(id=spent, description=f"byte budget of {name}", source=name)
    tags = {tag: (name, *_below(name, place, found)) for tag, place in bindings.items()}
    return tuple(found.values()), tags


def _below(name: str, place: Binding | Point, found: dict[str, Link]) -> tuple[str, ...]:
    if isinstance(place, Binding):
        return ()
    node = link_id(name, place.node)
    found.setdefault(
        node, Link(id=node, description=f"Sparkplug edge node {place.node}", source=name, parent=name)
    )
    if not place.device:
        return (node,)
    device = link_id(name, place.node, place.device)
    words = f"Sparkplug device {place.node}/{place.device}"
    found.setdefault(device, Link(id=device, description=words, source=name, parent=node))
    return node, device
