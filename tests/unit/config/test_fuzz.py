"""Whatever is in the files, only Misconfigured comes out, with faults that fit on a line."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.config.writing import SITE, TAGS, faults

PIECES = st.sampled_from(
    ["[", "]", "{", "}", ": ", "- ", "\t", "\n", "&a ", "*a", "!!int ", "!!timestamp ", "!!python/name:os.x ", "0x10",
     "1_000", ".inf", "1e999", "9" * 25, "9" * 400 + "s", "null", "true", "~", "'", '"', '"\\ud800"', '"\\0"', "<<: ",
     "2026-13-45", "：", "１２", "? ", "| ", "%", "@", "`", "[[]]", "{a: {b: []}}", "-5", "1:30", "\x00", "#"]
)  # fmt: skip
CELLS = st.sampled_from(
    [b"1e-320", b"1e308", b"-1", b"0", b"999999d", b"1:holding:0.99:bit", b"#$[0]", b"a#b[", b"4-20mA", b'"', b"\0",
     b"\r", b"\n", b";", "９".encode(), b"\xff", b"\x81", b"LT-1", b"U"]
)  # fmt: skip
FAST = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def on_one_line(found: list[object]) -> None:
    for fault in map(str, found):
        fault.encode()
        assert "\n" not in fault


@FAST
@given(st.lists(st.tuples(st.integers(0, len(SITE)), st.integers(0, 12), PIECES), min_size=1, max_size=4))
def test_spoilt_yaml(tmp_path: Path, cuts: list[tuple[int, int, str]]) -> None:
    site = SITE
    for at, length, piece in cuts:
        site = site[:at] + piece + site[at + length :]
    on_one_line([*faults(tmp_path, site)])


@FAST
@given(st.integers(0, SITE.count(": ") - 1), PIECES)
def test_a_value_of_another_kind(tmp_path: Path, which: int, piece: str) -> None:
    parts = SITE.split(": ")
    head, tail = ": ".join(parts[: which + 1]), ": ".join(parts[which + 1 :])
    end = min(tail.find(c) for c in ",}\n" if tail.find(c) >= 0)
    on_one_line([*faults(tmp_path, f"{head}: {piece}{tail[end:]}")])


@FAST
@given(st.lists(st.tuples(st.integers(0, len(TAGS)), st.integers(0, 9), CELLS), min_size=1, max_size=5))
def test_spoilt_csv(tmp_path: Path, cuts: list[tuple[int, int, bytes]]) -> None:
    tags = TAGS.encode()
    for at, length, piece in cuts:
        tags = tags[:at] + piece + tags[at + length :]
    on_one_line([*faults(tmp_path, SITE, tags)])


@FAST
@given(st.binary(max_size=200))
def test_any_bytes_as_a_list(tmp_path: Path, data: bytes) -> None:
    on_one_line([*faults(tmp_path, SITE, data)])
