"""What arrives, looked at before it is stored: is it an event of the gateway whose topic it came by? Pure."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from gateway.model.times import parse_iso
from gateway.sinks.mqtt.receipts import LARGEST, whole
from gateway.store.canonical import ZERO, canonical

EVENTS: Final = re.compile(r"fengsui/v1/(\d{6})/([A-Za-z0-9_-]{1,64})/([A-Za-z0-9_-]{1,64})/(events|status)")
ROOT: Final = "root"
"""``link`` of an epoch's first event that names no epoch before it."""
_SAID: Final = re.compile(r"previous epoch \S+ seq \d+ hash ([0-9a-f]{64})")


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """One gateway: its site and its own id; both together, for two sites may name theirs alike."""

    site: str
    gateway: str

    def __str__(self) -> str:
        return f"{self.site}/{self.gateway}"


@dataclass(frozen=True, slots=True)
class Arrival:
    """One genuine event: its hash fits its bytes. ``link``: hash of the event before it, across epochs too."""

    place: Place
    epoch: str
    seq: int
    hash: str
    link: str
    first: bool
    """of its epoch"""
    id: str
    n: int
    event: str
    level: str
    rule: str
    recorded: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Heard:
    """A gateway's own account of itself. ``every_s``: how often it promises to give one; ``at``: when, ns."""

    place: Place
    state: str
    epoch: str
    seq: int
    hash: str
    every_s: float
    at: int


def where(topic: str, county: str) -> tuple[Place, str] | None:
    """The place and ``events`` or ``status``; None: a topic we do not read."""
    found = EVENTS.fullmatch(topic)
    if found is None or found[1] != county:
        return None
    return Place(found[2], found[3]), found[4]


def arrival(place: Place, county: str, data: bytes) -> Arrival:
    """An event from its bytes.

    Raises:
        ValueError: not an event, of somebody else, or its hash does not fit its bytes; says which.
    """
    try:
        body: Any = json.loads(data, parse_int=_number)
        claimed, before = str(body.pop("hash")), str(body.pop("prev_hash"))
        who = (body["county"], body["site"], body["gateway"])
        digest = hashlib.sha256(before.encode() + canonical(body)).hexdigest()
        seq, n, recorded = whole(body["seq"]), whole(body.get("n", 0)), _time(body["recorded"])
        words = [_text(body.get(name, "")) for name in ("epoch", "id", "event", "level", "rule")]
        first = before == ZERO
        link = _previous(body.get("detail", {})) if first else before
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise ValueError(f"not an event: {error!r}") from error
    if who != (county, place.site, place.gateway):
        raise ValueError(f"an event of {'/'.join(map(str, who))} on the topic of {county}/{place}")
    if digest != claimed:
        raise ValueError(f"seq {seq}: the hash does not fit the bytes")
    epoch, occurrence, event, level, rule = words
    return Arrival(place, epoch, seq, claimed, link, first, occurrence, n, event, level, rule, recorded, data)


def _number(text: str) -> int | float:
    # Canonical JSON writes 1e16 as 10000000000000000 and refuses integers this large: it was a float.
    number = int(text)
    return number if abs(number) < 1 << 53 else float(text)


def _time(value: object) -> int:
    """ns; what no store can carry is no time."""
    time = parse_iso(_text(value))
    if abs(time) >= 1 << 63:
        raise ValueError(f"{value!r} is out of reach")
    return time


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text")  # noqa: TRY004 - what came is wrong, not the program
    value.encode()  # half a surrogate pair, which JSON allows and no store takes, is a ValueError
    return value


def _previous(detail: Mapping[str, Any]) -> str:
    """The hash that the first event of an epoch says the last epoch ended with."""
    named = detail.get("previous", {})
    if isinstance(named, dict) and named.get("hash"):
        return str(named["hash"])
    said = _SAID.search(str(detail.get("note", "")))
    return said[1] if said else ROOT


def heard(place: Place, data: bytes) -> Heard:
    """A status from its bytes; the last will has no head.

    Raises:
        ValueError: not a status.
    """
    try:
        body: Any = json.loads(data)
        if body["gateway"] != place.gateway:
            raise ValueError(f"a status of {body['gateway']!r} on the topic of {place}")
        head = body.get("head") or {"seq": 0, "hash": ZERO}
        every = float(body.get("expected_every_s") or 0)
        if not 0 <= every < LARGEST:
            raise ValueError(f"expected_every_s {every}")
        at = _time(body.get("time") or body["connected_at"])
        seq, digest = whole(head["seq"]), _text(head["hash"])
        return Heard(place, _text(body["state"]), _text(body["epoch"]), seq, digest, every, at)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise ValueError(f"not a status: {error!r}") from error
