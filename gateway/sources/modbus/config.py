"""Settings and addresses of a Modbus TCP source."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import BaseModel, BeforeValidator, Field

from gateway.model.site import Link, Tag
from gateway.model.times import parse_duration
from gateway.sources.modbus.plan import Area, Kind, Limits, Order, Point


def _duration(value: object) -> int:
    if not isinstance(value, str | int | float):
        raise ValueError("allowed: 500ms, 1s, 5min, 1h, 1d or a number of seconds")  # noqa: TRY004 - pydantic's way
    return parse_duration(value)


Duration = Annotated[int, BeforeValidator(_duration)]
"""Nanoseconds; written ``500ms``, ``1s``, ``5min`` or as a number of seconds."""

ALLOWED: Final = (
    "unit:area:address[:type[:order]], unit 0-255, area coil|discrete|input|holding, address 0-65535 (0-based), "
    f"type {'|'.join(Kind)}, order {'|'.join(Order)}; a bit of a register is 1:holding:5.3:bit"
)
_ADDRESS: Final = re.compile(
    r"(\d{1,3}):([a-z]+):(\d{1,5})(?:\.(\d{1,2}))?(?::([a-z0-9]+)(?::([A-Z]+))?)?", re.ASCII
)


class Settings(BaseModel, frozen=True, extra="forbid"):
    """One TCP connection, the units behind it. Times are ns."""

    kind: Literal["modbus-tcp"] = Field(description="picks this plugin")
    host: str = Field(min_length=1, description="name or address of the device or of the gateway before it")
    port: int = Field(502, ge=1, le=65535, description="TCP port")
    period: Duration = Field(
        parse_duration("1s"), gt=0, description="how often a tag without its own period is read"
    )
    timeout: Duration = Field(
        parse_duration("1s"), gt=0, description="longest wait for a connection and for an answer"
    )
    pause: Duration = Field(0, description="rest between two requests, for devices that need it")
    max_registers: int = Field(125, ge=4, le=125, description="most registers in one request")
    max_bits: int = Field(2000, ge=1, le=2000, description="most coils or discrete inputs in one request")
    max_gap: int = Field(32, ge=0, le=121, description="longest hole (registers) that is read through")
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
        return Limits(self.max_registers, self.max_bits, self.max_gap)


@dataclass(frozen=True, slots=True)
class Binding:
    """Where a tag is read."""

    unit: int
    point: Point


def bind(settings: Settings, address: str, tag: Tag) -> Binding:  # noqa: ARG001 - the signature all plugins share
    """An address cell, e.g. ``1:holding:0:float32:CDAB``.

    Raises:
        ValueError: says what is allowed.
    """
    found = _ADDRESS.fullmatch(address.strip())
    try:
        if found is None:
            raise ValueError("not of this form")
        return _binding(*found.groups())
    except ValueError as error:
        raise ValueError(f"{address!r}: {error}; allowed: {ALLOWED}") from None


def _binding(
    unit: str, area_: str, at: str, bit: str | None, kind_: str | None, order_: str | None
) -> Binding:
    area = Area(area_)
    kind = Kind(kind_) if kind_ else (Kind.BIT if area.of_bits or bit else Kind.UINT16)
    order = Order(order_) if order_ else Order.ABCD
    if int(unit) > 255:
        raise ValueError(f"unit {unit}")
    if area.of_bits and (kind is not Kind.BIT or bit or order_):
        raise ValueError(f"{area} holds single bits")
    if not area.of_bits and (kind is Kind.BIT) != (bit is not None):
        raise ValueError("a bit of a register needs both .bit and type bit")
    if bit and int(bit) > 15:
        raise ValueError(f"bit {bit} of a register")
    point = Point(area, int(at), kind, order, int(bit or 0))
    if point.end > 0x10000:
        raise ValueError(f"{kind} at {at} ends behind address 65535")
    return Binding(int(unit), point)


def links(
    name: str, settings: Settings, bindings: Mapping[str, Binding]
) -> tuple[tuple[Link, ...], Mapping[str, tuple[str, ...]]]:
    """The connection (``<source>``), its units (``<source>.<unit>``), and the two links of each tag."""
    place = f"{settings.host}:{settings.port}"
    bus = Link(id=name, description=f"Modbus TCP {place}", source=name)
    units = sorted({b.unit for b in bindings.values()})
    devices = (
        Link(id=f"{name}.{u}", description=f"unit {u} at {place}", source=name, parent=name) for u in units
    )
    return (bus, *devices), {tag: (name, f"{name}.{b.unit}") for tag, b in bindings.items()}
