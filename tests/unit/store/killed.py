"""A child that commits as fast as it can and says what was acknowledged, until somebody kills it."""

from __future__ import annotations

import sys
from pathlib import Path

from gateway.model.batch import Batch
from gateway.store import SavedSnapshot
from tests.unit.store import make
from tests.unit.store.make import T0


def readings_of(number: int) -> Batch:
    return make.batch(20, T0 + number * 10**8, seed=number)


def main(folder: Path) -> None:
    store = make.store(folder)
    say = sys.stdout
    say.write(f"open {store.epoch} {store.note!r}\n")
    for entry in store.inputs(
        store.spool.last_input
    ):  # what the runtime does: build again what the spool lost
        store.spool.append(entry.number, entry.number, readings_of(entry.number))
    while True:
        number = store.last_input[0] + 1
        events = [make.event(n=number, comment=f"{number}.{i}") for i in range(number % 3)]
        at = T0 + number * 10**8
        commit = store.commit([make.readings(number, at, rows=20)], events, at)
        say.write("".join(f"record {r.seq} {r.hash}\n" for r in commit.records) + f"input {number}\n")
        say.flush()
        store.spool.append(number, number, readings_of(number))
        if number % 40 == 0:
            kept = store.save_snapshot(SavedSnapshot("v", number, "c", {"n": str(number).encode() * 50_000}))
            say.write(f"snapshot {number}\n" if kept else "")
            say.flush()
        store.set_cursors({"county.events": store.head.seq})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
