"""What every Modbus source can be told, and the two ways to reach one over TCP."""

from collections.abc import Iterable, Mapping
from typing import Final, Literal

from pydantic import BaseModel, Field

from gateway.model.site import Link, Tag
from gateway.model.times import parse_duration
from gateway.sources.modbus.address import Binding, Notation, parse
from gateway.sources.modbus.plan import Limits
from gateway.wires.durations import Duration

LONGEST_GAP: Final = 121
"""What a request can bridge. Over TCP a register more is a few nanoseconds, a request more a turn of the device."""
LAST_UNIT: Final = 247
"""of a serial line (MODBUS over Serial Line V1.02, 2.2); 0 is everybody, who does not answer"""


class Polling(BaseModel, frozen=True, extra="forbid"):
    """How devices are asked, whatever the wire. Times are ns."""

    kind: str = Field(description="picks this plugin")
    addresses: Literal["zero-based", "one-based", "hex", "five-digit", "six-digit"] = Field(
        "zero-based",
        description="how the tag list writes addresses; never guessed, see the page of the plugin",
    )
    period: Duration = Field(
        parse_duration("1s"), gt=0, description="how often a tag without its own period is read"
    )
    timeout: Duration = Field(
        parse_duration("1s"), gt=0, description="longest wait for a connection and for an answer"
    )
    pause: Duration = Field(0, description="rest between two requests, for devices that need it")
    max_registers: int = Field(125, ge=4, le=125, description="most registers in one request")
    max_bits: int = Field(2000, ge=1, le=2000, description="most coils or discrete inputs in one request")
    max_gap: int | None = Field(
        None,
        ge=0,
        le=121,
        description="longest hole (registers) read through; by the wire: any over TCP, by the speed of a serial line",
    )
    share: float = Field(
        0.2,
        gt=0,
        le=1,
        description="most of the line's time a slow or dead unit takes while others wait",
    )
    retry_max: Duration = Field(
        parse_duration("5s"), gt=0, description="longest rest before a lost unit is tried again"
    )
    reprobe: Duration = Field(
        parse_duration("10min"),
        gt=0,
        description="how often an address the device refused is asked for again",
    )

    @property
    def limits(self) -> Limits:
        """For the planner."""
        return Limits(self.max_registers, self.max_bits, self.gap if self.max_gap is None else self.max_gap)

    @property
    def gap(self) -> int:
        """Registers that cost as much as one more request does."""
        return LONGEST_GAP

    @property
    def place(self) -> str:
        """The line, for people; two sources never share one."""
        raise NotImplementedError

    @property
    def units(self) -> range:
        """Addresses of devices on this line."""
        return range(256)


class OverTcp(Polling, frozen=True):
    """Reached by host and port. Times are ns."""

    host: str = Field(min_length=1, description="name or address of the device or of the gateway before it")
    port: int = Field(502, ge=1, le=65535, description="TCP port")

    @property
    def place(self) -> str:
        """Host and port."""
        return f"{self.host}:{self.port}"


def bind(settings: Polling, address: str, tag: Tag) -> Binding:  # noqa: ARG001 - the signature all plugins share
    """An address cell, e.g. ``1:holding:0:float32:CDAB``.

    Raises:
        ValueError: says what is allowed.
    """
    found = parse(address, Notation(settings.addresses))
    if found.unit not in settings.units:
        raise ValueError(
            f"{address!r}: unit {found.unit}; allowed: units {settings.units[0]}-{settings.units[-1]}"
        )
    if found.point.width > settings.max_registers and not found.point.area.of_bits:
        raise ValueError(
            f"{address!r} is longer than max_registers; allowed: {settings.max_registers} registers"
        )
    return found


def links(
    name: str, settings: Polling, bindings: Mapping[str, Binding]
) -> tuple[tuple[Link, ...], Mapping[str, tuple[str, ...]]]:
    """The connection (``<source>``), its units (``<source>.<unit>``), and the two links of each tag."""
    bus = Link(id=name, description=f"Modbus {settings.place}", source=name)
    units = sorted({b.unit for b in bindings.values()})
    devices: Iterable[Link] = (
        Link(id=f"{name}.{u}", description=f"unit {u} at {settings.place}", source=name, parent=name)
        for u in units
    )
    return (bus, *devices), {tag: (name, f"{name}.{b.unit}") for tag, b in bindings.items()}
