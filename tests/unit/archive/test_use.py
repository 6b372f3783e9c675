"""What people do with history: export it, judge it anew, read it with other programs."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from gateway.cli.archived import Archived
from gateway.cli.main import app
from gateway.engine import Engine
from gateway.history.run import backtest
from gateway.model.inputs import Started
from gateway.model.site import Site
from gateway.store.archive import manifests, read, trends
from gateway.store.archive.close import close_days, close_parts
from tests.unit.archive.make import keep, opened
from tests.unit.engine.plant import T0, S, numbered, readings, rule, site, tag
from tests.unit.engine.plant import RuleKind as Kind

pa = pytest.importorskip("pyarrow")
LATER = "9999-12-31"
SCALED = site(
    tags=(tag("L", gain=0.01), tag("P", gain=0.5, offset=-2.0, unit="MPa"), tag("X", max_age=0, links=())),
    rules=(rule("L.H", Kind.LIMIT_HIGH, "L", trigger=12.0, reset=11.0), rule("P.H", Kind.LIMIT_HIGH, "P", trigger=9.0)),
)  # fmt: skip


def history(plant: Site, seconds: int = 120) -> list[Any]:
    rng = np.random.default_rng(5)
    level = np.round(1000 + np.cumsum(rng.normal(0, 30, seconds)))
    pairs = [(("L", k, float(level[k])), ("P", k, float(20 + k % 7))) for k in range(1, seconds)]
    return numbered([Started(T0, 0, "1"), *(readings(plant, *pair) for pair in pairs)])


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Half of it closed in a day, the other half in the spool or in ``plant.db`` alone."""
    store, stream = opened(tmp_path), history(SCALED)
    keep(store, SCALED, stream[:70])
    close_parts(tmp_path, before=LATER)
    close_days(tmp_path, before=LATER)
    keep_more(store, stream[70:])
    store.close()
    return tmp_path


def keep_more(store: Any, stream: list[Any]) -> None:
    engine = Engine(SCALED, "e1")
    engine._number = stream[0].number - 1
    for item in stream:
        step = engine.step([item])
        store.commit([item], [], item.input.batch.received.max())
        for number, batch in step.readings:
            store.spool.append(number, number, batch)
    store.spool.sync()


def test_history_is_judged_anew_as_it_was(state: Path) -> None:
    found = backtest(SCALED, Archived(state))
    engine = Engine(SCALED, "e1")
    wanted = [e for _, e in engine.step(history(SCALED)).events if e.id]
    assert wanted, "the sample has alarms"
    told = [(e.event, e.rule, e.time) for _, e in found.decisions if e.id]
    assert told == [(e.event, e.rule, e.time) for e in wanted]
    assert found.readings == 2 * 119


def test_columns_and_trends_go_on_over_archive_and_spool(state: Path) -> None:
    found = read(state, ["L", "P", "nobody"], T0, T0 + 200 * S)
    assert found["L"].source.tolist() == [T0 + k * S for k in range(1, 120)]
    assert len(found["nobody"]) == 0
    some = read(state, ["P"], T0 + 60 * S, T0 + 80 * S)["P"]
    assert some.value.tolist() == [(20 + k % 7) * 0.5 - 2.0 for k in range(60, 81)]
    trend = trends(state, ["L", "P"], T0, T0 + 120 * S, 10)
    assert len(trend["L"]["time"]) == 10
    assert trend["P"]["low"].min() == 8.0


def test_what_others_read(state: Path) -> None:
    (manifest,) = manifests(state)
    pq = pytest.importorskip("pyarrow.parquet")
    table = pq.read_table(manifest.readings).to_pydict()
    ours = read(state, ["P"], 0, 1 << 62)["P"]
    rows = [i for i, t in enumerate(table["tag"]) if t == "P"]
    raw = [
        table["raw"][i] if table["digits"][i] is None else table["digits"][i] / table["divisor"][i]
        for i in rows
    ]
    law = [table["gain"][i] * x + table["offset"][i] for i, x in zip(rows, raw, strict=True)]
    value = [law[k] if table["value"][i] is None else table["value"][i] for k, i in enumerate(rows)]
    assert value == ours.value[: len(rows)].tolist()
    assert json.loads((manifest.folder / "closed.json").read_text())["rows"] == manifest.rows


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_export(state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str) -> None:
    class Loaded:
        site = SCALED

    Loaded.state = state  # type: ignore[attr-defined]
    monkeypatch.setattr("gateway.config.load.load", lambda _: Loaded)
    out = tmp_path / f"out.{suffix}"
    result = CliRunner().invoke(app, ["export", "site.yaml", str(out), "--tags", "P", "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.output)["readings"] == 119
    if suffix == "csv":
        assert out.read_bytes().startswith(b"\xef\xbb\xbf")
        lines = list(csv.DictReader(out.read_text(encoding="utf-8-sig").splitlines()))
        assert [float(x["value"]) for x in lines[:3]] == [8.5, 9.0, 9.5]
        assert lines[0]["time_utc8"] == "2023-11-15 06:13:21.000"
        assert lines[0]["unit"] == "MPa"
    else:
        pq = pytest.importorskip("pyarrow.parquet")
        assert pq.read_table(out).column("value").to_pylist()[:3] == [8.5, 9.0, 9.5]


def test_export_of_an_unknown_tag_says_which_there_are(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Loaded:
        site = SCALED

    Loaded.state = state  # type: ignore[attr-defined]
    monkeypatch.setattr("gateway.config.load.load", lambda _: Loaded)
    result = CliRunner().invoke(app, ["export", "site.yaml", "x.csv", "--tags", "Q"])
    assert "a tag of the site: L, P, X" in str(result.exception.faults[0])  # type: ignore[union-attr]
