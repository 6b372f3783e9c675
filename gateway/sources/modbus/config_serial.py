"""Settings of ``modbus-serial``: RTU or ASCII on a serial port."""

import re
from typing import Final, Literal

from pydantic import Field

from gateway.sources.modbus.settings import LAST_UNIT, LONGEST_GAP, Polling, bind, links

__all__ = ["Settings", "bind", "links"]
_WINDOWS: Final = re.compile(r"(?:\\\\\.\\)?(com[0-9]+)", re.IGNORECASE)


class Settings(Polling, frozen=True):
    """One serial line (RS-485, RS-232) and the units on it. Times are ns."""

    kind: Literal["modbus-serial"] = Field(description="picks this plugin")
    port: str = Field(
        min_length=1,
        description="the port, best by a name that stays: `/dev/serial/by-id/...`, `/dev/ttyS1`; on Windows `COM3`",
    )
    framing: Literal["rtu", "ascii"] = Field("rtu", description="of the line: all its units have the same")
    baud: int = Field(9600, ge=300, le=4_000_000, description="bits per second")
    parity: Literal["none", "even", "odd"] = Field("even", description="even is what the standard asks for")
    data_bits: Literal[7, 8] = Field(8, description="7 is for ASCII only")
    stop_bits: Literal[1, 2] = Field(1, description="2 is usual without parity")

    @property
    def place(self) -> str:
        """The port; Windows knows one by several names (``com3``, ``\\\\.\\COM3``)."""
        windows = _WINDOWS.fullmatch(self.port)
        return windows[1].upper() if windows else self.port

    @property
    def units(self) -> range:
        """As the standard has them."""
        return range(1, LAST_UNIT + 1)

    @property
    def character_s(self) -> float:
        """Seconds one character takes: start, data, parity and stop bits."""
        return (1 + self.data_bits + (self.parity != "none") + self.stop_bits) / self.baud

    @property
    def gap(self) -> int:
        """A request is about 20 characters with its silences, and 20 ms of the device; a register is 2 characters."""
        return min(LONGEST_GAP, round((20 * self.character_s + 0.02) / (2 * self.character_s)))
