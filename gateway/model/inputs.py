"""The numbered records the engine steps over. Arrival order is the order; replaying them gives the same decisions."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from gateway.model.batch import Batch
from gateway.model.commands import Act, Actor, Command, Seen


@dataclass(frozen=True, slots=True)
class Readings:
    """Raw readings of one arrival."""

    batch: Batch


@dataclass(frozen=True, slots=True)
class Tick:
    """The wall clock (or the replay's clock) as data."""

    time: int


@dataclass(frozen=True, slots=True)
class Acted:
    """A command by a person."""

    time: int
    command: Command


@dataclass(frozen=True, slots=True)
class LinkChange:
    """A bus or device was lost or came back."""

    time: int
    link: str
    up: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Started:
    """The gateway began (again). ``down_since`` is the last committed input's time, 0 on the very first start.

    All freshness and delay timers shift by the outage ``time - down_since``: our own blindness is not the plant's.
    """

    time: int
    down_since: int
    version: str
    note: str = ""
    config: str = ""
    """hash of the configuration that judges"""
    stood: bool = False
    """it ran all the time and began nothing anew, but could hear nobody: a machine that was overloaded or held"""
    unsure: bool = False
    """the machine's clock was behind ``down_since``: nobody knows how long we were away"""


@dataclass(frozen=True, slots=True)
class Gap:
    """Readings or records that policy forced us to lose."""

    time: int
    who: str
    start: int
    end: int
    count: int
    why: str


@dataclass(frozen=True, slots=True)
class ConfigChange:
    """From this input on another effective configuration judges."""

    time: int
    old: str
    new: str
    by: str = ""
    """who asked for it"""
    why: str = ""
    second: str = ""
    """... and who agreed"""
    changes: tuple[str, ...] = ()
    """what differs, in words; the first of very many"""
    count: int = 0
    """how many differences there are"""


@dataclass(frozen=True, slots=True)
class ArchiveClosed:
    """A day of history is closed into files (or was thinned: closed anew); the journal keeps their hashes."""

    time: int
    day: str
    """date, UTC+8"""
    first: int
    last: int
    """numbers of its first and last input"""
    rows: int
    bytes: int
    hashes: dict[str, str]
    """file name -> SHA-256, hex"""
    thinned: str = ""
    """empty: every reading is there"""


@dataclass(frozen=True, slots=True)
class SystemFault:
    """The gateway's own trouble (disk, output, clock, replay difference) coming or going."""

    time: int
    what: str
    active: bool
    detail: str = ""


type_names = {
    "tick": Tick,
    "acted": Acted,
    "link": LinkChange,
    "started": Started,
    "gap": Gap,
    "config": ConfigChange,
    "fault": SystemFault,
    "archive": ArchiveClosed,
}
Input = Readings | Tick | Acted | LinkChange | Started | Gap | ConfigChange | SystemFault | ArchiveClosed
_NAME_OF = {cls: name for name, cls in type_names.items()}
_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Numbered:
    """An input with its number: 1, 2, 3, ... per journal, without holes."""

    number: int
    input: Input


def time_of(item: Input) -> int:
    """The input's own moment, ns: of readings, the latest received time (0 for an empty batch)."""
    if isinstance(item, Readings):
        return int(item.batch.received.max()) if len(item.batch) else 0
    return item.time


def encode(item: Input) -> bytes:
    """One byte of kind (``R`` readings, ``J`` JSON) and the payload."""
    if isinstance(item, Readings):
        return b"R" + item.batch.to_bytes()
    kind = type(item)
    # asdict copies deeply, which only a command needs; a tick comes every second.
    fields = asdict(item) if kind is Acted else {name: getattr(item, name) for name in kind.__slots__}
    return b"J" + _JSON.encode([_NAME_OF[kind], fields]).encode()


def decode(data: bytes) -> Input:
    """Inverse of :func:`encode`.

    Raises:
        ValueError: not an input of this version.
    """
    if data[:1] == b"R":
        return Readings(Batch.from_bytes(data[1:]))
    if data[:1] != b"J":
        raise ValueError(f"unknown input kind {data[:1]!r}")
    name, fields = json.loads(data[1:])
    if name not in type_names:
        raise ValueError(f"unknown input {name!r}")
    try:
        return _made(name, fields)
    except (TypeError, KeyError) as error:
        raise ValueError(f"input {name!r} has other fields: {error}") from error


def _made(name: str, fields: dict[str, Any]) -> Input:
    if name == "config":
        fields["changes"] = tuple(fields.get("changes", ()))
    if name == "acted":
        return Acted(fields["time"], _command(fields["command"]))
    return type_names[name](**fields)  # type: ignore[no-any-return]


def _command(raw: dict[str, Any]) -> Command:
    seen = tuple(Seen(**s) for s in raw["seen"])
    second = raw.get("second")
    return Command(
        act=Act(raw["act"]),
        actor=Actor(**raw["actor"]),
        seen=seen,
        comment=str(raw["comment"]),
        rules=tuple(raw.get("rules", ())),
        until=int(raw.get("until", 0)),
        permit=str(raw.get("permit", "")),
        second=Actor(**second) if second else None,
        words=tuple((str(k), str(v)) for k, v in raw.get("words", ())),
    )
