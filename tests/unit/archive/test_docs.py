"""docs/archive.md: what it tells others to do gives what we read ourselves."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gateway.model.inputs import Started
from gateway.store.archive import read
from gateway.store.archive.close import close_days, close_parts
from tests.unit.archive.make import keep, opened
from tests.unit.engine.plant import T0, Signal, numbered, readings, site, tag

pytest.importorskip("pyarrow")
PAGE = (Path(__file__).parents[3] / "docs/archive.md").read_text(encoding="utf-8")
LATER = "9999-12-31"
PLANT = site(
    tags=(
        tag("D", gain=0.01), tag("S", low=None, high=None), tag("G", signal=Signal.MILLIAMP, low=0.0, high=250.0),
        tag("R"), tag("B"),
    ),
    rules=(),
)  # fmt: skip


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found
    return found.group(1)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Decimals, single precision, a loop current, noise without digits, and bad readings."""
    rng, stream = np.random.default_rng(3), []
    for k in range(1, 200):
        single = float(np.float32(round(20 + np.sin(k / 9), 2)))
        bad = ("B", k, 1.0, 131) if k % 3 else ("B", k, 2.0)
        rows = (
            ("D", k, float(k * 7 % 90)),
            ("S", k, single),
            ("G", k, round(4 + k / 20, 3)),
            ("R", k, rng.normal()),
        )
        stream.append(readings(PLANT, *rows, bad))
    store = opened(tmp_path)
    keep(store, PLANT, numbered([Started(T0, 0, "1"), *stream]))
    store.close()
    close_parts(tmp_path, before=LATER)
    close_days(tmp_path, before=LATER)
    return tmp_path


def check(state: Path, tag: str, source: Any, value: Any, quality: Any) -> None:
    ours = read(state, [tag], 0, 1 << 62)[tag]
    assert np.array_equal(source, ours.source)
    assert np.array_equal(np.asarray(value, np.float64), ours.value, equal_nan=True)
    assert np.array_equal(quality, ours.quality)


def test_pandas(state: Path) -> None:
    pytest.importorskip("pandas")
    code, _, _ = block("python").partition("\nlevel = ")
    names: dict[str, Any] = {}
    exec(compile(code, "docs/archive.md", "exec"), names)
    (file,) = state.glob("archive/day=*/readings.parquet")
    for one in "DSGRB":
        found = names["readings"](file, [one])
        check(
            state,
            one,
            found.source.astype("int64").to_numpy(),
            found.value.to_numpy(),
            found.quality.to_numpy(),
        )


def test_duckdb(state: Path) -> None:
    duckdb = pytest.importorskip("duckdb", reason="not one of our packages; run where it is installed")
    view, _, question = block("sql").replace("state/archive", f"{state}/archive").partition("FROM came;")
    db = duckdb.connect()
    db.execute(view + "FROM came;")
    for one in "DSGRB":
        sql = "SELECT source_ns s, value v, quality q FROM readings WHERE tag = ? ORDER BY input"
        found = db.execute(sql, [one]).fetchnumpy()
        value = np.ma.filled(found["v"].astype(np.float64), np.nan)
        check(state, one, found["s"], value, found["q"])
    assert db.execute(question.replace("LT-101", "D")).fetchall()
    db.close()
