"""YAML: what is not plain is refused at its line, never guessed and never a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config.source import read_yaml
from gateway.model.errors import Fault, Misconfigured


def wrong(folder: Path, text: str | bytes) -> Fault:
    place = folder / "x.yaml"
    place.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    with pytest.raises(Misconfigured) as caught:
        read_yaml(place)
    return caught.value.faults[0]


NUMBERS = ["0x10", "1_000", "010", "1:30", "0b11", ".inf", "-.inf", ".nan", "1.0e+999", "9" * 30]


@pytest.mark.parametrize("text", NUMBERS)
def test_a_number_that_is_not_plain_is_refused(tmp_path: Path, text: str) -> None:
    fault = wrong(tmp_path, f"a: 1\nb: {text}\n")
    assert (fault.line, fault.path) == (2, "b")
    assert "plain decimal" in fault.allowed


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "each key once"),
        ("a: &x 1\nb: *x\n", 2, "every value written where it stands"),
        ("a: &x [*x]\n", 1, "every value written where it stands"),
        ("a: {b: 1}\n<<: {c: 2}\n", 2, "does not merge"),
        ("a:\n\tb: 1\n", 2, "never with tabs"),
        ("a: 1\nb：2\nc: 3\n", 3, "full-width"),
        ("a: [1, 2\nb: 3\n", 2, "look at quotes"),
        ("a: !!python/object:os.system {}\n", 1, "without YAML tags"),
        ("a: !!python/name:os.system x\n", 1, "text or a number"),
        ("? [a]\n: 1\n", 1, "a word as key"),
        ('a: "x\\0y"\n', 1, "printable"),
        ('a: "\\ud800"\n', 1, "printable"),
        ("a: 1\n---\nb: 2\n", 2, "look at quotes"),
        ("a: \x07\n", None, "look at quotes"),
    ],
)
def test_what_yaml_would_take_or_trip_over_is_a_fault(
    tmp_path: Path, text: str, line: int | None, words: str
) -> None:
    fault = wrong(tmp_path, text)
    assert words in f"{fault.allowed} {fault.hint}", fault
    assert fault.line == line, fault


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    assert "UTF-8" in wrong(tmp_path, "名: 值".encode("gb18030")).hint
    assert "nested too deeply" in wrong(tmp_path, "a: " + "[" * 2000).value
    with pytest.raises(Misconfigured, match="No such file"):
        read_yaml(tmp_path / "none.yaml")
    with pytest.raises(Misconfigured, match="not a file"):
        read_yaml(tmp_path)


def test_plain_things_are_what_they_say(tmp_path: Path) -> None:
    place = tmp_path / "x.yaml"
    place.write_text(
        "\ufeffa: [1, -2.5, .5, 1e3, yes, off, ~, 2026-01-01, 1.2.3, '010']\nb: >\n  two\n  lines\n"
    )
    document = read_yaml(place)
    assert document.data["a"] == [1, -2.5, 0.5, 1000.0, True, False, None, "2026-01-01", "1.2.3", "010"]
    assert document.line(("b",)) == 2
    assert document.line(("b", "deeper", 3)) == 2


def test_a_billion_laughs_are_not_heard(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]" for i in range(1, 60)]
    assert "alias" in wrong(tmp_path, "\n".join(lines)).value
