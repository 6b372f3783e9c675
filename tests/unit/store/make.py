"""Makers of what tests put into a store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from gateway.model.batch import Batch
from gateway.model.events import Event, EventKind
from gateway.model.inputs import Gap, Numbered, Readings, Tick
from gateway.model.times import NS
from gateway.store import Identity, Store
from gateway.store.spool import Spool

T0 = 1_795_000_000 * NS
ME = Identity("gw-01", "341524", "demo")
TABLE = "0123abcd"


def store(folder: Path, **options: Any) -> Store:
    options = {"now": T0, "reserve_bytes": 1 << 16, **options}
    return Store.open(folder, options.pop("identity", ME), **options)


def event(at: int = T0, **fields: Any) -> Event:
    return Event(
        event=EventKind.RAISED, time=at, **{"id": "a" * 32, "n": 1, "value": 12.5, "tag": "LT-101", **fields}
    )


def tick(number: int, at: int = T0) -> Numbered:
    return Numbered(number, Tick(at))


def batch(rows: int = 5, at: int = T0, *, seed: int = 0, tags: int = 1000) -> Batch:
    rng = np.random.default_rng(seed)
    source = at + np.arange(rows) // 50 * 3_000_000  # 50 tags answered at once
    return Batch(
        TABLE,
        np.arange(rows, dtype=np.int32) % tags,
        source,
        source + 1_000_000,
        np.round(rng.normal(50, 10, rows), 2),
        np.zeros(rows, np.uint8),
    )


def readings(number: int, at: int = T0, rows: int = 5) -> Numbered:
    return Numbered(number, Readings(batch(rows, at, seed=number)))


def trimmed(spool: Spool, up_to: int, **limits: int) -> list[Gap]:
    """All steps of a trim at once; what was lost by it."""
    for _ in spool.trim_steps(up_to, **limits):
        pass
    return spool.losses()
