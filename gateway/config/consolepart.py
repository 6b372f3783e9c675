"""The ``console`` part of a site file: where console and API listen, and who gets in."""

import ipaddress
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from gateway.config.durations import Duration
from gateway.config.rulebase import Flag, Number, Strict
from gateway.model.times import seconds

PICTURES: Final = (".png", ".jpg", ".jpeg", ".svg")
ALONE: Final = "127.0.0.1:8080"


def address(listen: str) -> str:
    """``127.0.0.1:8080``, ``localhost:8080``, ``[::1]:8080``, ``0.0.0.0:8443``.

    Raises:
        ValueError: anything else.
    """
    host, colon, port = listen.rpartition(":")
    good = bool(colon) and port.isascii() and port.isdigit() and int(port[:6]) <= 65535
    try:
        ipaddress.ip_address("127.0.0.1" if host == "localhost" else host.strip("[]"))
    except ValueError:
        good = False
    if not good or (":" in host and not host.startswith("[")):
        raise ValueError(f"an address and port, e.g. {ALONE}, localhost:8080, [::1]:8080, 0.0.0.0:8443")
    return listen


def loopback(listen: str) -> bool:
    """True for an address that only this machine can reach."""
    host = listen.rpartition(":")[0].strip("[]")
    return host == "localhost" or ipaddress.ip_address(host).is_loopback


class Console(Strict):
    """Where console and API listen, and who gets in."""

    listen: Annotated[str, AfterValidator(address)] = Field(
        ALONE,
        description="address and port; port 0 picks a free one. Beyond loopback only with certificate and accounts",
    )
    enabled: Flag = Field(True, description="false: no console and no API (status and journal only)")
    sign_in: Literal["accounts", "name"] = Field(
        "accounts",
        description="`name`: on loopback only, whoever sits at the machine acts under the name they give",
    )
    certificate: Path | None = Field(None, description="PEM file with the certificate chain: HTTPS")
    key: Path | None = Field(None, description="PEM file with its private key")
    hosts: tuple[str, ...] = Field(
        (), description="further names the console answers to: this machine's own, a reverse proxy's"
    )
    proxies: tuple[str, ...] = Field(
        (), description="addresses of reverse proxies whose X-Forwarded-For is believed"
    )
    act_idle: Annotated[Duration, Field(gt=0)] = Field(
        seconds(30 * 60),
        description="the right to act ends when nobody has moved for so long; a panel goes on looking",
    )
    act_longest: Annotated[Duration, Field(gt=0)] = Field(
        seconds(12 * 3600), description="and so long after signing in (a shift)"
    )

    plan: Path | None = Field(None, description="picture of the site (PNG, JPEG, SVG) for the overview")
    plan_bounds: tuple[Number, Number, Number, Number] | None = Field(
        None, description="what it shows: west, south, east, north in degrees"
    )

    @field_validator("plan")
    @classmethod
    def _picture(cls, plan: Path | None) -> Path | None:
        if plan is not None and plan.suffix.lower() not in PICTURES:
            raise ValueError(f"a picture: {', '.join(PICTURES)}")
        return plan

    @model_validator(mode="after")
    def _whole_plan(self) -> Self:
        if (self.plan is None) != (self.plan_bounds is None):
            raise ValueError("plan and plan_bounds belong together")
        if self.plan_bounds is not None:
            west, south, east, north = self.plan_bounds
            if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
                raise ValueError("plan_bounds: west < east and south < north, in degrees")
        return self

    @model_validator(mode="after")
    def _away_from_the_machine(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key belong together")
        if not loopback(self.listen) and (self.certificate is None or self.sign_in != "accounts"):
            raise ValueError("listening beyond loopback needs certificate, key and sign_in: accounts")
        return self
