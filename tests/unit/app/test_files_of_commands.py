"""What a command is given, and files it is asked to write: what is wrong with them is said, not traced."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.cli.main import BAD_USAGE
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


def test_readings_of_a_gateway_that_never_ran(tmp_path: Path) -> None:
    done = incli("export", write(tmp_path), tmp_path / "out.csv")
    assert done.returncode == BAD_USAGE
    assert "there is no plant.db in it" in done.stderr
    assert not (tmp_path / "out.csv").exists()
