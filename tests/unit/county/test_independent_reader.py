"""The independent reader: fifty lines that know nothing of the product find what was removed or altered."""

from __future__ import annotations

import ast
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gateway.model.events import Record
from tests.unit.county.journals import Journal

SCRIPT = Path(__file__).parents[3] / "scripts" / "verify_events.py"


def records() -> list[Record]:
    old = Journal("e1")
    first = old.add(20)
    return first + Journal("e2", seq=21, previous=old.head).add(20)


def faults(lines: list[bytes]) -> list[str]:
    check: Any = runpy.run_path(str(SCRIPT))["check"]
    return [words for line in lines for words in check(line)]


def test_it_is_fifty_lines_and_knows_nothing_of_the_product() -> None:
    text = SCRIPT.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 55
    tree = ast.walk(ast.parse(text))
    names = {n.name for each in tree if isinstance(each, ast.Import) for n in each.names}
    assert names == {"hashlib", "json", "sys", "paho.mqtt.subscribe"}


def test_a_whole_history_with_repeats_and_latecomers_is_whole() -> None:
    lines = [r.data for r in records()]
    assert faults(lines) == []
    assert faults(lines + lines[5:9]) == []
    assert faults(lines[:7] + lines[8:12] + [lines[7]] + lines[12:]) == ["seq 8 to 8: missing"]


@pytest.mark.parametrize("at", [1, 7, 19, 25])
def test_a_removed_event_is_found(at: int) -> None:
    lines = [r.data for r in records()]
    del lines[at]
    found = faults(lines)
    assert found == [f"seq {at + 1} to {at + 1}: missing"] or at == 19, (
        "the last of an epoch is named by the next"
    )


@pytest.mark.parametrize("at", [0, 7, 39])
def test_an_altered_event_is_found(at: int) -> None:
    lines = [r.data for r in records()]
    lines[at] = lines[at].replace(b'"event":"gap"', b'"event":"raised"')
    assert faults(lines)[0] == f"seq {at + 1}: altered, its hash does not fit its bytes"


def test_a_replaced_event_with_a_hash_that_fits_does_not_join() -> None:
    lines = [r.data for r in records()]
    forged = Journal("e1")
    forged.chain.move(records()[:7])
    lines[7] = forged.add(1, what="nothing happened")[0].data
    assert faults(lines) == ["seq 9: does not join the event before or after it"]


def test_as_a_command(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    lines = [r.data for r in records()]
    for wanted, kept in ((0, lines), (1, lines[:5] + lines[6:])):
        path.write_bytes(b"\n".join(kept) + b"\n")
        done = subprocess.run([sys.executable, str(SCRIPT), str(path)], capture_output=True, check=False)
        assert done.returncode == wanted


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"", "no events"), (b"\xff\xfe", "no event: b'\\xff\\xfe'"), (b"[]\n", "no event: b'[]'")],
)
def test_a_file_that_holds_none_is_not_called_whole(tmp_path: Path, data: bytes, said: str) -> None:
    (tmp_path / "events.jsonl").write_bytes(data)
    words = [sys.executable, str(SCRIPT), str(tmp_path / "events.jsonl")]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.strip()) == (1, said)


def test_a_whole_file_is_called_whole(tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_bytes(b"".join(r.data + b"\n" for r in records()))
    words = [sys.executable, str(SCRIPT), str(tmp_path / "events.jsonl")]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "whole: 40 events\n")
