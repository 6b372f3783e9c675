"""Settings and addresses of an HTTP-push source."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, Field, model_validator

from gateway.model.errors import Misconfigured
from gateway.model.site import Link, Tag
from gateway.model.times import parse_duration
from gateway.wires.durations import Duration

SHORTEST: Final = 24
"""Characters of a token: one that is written by hand is guessed by a machine."""
ONE_READER: Final = True
"""what stands under a name is the reading of one tag"""


class Settings(BaseModel, frozen=True, extra="forbid"):
    """One pusher. Times are ns."""

    kind: Literal["http-push"] = Field(description="picks this plugin")
    token_env: str | None = Field(None, description="environment variable with its token")
    token_file: Path | None = Field(None, description="file with its token")
    time_unit: Literal["s", "ms", "us", "ns"] = Field("ms", description="of times that are numbers")
    good: tuple[str | int | bool, ...] = Field(
        (192, "good", "Good", "GOOD", True), description="values of `quality` that mean good"
    )
    uncertain: tuple[str | int | bool, ...] = Field(
        (64, "uncertain", "Uncertain", "UNCERTAIN"), description="... and uncertain; any other is BAD"
    )
    most: int = Field(5000, ge=1, le=50_000, description="readings one push may carry")
    silence: Duration = Field(
        parse_duration("5min"), gt=0, description="nothing pushed for this long: the link is down"
    )

    @model_validator(mode="after")
    def _one_token(self) -> "Settings":
        if (self.token_env is None) == (self.token_file is None):
            raise ValueError("token_env or token_file, one of them")
        return self

    def token(self) -> bytes:
        """The secret.

        Raises:
            Misconfigured: the variable or file is not there, or the token is short.
        """
        if self.token_env is not None:
            found, where = (
                os.environ.get(self.token_env, "").encode(),
                f"environment variable {self.token_env}",
            )
        else:
            where = f"token_file {self.token_file}"
            found = self._from_file(where)
        if len(found) < SHORTEST:
            hint = "make one with: python -c 'import secrets; print(secrets.token_urlsafe(32))'"
            raise Misconfigured(f"{where}: a token has at least {SHORTEST} characters; {hint}")
        return found

    def _from_file(self, where: str) -> bytes:
        try:
            return Path(self.token_file or "").read_bytes().strip()
        except OSError as error:
            raise Misconfigured(f"{where}: {error.strerror}") from error


@dataclass(frozen=True, slots=True)
class Binding:
    """Name of the tag in what is pushed."""

    name: str


def bind(settings: Settings, address: str, tag: Tag) -> Binding:  # noqa: ARG001 - the signature all plugins share
    """An address cell.

    Raises:
        ValueError: says what is allowed.
    """
    name = address.strip()
    if not name or len(name) > 200:
        raise ValueError(f"{address!r}; allowed: the name of the tag in what is pushed")
    return Binding(name)


def links(
    name: str,
    settings: Settings,  # noqa: ARG001 - the signature all plugins share
    bindings: Mapping[str, Binding],
) -> tuple[tuple[Link, ...], Mapping[str, tuple[str, ...]]]:
    """The pusher is the one link of all tags."""
    return (Link(id=name, description="pushed over HTTP", source=name),), dict.fromkeys(bindings, (name,))
