"""What the commands of delivery print, and how they end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli.main import app
from gateway.config.load import load
from gateway.county.vault import Vault
from gateway.store import Identity, Store
from gateway.store.ledger import Key, LedgerFile, Stage, Steps
from tests.unit.config.writing import write
from tests.unit.county.journals import T0, Journal, arrivals

NS = 1_000_000_000
ALARM = "ab" * 16


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A site with a journal, a ledger and a dead letter."""
    path = write(tmp_path)
    state, site = load(path).state, load(path).site
    store = Store.open(state, Identity(site.gateway, site.county, site.id), now=T0, reserve_bytes=4096)
    store.dead_letter("county.alarms", "not authorised (135)", b'{"seq":3}', T0)
    store.dead_letter("tsdb.readings", "400: bad", b"reading,tag=a value=x 1\nreading,tag=b value=y 1", T0)
    store.set_cursors({"county.alarms": 1})
    store.close()
    file = LedgerFile(state, {"county.alarms": Stage.ACCEPTED, "spare.alarms": Stage.STANDBY}, T0)
    keys = [Key(ALARM, n, n, "raised", "LT-1.HH", "LT-1", "red", T0, T0 + NS // 100) for n in (1, 2)]
    sent = Steps(sent=T0 + NS // 10, accepted=T0 + NS // 5)
    file.write(keys, {(ALARM, 1, "county.alarms"): sent, (ALARM, 2, "county.alarms"): Steps(refused="no")})
    file.close()
    return path


def run(*words: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, [str(w) for w in words])
    return done.exit_code, done.output


def test_the_ledger_shows_each_step_and_where_it_ends(config: Path) -> None:
    code, said = run("alarms", "ledger", config)
    assert code == 1, "one was refused"
    lines = said.splitlines()
    assert "raised red LT-1 LT-1.HH" in lines[0]
    assert lines[1].split()[:2] == ["county.alarms", "accepted"]
    assert "committed +0.010s sent +0.100s accepted +0.200s" in lines[1]
    assert "spare.alarms             standby" in lines[2]
    assert "refused   (no)" in lines[4]
    assert lines[-1] == "county.alarms: ends at accepted, no receipts are configured"
    told = json.loads(run("alarms", "ledger", config, ALARM[:6], "--json")[1])
    assert [e["outputs"]["county.alarms"]["stage"] for e in told["events"]] == ["refused", "accepted"]
    assert run("alarms", "ledger", config, "ff")[1].strip().startswith("county.alarms: ends")


def test_dead_letters_are_listed_by_output(config: Path) -> None:
    code, said = run("dead-letters", "list", config)
    assert (code, said.splitlines()[-1]) == (0, "2 dead letters")
    assert "not authorised (135)" in said
    (only,) = json.loads(run("dead-letters", "list", config, "--output", "tsdb", "--json")[1])
    assert (only["output"], only["lines"]) == ("tsdb.readings", 2)


def test_an_access_file_for_a_site(config: Path) -> None:
    code, said = run("access", config)
    assert code == 0
    assert "user demo-gw-01" in said
    assert "topic read fengsui/v1/341524/demo/gw-01/receipts" in said
    assert "user county" in said
    assert "authorization" in run("access", config, "--broker", "nats", "--regulator", "")[1]


def test_the_county_lists_what_it_has_and_what_it_lacks(tmp_path: Path) -> None:
    path = tmp_path / "county.yaml"
    path.write_text('{"version": 1, "county": "341524", "brokers": {"main": {"host": "h"}}}')
    code, said = run("county", path, "--list")
    assert code != 0, "nothing was ever stored"
    journal = Journal()
    records = journal.add(5)
    vault = Vault(tmp_path / "county-state")
    vault.take(arrivals(records[:2] + records[3:]), [journal.status()], [], T0)
    vault.close()
    code, said = run("county", path, "--list")
    assert code == 1
    assert "stored 4 to seq 2 of 5, missing 3" in said
    (told,) = json.loads(run("county", path, "--list", "--json")[1])["gateways"]
    assert (told["missing"], told["live"]) == ([[3, 3]], "silent")
