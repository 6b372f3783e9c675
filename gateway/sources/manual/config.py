"""Settings and addresses of manual readings."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from pydantic import BaseModel, Field

from gateway.model.site import Link, Tag
from gateway.wires.durations import Duration

NONE: Final = "-"
ALLOWED: Final = (
    "- (compared with nothing), or the id of the online tag and how far the two may differ: LT-101 0.05"
)
_NUMBER: Final = re.compile(r"[0-9]+(\.[0-9]+)?|\.[0-9]+", re.ASCII)


class Settings(BaseModel, frozen=True, extra="forbid"):
    """What people enter. Times are ns."""

    kind: Literal["manual"] = Field(description="picks this plugin")
    period: Duration = Field(
        gt=0, description="how often a reading is expected, where the tag list does not say"
    )


@dataclass(frozen=True, slots=True)
class Binding:
    """The online tag of the same point, empty for none, and how far the two may differ."""

    online: str
    within: float


def bind(settings: Settings, address: str, tag: Tag) -> Binding:  # noqa: ARG001 - the signature all plugins share
    """An address cell.

    Raises:
        ValueError: says what is allowed.
    """
    text = address.strip()
    if text == NONE:
        return Binding("", 0.0)
    online, _, within = text.partition(" ")
    if not online or not _NUMBER.fullmatch(within.strip()):
        raise ValueError(f"{address!r}; allowed: {ALLOWED}")
    return Binding(online, float(within))


def mark(tag: Tag, binding: Binding) -> Tag:
    """The tag, told from those that are measured."""
    return replace(tag, manual=True, twin=binding.online, twin_within=binding.within)


def refers(binding: Binding) -> tuple[str, ...]:
    """Ids of other tags it needs."""
    return (binding.online,) if binding.online else ()


def links(
    name: str,  # noqa: ARG001 - the signature all plugins share
    settings: Settings,  # noqa: ARG001
    bindings: Mapping[str, Binding],
) -> tuple[tuple[Link, ...], Mapping[str, tuple[str, ...]]]:
    """None: a person is no wire."""
    return (), dict.fromkeys(bindings, ())
