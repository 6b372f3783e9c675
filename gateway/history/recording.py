"""A recording of one file or of a folder of files, in the order of their names."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gateway.history import csvfile, parquetfile
from gateway.history.form import SUFFIXES, Form
from gateway.history.pieces import Arrival, Piece
from gateway.model.errors import Fault, Misconfigured

_ALLOWED: Final = "a file or folder of files: " + ", ".join(SUFFIXES)
PACKED: Final = 2000
"""No packed file has more lines than this for each of its bytes (deflate packs 1,032 to 1 at most)."""


@dataclass(frozen=True, slots=True)
class Recording:
    """See :class:`gateway.history.pieces.History`."""

    files: tuple[Path, ...]
    form: Form = field(default_factory=Form)

    def columns(self) -> tuple[str, ...]:
        """What it calls its tags: of a wide recording the columns of the first file, of a long one all names."""
        names = dict[str, None]()
        for path in self.files:
            names.update(dict.fromkeys(_reader(path).columns(path, self.form)))
        return tuple(names)

    def first(self, names: Sequence[str]) -> int | None:
        """When the first line with one of these tags arrived; in a wide recording every line has every column."""
        wide = _reader(self.files[0]).layout(self.files[0], self.form) == "wide"
        rows_of = {name: i for i, name in enumerate(names[:1] if wide else names)}
        return next((int(p.received[0]) for p in self.pieces(rows_of) if len(p)), None)

    def pieces(self, rows_of: Mapping[str, int]) -> Iterator[Piece]:
        """Readings of these tags, in order of arrival: what is recorded with an older time arrived after what stands
        before it.
        """
        line, arrival = 0, Arrival()
        for path in self.files:
            yield from _reader(path).pieces(path, self.form, rows_of, line, arrival)
            line += _lines(path)


def _lines(path: Path) -> int:
    """At least as many as the file has, so that places go on rising from file to file."""
    if reader_name(path) == "parquet":
        return parquetfile.lines(path)
    return (path.stat().st_size + 1) * (PACKED if path.suffix.lower() == ".gz" else 1)


def reader_name(path: Path) -> str:
    """``csv`` or ``parquet``, by the file's name; a CSV file may be packed (``.csv.gz``)."""
    name = path.name.lower().removesuffix(".gz")
    kind = SUFFIXES.get(Path(name).suffix, "")
    return "" if kind == "parquet" and name != path.name.lower() else kind


class _Csv:
    layout = staticmethod(csvfile.layout)
    columns = staticmethod(csvfile.columns)
    pieces = staticmethod(csvfile.pieces)


class _Parquet:
    layout = staticmethod(parquetfile.layout)
    columns = staticmethod(parquetfile.columns)
    pieces = staticmethod(parquetfile.pieces)


def _reader(path: Path) -> type[_Csv] | type[_Parquet]:
    return _Parquet if reader_name(path) == "parquet" else _Csv


def recording(path: Path, form: Form) -> Recording:
    """A file, or all CSV and Parquet files of a folder.

    Raises:
        Misconfigured: neither.
    """
    if not path.exists():
        raise Misconfigured([Fault(str(path), None, "DATA", "not there", _ALLOWED)])
    if path.is_dir():
        files = sorted(p for p in path.iterdir() if p.is_file() and reader_name(p))
    else:
        files = [path] if path.is_file() and reader_name(path) else []
    if not files:
        raise Misconfigured([Fault(str(path), None, "DATA", "no recording", _ALLOWED)])
    return Recording(tuple(files), form)
