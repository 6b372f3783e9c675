"""What a command is given, and files it is asked to write: what is wrong with them is said, not traced."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.cli.main import BAD_USAGE, failed
from gateway.cli.say import read_text, write_text
from gateway.model.errors import Misconfigured
from tests.helpers.incli import incli
from tests.unit.config.writing import write


@pytest.mark.parametrize(("data", "said"), [(None, "No such file"), (b"\xff\xfe", "not UTF-8")])
def test_a_scenario_that_cannot_be_read(tmp_path: Path, data: bytes | None, said: str) -> None:
    scenario = tmp_path / "drill.yaml"
    if data is not None:
        scenario.write_bytes(data)
    done = incli("exercise", "start", write(tmp_path), "--scenario", scenario)
    assert done.returncode == BAD_USAGE
    assert f"{scenario}: (file): " in done.stderr
    assert said in done.stderr


def test_what_was_asked_for_cannot_be_written(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere" / "events.txt"
    with pytest.raises(Misconfigured) as caught:
        write_text(nowhere, "x")
    assert (
        str(caught.value.faults[0])
        == f"{nowhere}: (file): No such file or directory; allowed: a file that can be written"
    )


def test_text_comes_back_as_it_was(tmp_path: Path) -> None:
    write_text(tmp_path / "a", "烽燧\n")
    assert read_text(tmp_path / "a") == "烽燧\n"


@pytest.mark.parametrize("hours", ["nan", "inf", "0", "-1", "1e12"])
@pytest.mark.parametrize(
    "words",
    [("alarms", "shelve", "{}", "LT-1.H"), ("watch", "begin", "{}", "storm")],
)
def test_hours_that_are_none(tmp_path: Path, words: tuple[str, ...], hours: str) -> None:
    config = str(write(tmp_path))
    done = incli(*(w.format(config) for w in words), "--reason", "x", "--for", hours)
    assert done.returncode == BAD_USAGE
    assert done.stderr.startswith("fengsui: --for: ")
    assert "hours, more than 0" in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("demo", "--for", "soon"),
        ("backtest", "{}", "{}", "--step", "soon"),
        ("backtest", "{}", "{}", "--within", "soon"),
        ("replay", "{}", "--into", "mqtt://127.0.0.1:1/a/{{tag}}", "--for", "soon"),
    ],
)
def test_a_duration_that_is_none(tmp_path: Path, words: tuple[str, ...]) -> None:
    config = write(tmp_path)
    (tmp_path / "day.csv").write_text("time,LT-1\n2026-11-22T00:00:00Z,5\n")
    given = iter((config, tmp_path / "day.csv") if words[0] == "backtest" else (tmp_path / "day.csv",))
    done = incli(*(str(next(given)) if w == "{}" else w.format() for w in words))
    assert done.returncode == BAD_USAGE
    assert "'soon'; allowed: a duration like" in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("demo", "--for", "0s"),
        ("backtest", "{}", "{}", "--step", "0s"),
        ("replay", "{}", "--into", "mqtt://127.0.0.1:1/a/{{tag}}", "--for", "0s"),
    ],
)
def test_a_duration_of_nothing(tmp_path: Path, words: tuple[str, ...]) -> None:
    config = write(tmp_path)
    (tmp_path / "day.csv").write_text("time,LT-1\n2026-11-22T00:00:00Z,5\n")
    given = iter((config, tmp_path / "day.csv") if words[0] == "backtest" else (tmp_path / "day.csv",))
    done = incli(*(str(next(given)) if w == "{}" else w.format() for w in words))
    assert done.returncode == BAD_USAGE
    assert "'0s'; allowed: a duration like" in done.stderr
    assert "more than 0" in done.stderr


@pytest.mark.parametrize("listen", ["0.0.0.0:80", "x", "127.0.0.1:99999", "127.0.0.1:1:2", ""])
def test_a_demo_listens_on_this_machine_only(listen: str) -> None:
    done = incli("demo", "--listen", listen)
    assert done.returncode == BAD_USAGE
    assert f"--listen: {listen!r}; allowed: a loopback address" in done.stderr


def test_a_rule_to_tune_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "day.csv").write_text("time,LT-1\n2026-11-22T00:00:00Z,5\n")
    done = incli("tune", write(tmp_path), tmp_path / "day.csv", "--rule", "LT-9.H")
    assert done.returncode == BAD_USAGE
    assert "--rule: 'LT-9.H'; allowed: a rule of the site: LT-1." in done.stderr


@pytest.mark.parametrize("port", [0, 65536, 99999])
def test_a_broker_at_a_port_that_is_none(tmp_path: Path, port: int) -> None:
    (tmp_path / "day.csv").write_text("time,LT-1\n2026-11-22T00:00:00Z,5\n")
    done = incli("replay", tmp_path / "day.csv", "--into", f"mqtt://127.0.0.1:{port}/a/{{tag}}")
    assert done.returncode == BAD_USAGE
    assert "allowed: mqtt://" in done.stderr


def test_workbooks_that_cannot_be_written(tmp_path: Path) -> None:
    config = write(tmp_path)
    (tmp_path / "tags.csv").unlink()
    (tmp_path / "taken").touch()
    done = incli("check", config, "--annotate", tmp_path / "taken")
    assert done.returncode == BAD_USAGE
    assert f"{tmp_path / 'taken'}: (file): File exists; allowed: a file that can be written" in done.stderr


def test_a_tag_list_that_is_not_there_is_told_with_the_line_that_names_it(tmp_path: Path) -> None:
    config = write(tmp_path)
    (tmp_path / "tags.csv").unlink()
    done = incli("check", config)
    assert done.returncode == BAD_USAGE
    assert "tags.csv: (file): No such file or directory" in done.stderr
    assert f"it is tags[0] of {config}:13" in done.stderr


def test_a_dead_letter_that_is_no_number(tmp_path: Path) -> None:
    done = incli("dead-letters", "retry", write(tmp_path), "seven")
    assert done.returncode == BAD_USAGE
    assert "IDS: 'seven'; allowed: a number from `list`, or `all`" in done.stderr


def test_figures_of_an_installation_that_is_none(tmp_path: Path) -> None:
    done = incli("kpi", write(tmp_path), "--installation", "tank-frm")
    assert done.returncode == BAD_USAGE
    assert "--installation: 'tank-frm'; allowed: one of tank-farm" in done.stderr


def test_readings_into_a_file_of_no_known_form(tmp_path: Path) -> None:
    done = incli("export", write(tmp_path), tmp_path / "out.xlsx")
    assert done.returncode == BAD_USAGE
    assert "allowed: a name that ends in .csv or .parquet" in done.stderr


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (None, "(file): No such file or directory"),
        (b"\xff\xfe", "(file): byte 0 is not UTF-8"),
        (b'{"epoch": "a", "seq": 1, "hash": "b"}\n' + b"x" * 500, ":2: head: 'xxxx"),
    ],
)
def test_heads_that_are_none(tmp_path: Path, data: bytes | None, said: str) -> None:
    heads = tmp_path / "heads.jsonl"
    if data is not None:
        heads.write_bytes(data)
    done = incli("journal", "verify", write(tmp_path), "--against", heads)
    assert done.returncode == BAD_USAGE
    assert f"{heads}" in done.stderr
    assert said in done.stderr
    assert len(done.stderr) < 400


def test_what_the_disk_or_its_rights_refuse_is_no_bug() -> None:
    assert failed(PermissionError(errno.EACCES, "Permission denied", "/a/state")) == (
        BAD_USAGE,
        "/a/state: (file): Permission denied; allowed: a place that is there, with the rights and the room for it",
    )
    full = failed(OSError(errno.ENOSPC, "No space left on device"))
    assert full is not None
    assert full[1].startswith("standard output: (file): No space left")
    assert failed(OSError(errno.EBADF, "Bad file descriptor")) is None
    assert failed(ValueError("a bug")) is None


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_any_terminal_can_show_a_site(tmp_path: Path, encoding: str) -> None:
    config = write(tmp_path)
    words = [sys.executable, "-c", "from gateway.cli.main import main; main()", "check", str(config)]
    found = {"PATH": os.environ["PATH"], "PYTHONIOENCODING": encoding}
    shown = subprocess.run([*words, "--explain", "LT-1"], env=found, capture_output=True, check=True)
    assert b"LT 1" in shown.stdout
    told = subprocess.run([*words, "--json"], env=found, capture_output=True, check=True)
    assert json.loads(told.stdout)["ok"], "JSON is UTF-8 whatever the terminal speaks"


def test_a_full_disk_behind_standard_output(tmp_path: Path) -> None:
    words = [sys.executable, "-c", "from gateway.cli.main import main; main()", "check", str(write(tmp_path))]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == BAD_USAGE
    assert done.stderr.startswith(b"standard output: (file): No space left on device")


def test_readings_of_a_gateway_that_never_ran(tmp_path: Path) -> None:
    done = incli("export", write(tmp_path), tmp_path / "out.csv")
    assert done.returncode == BAD_USAGE
    assert "there is no plant.db in it" in done.stderr
    assert not (tmp_path / "out.csv").exists()
