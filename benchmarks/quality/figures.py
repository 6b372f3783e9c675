"""A figure, what was aimed at, and whether it was met."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """``met`` None: nothing was aimed at, or it was not run. ``note``: how it came about, or why it was not run."""

    set: str
    what: str
    value: float | str | None
    aim: str = ""
    met: bool | None = None
    note: str = ""

    def as_json(self) -> dict[str, Any]:
        """JSON values."""
        value = round(self.value, 4) if isinstance(self.value, float) else self.value
        return {
            "set": self.set,
            "what": self.what,
            "value": value,
            "aim": self.aim,
            "met": self.met,
            "note": self.note,
        }

    @property
    def word(self) -> str:
        """For the table."""
        if self.value is None:
            return "not run"
        return "" if self.met is None else "met" if self.met else "**not met**"

    @property
    def shown(self) -> str:
        """The value for people."""
        if isinstance(self.value, float):
            return f"{self.value:.4g}"
        return "-" if self.value is None else str(self.value)


def least(set_: str, what: str, value: float, aim: float, note: str = "") -> Figure:
    """Met at or above the aim."""
    return Figure(set_, what, value, f">= {aim:g}", bool(value >= aim), note)


def above(set_: str, what: str, value: float, aim: float, note: str = "") -> Figure:
    """Met above the aim."""
    return Figure(set_, what, value, f"> {aim:g}", bool(value > aim), note)


def most(set_: str, what: str, value: float, aim: float, note: str = "") -> Figure:
    """Met at or below the aim."""
    return Figure(set_, what, value, f"<= {aim:g}", bool(value <= aim), note)


def between(set_: str, what: str, value: float, low: float, high: float, note: str = "") -> Figure:
    """Met within."""
    return Figure(set_, what, value, f"{low:.4g} to {high:.4g}", bool(low <= value <= high), note)
