"""Settings of ``modbus-serial-tcp``: RTU or ASCII frames through a serial server, as they are."""

from typing import Literal

from pydantic import Field

from gateway.sources.modbus.settings import LAST_UNIT, OverTcp, bind, links

__all__ = ["Settings", "bind", "links"]


class Settings(OverTcp, frozen=True):
    """A serial line behind a serial server that passes bytes on, and the units on it. Times are ns."""

    kind: Literal["modbus-serial-tcp"] = Field(description="picks this plugin")
    port: int = Field(ge=1, le=65535, description="TCP port")
    framing: Literal["rtu", "ascii"] = Field("rtu", description="of the line: all its units have the same")

    @property
    def units(self) -> range:
        """As the standard has them."""
        return range(1, LAST_UNIT + 1)

    @property
    def gap(self) -> int:
        """As of a line with 9600 bit/s, the usual speed of what stands behind a serial server."""
        return 19
