"""One row's cells as numbers, durations, dates and words; what is wrong is collected, nothing is guessed."""

import datetime as dt
import difflib
import math
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from gateway.config.csvfile import Row
from gateway.config.durations import ALLOWED as DURATION
from gateway.config.validate import number_hint
from gateway.model.errors import Fault
from gateway.model.times import parse_duration

LARGEST: Final = 1e15
_NUMBER: Final = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]{1,3})?", re.ASCII)
_DATE: Final = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?", re.ASCII)
_STARTS_WITH_NUMBER: Final = re.compile(r"[-+]?[0-9.]+\s*\D", re.ASCII)


@dataclass(slots=True)
class Cells:
    """Reads the cells of one row."""

    row: Row
    faults: list[Fault] = field(default_factory=list)

    def fault(self, column: str, allowed: str, hint: str = "") -> None:
        """Something is wrong in ``column``."""
        self.faults.append(self.row.fault(column, allowed, hint))

    def number(self, column: str) -> float | None:
        """A plain decimal number; None when empty or wrong."""
        text = self.row.get(column)
        if not text:
            return None
        value = float(text) if _NUMBER.fullmatch(text) else math.nan
        if not abs(value) <= LARGEST:
            self.fault(column, "a number with a decimal point up to 1e15, or empty", _number_hint(text))
            return None
        return value

    def duration(self, column: str, default: int) -> int:
        """A duration in ns."""
        text = self.row.get(column)
        try:
            return parse_duration(text) if text else default
        except ValueError:
            self.fault(column, f"empty, or {DURATION}")
            return default

    def date(self, column: str) -> str:
        """A date as ``YYYY-MM-DD``; spreadsheets like to write 2027/6/30."""
        text = self.row.get(column)
        match = _DATE.fullmatch(text)
        try:
            return dt.date(*map(int, match.groups())).isoformat() if match else self._no_date(column, text)
        except ValueError:
            return self._no_date(column, text)

    def _no_date(self, column: str, text: str) -> str:
        if text:
            self.fault(column, "empty, or a date like 2027-06-30")
        return ""

    def one_of(self, column: str, allowed: Collection[str], hint: str = "") -> str:
        """A word out of ``allowed``."""
        text = self.row.get(column)
        if text not in allowed:
            close = difflib.get_close_matches(text, allowed, n=1)
            said = "one of " + ", ".join(sorted(allowed)) if allowed else "nothing yet: none is configured"
            self.fault(column, said, f"did you mean {close[0]}?" if close and text else hint)
        return text


def _number_hint(text: str) -> str:
    if re.fullmatch(r"[-+]?\d{1,3}(,\d{3})+(\.\d+)?|[-+]?\d+(_\d+)+", text, re.ASCII):
        return number_hint(text)
    if re.fullmatch(r"[-+]?\d+,\d+", text, re.ASCII):
        return f"write {text.replace(',', '.')} with a decimal point"
    return "the unit has a column of its own" if _STARTS_WITH_NUMBER.match(text) else ""
