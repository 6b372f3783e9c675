"""The leak check itself, and a few minutes of it: what it calls growth, and that a short run has none."""

from __future__ import annotations

import asyncio
from pathlib import Path

from benchmarks import soak
from gateway.runtime import keeping, machine


def sample(**changes: float) -> dict[str, float]:
    return {
        "rss_mb": 100.0,
        "files": 20,
        "tasks": 14,
        "threads": 4,
        "wal_mb": 4.0,
        "plant_mb": 1.0,
        "records": soak.RECENT,
        "chunks": 240,
        **changes,
    }


def test_what_grows_is_told() -> None:
    flat = [sample() for _ in range(9)]
    assert soak.verdict(flat) == []
    assert soak.verdict([*flat[:6], *(sample(files=26) for _ in range(3))]) == ["files: 20 -> 26"]
    assert soak.verdict([*flat[:6], *(sample(rss_mb=140) for _ in range(3))]) == ["rss_mb: 100 -> 140"]
    assert soak.verdict([*flat[:6], *(sample(rss_mb=106) for _ in range(3))]) == [], "memory breathes"
    assert soak.verdict([*flat[:8], sample(chunks=900)]) == ["chunks: 900, at most 250"]
    assert soak.filled(flat)
    assert not soak.filled([sample(records=5) for _ in range(9)])


def test_a_short_run(tmp_path: Path) -> None:
    before = machine.SNAPSHOT_S, keeping.TRIM_S
    try:
        samples, facts = asyncio.run(soak.soak(0.25, 120.0, tmp_path))
    finally:
        machine.SNAPSHOT_S, keeping.TRIM_S = before  # type: ignore[misc]
    assert facts["durable"]
    assert facts["inputs"] > 20
    assert len(samples) == soak.SAMPLES
    third = samples[-1], samples[len(samples) // 2]
    assert third[0]["files"] <= third[1]["files"] + 3
    assert third[0]["threads"] <= third[1]["threads"] + 1
