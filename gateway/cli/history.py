"""Options that the commands over recordings share."""

import os
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from gateway.model.errors import Fault, Misconfigured

if TYPE_CHECKING:
    from gateway.history.form import Form

NOT_SO: Final = 1
TERMINATED: Final = 128 + signal.SIGTERM
Config = Annotated[Path, typer.Argument(help="the site file")]
Data = Annotated[
    Path,
    typer.Argument(
        help="a CSV or Parquet file, a folder of them in order of their names, or a gateway's state folder"
    ),
]
Layout = Annotated[
    str, typer.Option(help="wide: a column for each tag; long: a row for each reading; auto: by the header")
]
Columns = Annotated[
    str,
    typer.Option(
        metavar="NAMES",
        help="time=NAME,tag=NAME,value=NAME,quality=NAME,received=NAME, where the header does not tell",
    ),
]
TimeUnit = Annotated[str, typer.Option(help="iso, s, ms, us or ns; auto: as the first time looks")]
Zone = Annotated[str, typer.Option(help="zone of times that name none")]
Encoding = Annotated[str, typer.Option(help="of CSV, e.g. gb18030")]
Delimiter = Annotated[str, typer.Option(help="of CSV")]
Raw = Annotated[bool, typer.Option("--raw", help="values are as on the wire: scale them as the source would")]
Workers = Annotated[int, typer.Option(min=0, help="processes; 0: one for each core; decisions are the same")]
Step = Annotated[str, typer.Option(help="time goes on in steps of this; live gateways tick every second")]
AsJson = Annotated[bool, typer.Option("--json", help="report as JSON")]


def form_of(layout: str, columns: str, time_unit: str, zone: str, encoding: str, delimiter: str) -> "Form":
    """The options as a form.

    Raises:
        Misconfigured: a word that is none of those allowed.
    """
    from gateway.history.form import Form, offset_of

    names = _names(columns)
    _one_of("--layout", layout, ("auto", "wide", "long"))
    _one_of("--time-unit", time_unit, ("auto", "iso", "s", "ms", "us", "ns"))
    if len(delimiter) != 1:
        raise _wrong("--delimiter", delimiter, "one character")
    try:
        "".encode(encoding)
    except LookupError:
        raise _wrong("--encoding", encoding, "utf-8-sig, gb18030, ...") from None
    offset_of(zone)
    return Form(
        layout=layout, unit=time_unit, zone=zone, encoding=encoding, delimiter=delimiter, **names,  # type: ignore[arg-type]
    )  # fmt: skip


def _names(columns: str) -> dict[str, str]:
    known = ("time", "tag", "value", "quality", "received")
    names: dict[str, str] = {}
    for word in columns.split(",") if columns else ():
        what, sign, name = word.strip().partition("=")
        if what not in known or not sign or not name:
            raise _wrong("--columns", word, ", ".join(f"{k}=NAME" for k in known))
        names[what] = name
    return names


def _one_of(option: str, word: str, allowed: tuple[str, ...]) -> None:
    if word not in allowed:
        raise _wrong(option, word, ", ".join(allowed))


def _wrong(option: str, word: str, allowed: str) -> Misconfigured:
    return Misconfigured([Fault("fengsui", None, option, repr(word), allowed)])


def cores(workers: int) -> int:
    """As many as asked, or as the machine has for us."""
    return workers or len(os.sched_getaffinity(0))


@contextmanager
def kernels() -> Iterator[None]:
    """Compiled kernels from the installation's cache, for this process and its workers; gone afterwards."""
    from gateway.app.kernels import prepare

    with ended_by_term(), tempfile.TemporaryDirectory(prefix="fengsui-kernels-") as cache:
        prepare(Path(cache))
        yield


@contextmanager
def ended_by_term() -> Iterator[None]:
    """SIGTERM ends us as Ctrl-C does, so that what is temporary goes. A loop that runs inside has its own handler."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
