"""What a synced commit costs: ``python -m benchmarks.store``.

A group is 20 inputs of 50 readings and two events in one transaction. The peer puts the same readings, one row each,
in a table of Python's own sqlite3, also in one synced transaction. Both on the disk of the temporary folder.
"""

import sqlite3
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks._show import show
from benchmarks.engine import START, batches
from gateway.model.events import Event, EventKind
from gateway.model.inputs import Numbered, Readings
from gateway.model.times import NS
from gateway.store import Identity, Store

GROUPS, TAGS = 100, 1000


def timed(work: Callable[[int], None]) -> tuple[float, float]:
    """(CPU, wall) ms of a group."""
    cpu, wall = time.thread_time(), time.perf_counter()
    for k in range(GROUPS):
        work(k)
    return (time.thread_time() - cpu) / GROUPS * 1e3, (time.perf_counter() - wall) / GROUPS * 1e3


def ours(folder: Path, groups: list[list[Readings]]) -> tuple[float, float]:
    store = Store.open(folder / "ours", Identity("gw", "341524", "bench"), now=START, reserve_bytes=1 << 16)

    def commit(k: int) -> None:
        at, last = START + (k + 1) * NS, store.last_input[0]
        events = [
            Event(event=EventKind.RAISED, time=at, id=f"{i:032x}", n=k + 1, tag="T-1") for i in range(2)
        ]
        store.commit([Numbered(last + i, item) for i, item in enumerate(groups[k], 1)], events, at)

    found = timed(commit)
    store.close()
    return found


def rows(folder: Path, groups: list[list[Readings]]) -> tuple[float, float]:
    db = sqlite3.connect(folder / "rows.db", isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute(
        "CREATE TABLE readings(tag INTEGER, source INTEGER, received INTEGER, value REAL, quality INTEGER)"
    )

    def commit(k: int) -> None:
        db.execute("BEGIN")
        for item in groups[k]:
            b = item.batch
            columns = (
                b.tag.tolist(),
                b.source.tolist(),
                b.received.tolist(),
                b.value.tolist(),
                b.quality.tolist(),
            )
            db.executemany("INSERT INTO readings VALUES(?,?,?,?,?)", zip(*columns, strict=True))
        db.execute("COMMIT")

    found = timed(commit)
    db.close()
    return found


def main() -> None:
    groups = [list(batches("0" * 8, TAGS, 1, k + 1)) for k in range(GROUPS)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cpu, wall = ours(folder, groups)
        peer_cpu, peer_wall = rows(folder, groups)
        size = sum(f.stat().st_size for f in (folder / "ours").glob("plant.db*"))
    more = {
        "wall_ms": round(wall, 3),
        "wall_ms_rows": round(peer_wall, 3),
        "bytes_per_reading": round(size / GROUPS / TAGS, 1),
    }
    show(
        "store",
        "CPU ms per commit of 1,000 readings and 2 events",
        cpu,
        {"sqlite3, a row each": peer_cpu},
        **more,
    )


if __name__ == "__main__":
    main()
