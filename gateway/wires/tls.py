"""TLS towards the other side: its certificate and name are always checked; ours is shown where there is one."""

import ssl
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gateway.model.errors import Misconfigured


class Tls(BaseModel):
    """TLS towards the other side; with ``cert`` and ``key`` the gateway shows a certificate of its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ca: Path | None = Field(None, description="PEM file of the authority; empty: the system's authorities")
    cert: Path | None = Field(None, description="PEM file of the gateway's own certificate")
    key: Path | None = Field(None, description="PEM file of its key")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.key is not None and self.cert is None:
            raise ValueError("cert beside key")
        return self


def context(who: str, tls: Tls | None) -> ssl.SSLContext:
    """A context that checks the other side's certificate and name.

    Raises:
        Misconfigured: a file cannot be loaded.
    """
    files = tls or Tls.model_construct(ca=None, cert=None, key=None)
    try:
        made = ssl.create_default_context(cafile=str(files.ca) if files.ca else None)
        made.minimum_version = ssl.TLSVersion.TLSv1_2
        if files.cert:
            made.load_cert_chain(files.cert, files.key)
    except (OSError, ssl.SSLError) as error:
        raise Misconfigured(f"{who}: certificates cannot be loaded: {error}") from error
    return made
