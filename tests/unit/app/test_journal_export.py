"""``fengsui journal export``: the published bytes, and a witness against a later change."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli.main import app
from gateway.model.times import NS, iso
from gateway.store import open_reader
from tests.unit.store import make
from tests.unit.store.make import T0

RECORDS = 5
WORDS = "储罐\u2028液位"
"""a line separator of Unicode is text, not an end of line"""


@pytest.fixture
def state(tmp_path: Path) -> Path:
    store = make.store(tmp_path / "state")
    for n in range(1, RECORDS + 1):
        store.commit([make.tick(n, T0 + n * NS)], [make.event(n=n, description=WORDS)], T0 + n * NS)
    store.close()
    return store.folder


def exported(state: Path, out: Path, *options: str) -> list[bytes]:
    done = CliRunner().invoke(app, ["journal", "export", str(state), str(out), *options])
    assert done.exit_code == 0, done.output
    return out.read_bytes().split(b"\n")[:-1]


def test_every_event_in_its_own_bytes(state: Path, tmp_path: Path) -> None:
    with open_reader(state) as reader:
        kept = [record.data for record in reader.records(0, 100)]
    assert exported(state, tmp_path / "out.jsonl") == kept
    assert len(kept) == RECORDS


def test_a_period_is_that_of_recording(state: Path, tmp_path: Path) -> None:
    with open_reader(state) as reader:
        recorded = [record.recorded for record in reader.records(0, 100)]
    lines = exported(state, tmp_path / "out.jsonl", "--from", iso(recorded[1]), "--to", iso(recorded[3]))
    assert [json.loads(line)["seq"] for line in lines] == [2, 3]


def test_an_export_is_a_witness(state: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    lines = exported(state, out)
    verify = ["journal", "verify", str(state), "--against", str(out)]
    assert CliRunner().invoke(app, verify).exit_code == 0
    out.write_bytes(lines[0] + b"\n" + lines[-1].replace(b'"hash":"', b'"hash":"0', 1) + b"\n")
    assert CliRunner().invoke(app, verify).exit_code == 1, "the journal is not the one that was exported"


def test_a_period_that_ends_before_it_begins_is_refused(state: Path, tmp_path: Path) -> None:
    options = ["--from", iso(T0 + NS), "--to", iso(T0)]
    done = CliRunner().invoke(app, ["journal", "export", str(state), str(tmp_path / "x"), *options])
    assert done.exit_code != 0
    assert not (tmp_path / "x").exists()
