"""Remarks of ``fengsui check`` are counted by kind, each with its meaning in Chinese."""

from __future__ import annotations

import re
from pathlib import Path

from gateway.config import remark
from gateway.config.remark import MEANT, Note, counted


def test_every_kind_of_remark_has_its_meaning() -> None:
    """A code is the first word of a note, or of a pair that becomes one."""
    code = re.compile(r'(?:Note\(|_of_tag\(loaded, |yield \(?\s*)"([a-z]+(?:-[a-z0-9]+)*)",')
    found = {
        each
        for path in Path(remark.__file__).parent.rglob("*note*.py")
        for each in code.findall(path.read_text(encoding="utf-8"))
    }
    assert found == set(MEANT)


def test_remarks_are_counted_by_kind_most_first() -> None:
    notes = [Note(code, "x", "site.yaml:1", "text") for code in ("to-fill", "to-be-set", "to-be-set")]
    assert [line.split()[:3] for line in counted(notes)] == [["2", "x", "to-be-set"], ["1", "x", "to-fill"]]
    assert "待填" in next(counted(notes))
    assert list(counted([])) == []
