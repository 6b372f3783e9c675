"""A probe beside a gateway that runs: the lines it polls are left alone, and what its last poll read is shown instead.

A line has one master, and many a device takes one connection only: a second one may push the first out. So a line that
is polled is dialled a second time only where the site says that the device takes more (``connections``).
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from gateway.config.load import Loaded, SourcePart
from gateway.model.probing import Looked, Probed

AT_ONCE: Final = 20
"""tags that are looked up before the poll has its turn again"""
BUSY: Final = "the running gateway polls this line over its one connection: shown is what its last poll read"
NOT_POLLED: Final = "not polled yet, and the line is busy; it can be asked once the list is in place"
WORDS: Final = {
    "not-polled": "not polled yet",
    "refused": "the device refuses the address",
    "no-answer": "no answer",
    "no-number": "no number",
    "counter": "a counter: its value is counts per second",
}
"""notes of a running poll, for a probe's table"""
Raw = Callable[[str], Looked | None]
"""tag id -> its raw reading"""


@dataclass(frozen=True, slots=True)
class Beside:
    """What a gateway that runs polls: its lines, and what was read last, by line and address."""

    lines: frozenset[str]
    read: Mapping[str, Looked]

    def busy(self, part: SourcePart) -> bool:
        """The line must not be dialled a second time."""
        return _line(part) in self.lines and getattr(part.settings, "connections", 1) < 2

    def shown(self, part: SourcePart) -> Probed:
        """The rows of a busy line, by what its last poll read; nothing is asked."""
        out = Probed(why=BUSY)
        for row, _, binding in part.bound:
            found = self.read.get(_key(part, binding))
            out.rows.append(
                Looked(row, None, "", note=NOT_POLLED)
                if found is None
                else Looked(row, found.value, found.raw, note=WORDS.get(found.note, found.note), at=found.at)
            )
        return out


async def seen(loaded: Loaded, raw: Raw) -> bytes:
    """What the gateway polls and read last, as a file for :func:`read_beside`. The loop runs on meanwhile."""
    lines, read = [], {}
    for part in loaded.sources:
        line = _line(part)
        if not line:
            continue
        lines.append(line)
        for count, (_, tag, binding) in enumerate(part.bound):
            if count % AT_ONCE == 0:
                await asyncio.sleep(0)
            found = raw(tag.id)
            if found is not None:
                read[_key(part, binding)] = asdict(found)
    return orjson.dumps({"lines": lines, "read": read})


def read_beside(path: Path) -> Beside:
    """Such a file."""
    found: Any = orjson.loads(path.read_bytes())
    return Beside(frozenset(found["lines"]), {key: Looked(**each) for key, each in found["read"].items()})


def _line(part: SourcePart) -> str:
    """What has one master; nothing of a broker, which takes any number."""
    return str(part.settings.place) if part.kind.startswith("modbus") else ""


def _key(part: SourcePart, binding: object) -> str:
    return f"{_line(part)} {binding!r}"
