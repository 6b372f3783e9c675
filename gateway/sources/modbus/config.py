"""Settings of ``modbus-tcp``."""

from typing import Literal

from pydantic import Field

from gateway.sources.modbus.address import Binding
from gateway.sources.modbus.settings import OverTcp, bind, links

__all__ = ["Binding", "Settings", "bind", "links"]


class Settings(OverTcp, frozen=True):
    """One TCP connection, the units behind it. Times are ns."""

    kind: Literal["modbus-tcp"] = Field(description="picks this plugin")
