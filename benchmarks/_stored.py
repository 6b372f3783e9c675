"""How long a flood took to reach the database, from the harness's record of every POST.

The harness divides by the time of the last POST of any kind. A system that also stores its own alarms, and readings
marked BAD when the flood has ended, would be measured by when those come: here the last reading with a value counts.
"""

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_HEAD: Final = struct.Struct("<dBII")
"""The harness's record: arrival s, flags, length of the path, length of the body."""
OTHERS: Final = (b"alarm_event,", b"tag_info,")
"""Measurements that are no readings."""


def readings_per_s(folder: Path) -> float | None:
    """Of the one run of the flood scenario under ``folder``: readings stored by seconds from the first message sent to
    the last reading with a value stored. None: nothing was stored, or it is no such run."""
    (found,) = (folder / "results").glob("*.json")
    span = json.loads(found.read_text(encoding="utf-8")).get("flood_span_s")
    posts = [post for log in folder.glob("*/sink.log") for post in _posts(log.read_bytes())]
    if not span or not posts:
        return None
    began = posts[-1][0] - float(span)
    stored = [(at, rows) for at, rows in posts if at >= began and rows]
    return sum(rows for _, rows in stored) / (stored[-1][0] - began) if stored else None


def _posts(log: bytes) -> Iterator[tuple[float, int]]:
    """When each came, and readings with a value in it."""
    at = 0
    while at + _HEAD.size <= len(log):
        when, _, path, body = _HEAD.unpack_from(log, at)
        at += _HEAD.size + path + body
        yield when, sum(map(_is_reading, log[at - body : at].splitlines()))


def _is_reading(line: bytes) -> bool:
    """A line of the line protocol: measurement and tags, fields, time."""
    fields = line.split(b" ")[1:2]
    return not line.startswith(OTHERS) and any(f.startswith(b"value=") for f in b",".join(fields).split(b","))
