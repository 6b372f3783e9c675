"""Settings of ``modbus-tls``: MODBUS/TCP Security Protocol Specification V36, Modbus TCP inside TLS."""

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from gateway.sources.modbus.settings import OverTcp, bind, links

__all__ = ["Settings", "bind", "links"]


class Settings(OverTcp, frozen=True):
    """One TLS connection, the units behind it; the device's certificate and name are always checked. Times are ns."""

    kind: Literal["modbus-tls"] = Field(description="picks this plugin")
    port: int = Field(802, ge=1, le=65535, description="TCP port")
    connections: int = Field(
        1,
        ge=1,
        le=64,
        description="how many connections the device takes at a time, by its manual; from 2 on the console's probe "
        "asks it over one of its own beside the running poll",
    )
    ca: Path | None = Field(None, description="PEM of the authority; without it the system's")
    cert: Path | None = Field(
        None, description="PEM of our own certificate, which names our role to the device"
    )
    key: Path | None = Field(None, description="PEM of its key")
    server_name: str = Field("", description="name in the device's certificate, where it is not `host`")

    @model_validator(mode="after")
    def _consistent(self) -> "Settings":
        if (self.cert is None) != (self.key is None):
            raise ValueError("cert and key belong together")
        return self
