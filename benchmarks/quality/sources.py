"""The data where it lies, and the scorers beside it. Nothing of either is part of the project."""

import csv
import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

DATA = "FENGSUI_DATA"
"""environment variable: folder of the data sets; the scorers are in ``../tools`` of it"""
PYTHON = "FENGSUI_SCORER_PYTHON"
"""environment variable: a Python with pandas, which the scorers need; default this one"""


class NotHereError(Exception):
    """A data set or a scorer is not on this machine."""


def folder(name: str) -> Path:
    """Folder of a data set.

    Raises:
        NotHereError: it is not there.
    """
    said = os.environ.get(DATA, "")
    found = Path(said) / name
    if not said or not found.is_dir():
        raise NotHereError(f"{DATA} names no folder with {name}")
    return found


def lines(path: Path, delimiter: str = ",") -> tuple[list[str], list[list[str]]]:
    """Header and cells of a CSV file, packed or not."""
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    header, *rest = csv.reader(data.decode("utf-8-sig").splitlines(), delimiter=delimiter)
    return header, rest


def times(cells: Sequence[str]) -> NDArray[np.int64]:
    """ISO times to ns; without a zone they are UTC."""
    return np.array([c.replace(" ", "T") for c in cells], "datetime64[s]").astype(np.int64) * 1_000_000_000


def number(cell: str) -> float:
    """A cell as a number; NaN where there is none."""
    try:
        return float(cell)
    except ValueError:
        return float("nan")


def numbers(rows: Sequence[Sequence[str]], columns: Sequence[int]) -> NDArray[np.float64]:
    """(columns, lines)."""
    return np.array([[number(row[c]) for row in rows] for c in columns])


def dev_files(name: str) -> list[str]:
    """The files of a set that may be tuned on."""
    return (folder(name) / "dev_files.txt").read_text(encoding="utf-8").split()


def score(tool: str, *arguments: str) -> Any:
    """What a scorer says, as JSON.

    Raises:
        NotHereError: the scorer, or pandas, is not there.
    """
    script = Path(os.environ.get(DATA, "")).parent / "tools" / tool
    python = os.environ.get(PYTHON, sys.executable)
    if not script.is_file():
        raise NotHereError(f"no {tool} beside the data")
    done = subprocess.run(
        [python, str(script), *arguments, "--json"], capture_output=True, text=True, check=False
    )
    if "No module named 'pandas'" in done.stderr:
        raise NotHereError(f"{tool} needs pandas: {PYTHON} may name a Python that has it")
    if done.returncode:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout)


def write(path: Path, header: Sequence[str], rows: Iterator[Sequence[Any]]) -> None:
    """A CSV file for a scorer."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
