"""Settings of ``modbus-tcp``."""

from typing import Literal

from pydantic import Field

from gateway.sources.modbus.address import Binding
from gateway.sources.modbus.settings import OverTcp, bind, links

__all__ = ["Binding", "Settings", "bind", "links"]


class Settings(OverTcp, frozen=True):
    """One TCP connection, the units behind it. Times are ns."""

    kind: Literal["modbus-tcp"] = Field(description="picks this plugin")
    connections: int = Field(
        1,
        ge=1,
        le=64,
        description="how many connections the device takes at a time, by its manual; from 2 on the console's probe "
        "asks it over one of its own beside the running poll",
    )
