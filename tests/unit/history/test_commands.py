"""The commands over recordings: what they print, and their exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gateway.alarms.book import Book
from gateway.cli.main import app
from gateway.config.load import load
from gateway.model.effective import dump_site
from gateway.model.errors import Misconfigured, Refused
from gateway.model.inputs import ConfigChange, Numbered, Started
from gateway.model.times import NS, iso
from gateway.store import Identity, Store
from tests.unit.engine.plant import T0
from tests.unit.history.test_scenarios import FOLDER, GOOD
from tests.unit.history.test_tune import SITE, TAGS

RISE = [11.0] * 30 + [12.5, 11.0] * 10 + [14.0] * 60 + [5.0] * 30


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "site.yaml").write_text(SITE)
    (tmp_path / "tags.csv").write_text(TAGS)
    (tmp_path / "late.yaml").write_text(SITE.replace("tags.csv", "late.csv"))
    (tmp_path / "late.csv").write_text(
        TAGS.replace("standard", "standard,on_delay").replace("12,0,\n", "12,0,,10s\n")
    )
    lines = [f"{iso(T0 + k * NS)},{v},5\n" for k, v in enumerate(RISE)]
    (tmp_path / "data.csv").write_text("time,L,G\n" + "".join(lines))
    return tmp_path


def run(folder: Path, *words: str) -> tuple[int, str]:
    there = [str(folder / w) if "." in w and not w.startswith("-") else w for w in words]
    done = CliRunner().invoke(app, there, catch_exceptions=False)
    return done.exit_code, done.output


def as_json(folder: Path, *words: str) -> Any:
    code, out = run(folder, *words, "--json", "--workers", "1")
    assert code == 0
    return json.loads(out)


def test_backtest_writes_what_it_reads_back(folder: Path) -> None:
    found = as_json(
        folder, "backtest", "site.yaml", "data.csv", "--events", "events.txt", "--report", "page.html"
    )
    assert found["alarms"] == 11
    assert found["kpis"]["chattering"] == ["L.H"]
    assert "<svg" in (folder / "page.html").read_text(encoding="utf-8")
    code, out = run(folder, "backtest", "site.yaml", "data.csv", "--against", "events.txt", "--workers", "1")
    assert (code, out.splitlines()[-1]) == (0, "as expected")
    changed = (folder / "events.txt").read_text().splitlines()
    (folder / "events.txt").write_text("\n".join(changed[:-1]) + "\n")
    code, out = run(folder, "backtest", "site.yaml", "data.csv", "--against", "events.txt", "--workers", "1")
    assert code == 1
    assert f"not expected: {changed[-1]}" in out


def test_two_configurations_and_a_truth(folder: Path) -> None:
    (folder / "truth.csv").write_text(f"start,before,note\n{iso(T0 + 60 * NS)},30s,leak\n")
    words = ("backtest", "site.yaml", "data.csv", "--other", "late.yaml", "--truth", "truth.csv")
    found = as_json(folder, *words)
    assert (found["other"]["lost"], found["other"]["later"]) == (10, 1)
    assert found["truth"]["list"][0]["lead_s"] == 30.0
    code, out = run(folder, *words, "--workers", "1")
    assert code == 0
    assert "second configuration: 0 same, 0 earlier, 1 later, 0 gained, 10 lost" in out
    assert "leak: +30 s before the start by L.H" in out


def test_tune_says_what_it_would_do(folder: Path) -> None:
    found = as_json(folder, "tune", "site.yaml", "data.csv", "--report", "curves.html")
    assert [c["rule"] for c in found["rules"]] == ["L.H"]
    assert found["rules"][0]["recommended"]["chattering"] == 0
    assert set(found["left_alone"]) == {"G.H", "P.H"}
    code, out = run(folder, "tune", "site.yaml", "data.csv", "--workers", "1")
    assert code == 0
    assert "L.H: 11 announcements become 1" in out


def test_scenario_tells_and_exits(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text(GOOD.format(config=FOLDER / "site.yaml"))
    assert run(tmp_path, "scenario", "one.yaml", "--show")[0] == 0
    (tmp_path / "one.yaml").write_text(GOOD.format(config=FOLDER / "site.yaml").replace("20s", "21s"))
    code, out = run(tmp_path, "scenario", "one.yaml")
    assert code == 1
    assert "0 of 1 scenarios as expected" in out


@pytest.mark.parametrize(
    "words",
    [
        ("--layout", "tall"),
        ("--time-unit", "m"),
        ("--zone", "Beijing"),
        ("--encoding", "ebcdic-9"),
        ("--delimiter", "; "),
        ("--columns", "clock=a"),
    ],
)
def test_a_wrong_option_is_told_with_what_is_allowed(folder: Path, words: tuple[str, str]) -> None:
    with pytest.raises(Misconfigured) as caught:
        run(folder, "backtest", "site.yaml", "data.csv", *words)
    assert words[0] in str(caught.value.faults[0])


def ran(folder: Path) -> Path:
    """A state folder in which ``site.yaml`` ran from T0 on, and ``late.yaml`` a day later."""
    first, second = load(folder / "site.yaml"), load(folder / "late.yaml")
    site, day = first.site, 86_400 * NS
    identity = Identity(site.gateway, site.county, site.id)
    state = folder / "ran"
    store = Store.open(state, identity, now=T0, reserve_bytes=4096)
    for loaded in (first, second):
        store.keep_config(loaded.site.config_hash, dump_site(loaded.site))
    old, new = first.site.config_hash, second.site.config_hash
    inputs = [Started(T0, 0, "1", config=old), ConfigChange(T0 + day, old, new)]
    book = Book(site, store.epoch)
    for number, item in enumerate(inputs, 1):
        store.commit([Numbered(number, item)], book.apply(item), item.time)
    store.close()
    return state


def test_backtest_judges_with_what_ran_then(folder: Path) -> None:
    state = ran(folder)
    found = {}
    for name, when in (("then", "2023-11-14T22:13:21Z"), ("later", "2023-11-16T00:00:00Z")):
        found[name] = as_json(folder, "backtest", str(state), "data.csv", "--as-run", when)
    assert [found[n]["alarms"] for n in ("then", "later")] == [11, 1], (
        "a delay of ten seconds came with the change"
    )
    assert found["then"]["config_hash"] == load(folder / "site.yaml").site.config_hash
    assert found["later"]["config_hash"] == load(folder / "late.yaml").site.config_hash
    with pytest.raises(Refused, match="no configuration ran"):
        run(folder, "backtest", str(state), "data.csv", "--as-run", "2001-01-01")
    with pytest.raises(Misconfigured, match="no date"):
        run(folder, "backtest", str(state), "data.csv", "--as-run", "yesterday")
