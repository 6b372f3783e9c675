"""``python -m gateway.store.archive.worker``: everything with Parquet, in a process of its own, at low priority.

Asked over its standard input and answering over its standard output, in frames (:mod:`.frames`); ends when the input
does, so nothing is left when the gateway dies. It reads the databases and writes files of the archive, nothing else.
"""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final

from gateway.model.batch import Batch
from gateway.store.archive import frames
from gateway.store.archive import layout as lo
from gateway.store.archive.bounds import Bounds, bound
from gateway.store.archive.close import close_days, close_parts
from gateway.store.archive.frames import Arrays
from gateway.store.archive.read import trends
from gateway.store.lock import FolderLock

NICE: Final = 10


def close(state: Path, ask: Mapping[str, Any]) -> dict[str, Any]:
    """Close what is over before ``today``, then keep to the bounds; what was closed, thinned and dropped."""
    (state / lo.ARCHIVE).mkdir(exist_ok=True)
    lock = FolderLock(state / lo.ARCHIVE)  # one that a killed gateway left may still be at it
    try:
        parts = close_parts(state, before=str(ask["today"]))
        days = close_days(state, before=str(ask["today"]))
        kept = bound(state, Bounds(**ask["bounds"])) if ask.get("bounds") else None
    finally:
        lock.release()
    return {"parts": len(parts), "days": len(days), "over": kept.over if kept is not None else False}


def trend(state: Path, ask: Mapping[str, Any], newest: Sequence[Batch]) -> tuple[dict[str, Any], Arrays]:
    """Columns of each tag, in order."""
    tags: list[str] = ask["tags"]
    found = trends(state, tags, int(ask["start"]), int(ask["end"]), int(ask["points"]), newest=newest)
    return {"tags": tags}, [(f"{i}/{name}", c) for i, t in enumerate(tags) for name, c in found[t].items()]


def serve(source: BinaryIO, sink: BinaryIO) -> None:
    """Answer until the input ends."""
    while (frame := frames.read(source)) is not None:
        ask, blobs = frame
        try:
            answer, arrays = _answer(ask, blobs)
        except Exception as error:  # noqa: BLE001 - told to who asked, who logs it and goes on without
            answer, arrays = {"error": f"{type(error).__name__}: {error}"}, []
        frames.write(sink, answer, frames.pack(arrays))


def _answer(ask: Mapping[str, Any], blobs: Sequence[bytes]) -> tuple[dict[str, Any], Arrays]:
    state = Path(ask["state"])
    if ask["do"] == "trends":
        return trend(state, ask, [Batch.from_bytes(b) for b in blobs])
    return _DOES[ask["do"]](state, ask), []


_DOES: Final[dict[str, Callable[[Path, Mapping[str, Any]], dict[str, Any]]]] = {"close": close}


if __name__ == "__main__":
    os.nice(NICE)
    serve(sys.stdin.buffer, sys.stdout.buffer)
