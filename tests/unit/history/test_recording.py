"""The same readings, however they are laid out in files."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gateway.conditioning.layout import ROW
from gateway.history.form import Form
from gateway.history.recording import recording
from gateway.model.errors import Misconfigured
from gateway.model.quality import Quality
from gateway.model.times import NS, parse_iso

T0 = parse_iso("2026-11-22T00:00:00Z")
A = [1.0, None, 3.0, float("nan")]
B = [10.0, 20.0, None, 40.0]
WANTED = [("A", 0, 1.0), ("B", 0, 10.0), ("B", 1, 20.0), ("A", 2, 3.0), ("A", 3, None), ("B", 3, 40.0)]
Read = list[tuple[str, int, float | None]]


def read(path: Path, form: Form | None = None, names: tuple[str, ...] = ("A", "B")) -> tuple[Read, list[int]]:
    """(name, second, value; None for no number), and the places."""
    history = recording(path, form or Form())
    rows_of = {n: i for i, n in enumerate(names)}
    out, places = [], []
    for piece in history.pieces(rows_of):
        rows = np.zeros(piece.most(0, len(piece)), ROW)
        count = piece.fill(rows, 0, len(piece), 7)
        places += piece.places(0, len(piece), list(range(count)))
        for r in rows[:count]:
            value = None if np.isnan(r["value"]) else float(r["value"])
            out.append((names[r["tag"]], (int(r["source"]) - T0) // NS, value))
            assert r["received"] == 7
        assert (np.diff(piece.received) >= 0).all()
    return out, places


def wide_csv(path: Path, times: list[str]) -> Path:
    cells = ["1,10,x", ",20,x", "3,,x", "nan,40,x"]
    path.write_text("time,A,B,C\n" + "".join(f"{t},{c}\n" for t, c in zip(times, cells, strict=True)))
    return path


def wide_parquet(path: Path, times: pa.Array) -> Path:
    mask = [v is None for v in A]
    table = pa.table({
        "time": times, "A": pa.array([v or 0.0 for v in A], mask=np.array(mask)), "B": pa.array(B), "C": ["x"] * 4,
    })  # fmt: skip
    pq.write_table(table, path, row_group_size=3)
    return path


STAMPS = pa.array([T0 + k * NS for k in range(4)], pa.timestamp("ns", "UTC"))


def test_wide_files_read_alike_and_places_rise(tmp_path: Path) -> None:
    iso = [f"2026-11-22T08:00:0{k}+08:00" for k in range(4)]
    for path in (wide_csv(tmp_path / "a.csv", iso), wide_parquet(tmp_path / "a.parquet", STAMPS)):
        found, places = read(path)
        assert found == WANTED
        assert places == sorted(set(places))


def test_parts_of_a_recording_know_their_place_in_the_whole(tmp_path: Path) -> None:
    path = wide_parquet(tmp_path / "a.parquet", STAMPS)
    whole = dict(zip(*map(tuple, read(path)), strict=True))
    for name in "AB":
        found, places = read(path, names=(name,))
        assert [whole[row] for row in found] == places


@pytest.mark.parametrize("quality", [True, False])
def test_long_files_read_alike(tmp_path: Path, quality: bool) -> None:
    rows = [(n, s, "" if v is None else str(v)) for n, s, v in WANTED]
    head = "ts,位号,值" + (",质量" if quality else "")
    lines = [f"{T0 // NS + s},{n},{v}" + (",saturated_high" if quality else "") for n, s, v in rows]
    csv = tmp_path / "a.csv"
    csv.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    table = pa.table({
        "ts": [T0 // NS + s for _, s, _ in rows], "位号": pa.array([n for n, _, _ in rows]).dictionary_encode(),
        "值": [np.nan if v is None else v for _, _, v in WANTED],
    })  # fmt: skip
    parquet = tmp_path / "a.parquet"
    pq.write_table(table, parquet, row_group_size=4)
    assert recording(csv, Form()).columns() == recording(parquet, Form()).columns() == ("A", "B")
    for path in (csv, parquet):
        found, places = read(path)
        assert found == WANTED
        assert places == sorted(set(places))
        assert read(path, names=("B",))[0] == [w for w in WANTED if w[0] == "B"]


@pytest.mark.parametrize(
    "times",
    [
        [f"2026/11/22 8:00:0{k}" for k in range(4)],
        [f"2026-11-22 08:00:0{k}.000" for k in range(4)],
        [f"2026-11-22T00:00:0{k}Z" for k in range(4)],
        [str(T0 // NS + k) for k in range(4)],
        [str(T0 // 10**6 + k * 1000) for k in range(4)],
    ],
)
def test_times_as_historians_write_them(tmp_path: Path, times: list[str]) -> None:
    assert read(wide_csv(tmp_path / "a.csv", times))[0] == WANTED


def test_packed_and_folders_in_order(tmp_path: Path) -> None:
    iso = [f"2026-11-22T08:00:0{k}+08:00" for k in range(4)]
    plain = wide_csv(tmp_path / "one.csv", iso)
    folder = tmp_path / "days"
    folder.mkdir()
    with gzip.open(folder / "1.csv.gz", "wb") as file:
        file.write(plain.read_bytes())
    wide_parquet(folder / "2.parquet", STAMPS)
    found, places = read(folder)
    assert found == WANTED * 2
    assert places == sorted(set(places))


def test_a_word_among_the_numbers_is_a_bad_reading(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("time,A,B\n2026-11-22T00:00:00Z,Bad,1\n2026-11-22T00:00:01Z,2,Scan Timeout\n")
    (piece,) = recording(path, Form()).pieces({"A": 0, "B": 1})
    rows = np.zeros(4, ROW)
    assert piece.fill(rows, 0, 2, 0) == 4
    bad, good = Quality.MALFORMED, Quality.GOOD
    assert rows["quality"].tolist() == [bad, good, good, bad]


@pytest.mark.parametrize(
    ("text", "form", "line", "said"),
    [
        ("when,A\n2026-11-22T00:00:00Z,1\nlater,2\n", Form(), 3, "'later'"),
        ("time,A\n", Form(time="at"), 1, "time column: 'at'"),
        ("time,A,C,A\n2026-11-01T00:00:00Z,1,,2\n", Form(), 1, "header: 'A' twice"),
        ("time,A\n2026-11-01T00:00:00Z,1,\n2026-11-01T00:00:01Z,12,5\n", Form(), 3, "3 cells; allowed: 2"),
        ("time,A\n2026-13-01T00:00:00,1\n", Form(), 2, "'2026-13-01T00:00:00': month must be"),
        ("time,tag,v\n", Form(layout="long"), 1, "value column: not found"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(
    tmp_path: Path, text: str, form: Form, line: int, said: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(Misconfigured) as caught:
        list(recording(path, form).pieces({"A": 0}))
    (fault,) = caught.value.faults
    assert (fault.line, said in str(fault)) == (line, True), str(fault)


def test_what_is_no_recording_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="no recording"):
        recording(tmp_path, Form())
    with pytest.raises(Misconfigured, match=r"notes\.csv: DATA: not there"):
        recording(tmp_path / "notes.csv", Form())
    broken = tmp_path / "a.parquet"
    broken.write_bytes(b"PAR1")
    with pytest.raises(Misconfigured, match="a readable Parquet file"):
        recording(broken, Form()).columns()
