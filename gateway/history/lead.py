"""Lead time: how long before the true event the alarm came, and which events none came for.

A truth file is CSV with a header: ``start`` and, where known, ``end`` (times as in a recording), ``rule`` or ``tag`` or
neither (any alarm counts), ``before`` (how early an alarm may be and still be this event's, default 0s), ``note``. An
alarm that no event explains is false. Windows are judged causally: only when the alarm was announced counts.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gateway.history.episodes import Episode
from gateway.history.form import Clock, Form
from gateway.model.errors import Fault, Misconfigured
from gateway.model.times import NS, iso, parse_duration

COLUMNS: Final = ("start", "end", "rule", "tag", "before", "note")


@dataclass(frozen=True, slots=True)
class Truth:
    """One event that really happened."""

    start: int
    end: int | None
    rule: str = ""
    tag: str = ""
    before: int = 0
    note: str = ""
    line: int = 0

    def explains(self, episode: Episode, last: int) -> bool:
        """The alarm is about this event."""
        if self.rule and episode.rule != self.rule:
            return False
        if self.tag and episode.tag != self.tag:
            return False
        return self.start - self.before <= episode.start <= (last if self.end is None else self.end)


@dataclass(frozen=True, slots=True)
class Lead:
    """``lead_s`` is positive for an alarm before the start; None where none came."""

    truth: Truth
    lead_s: float | None
    rule: str


@dataclass(frozen=True, slots=True)
class Leads:
    """How a recording's alarms stand to its truth."""

    found: tuple[Lead, ...]
    false: tuple[Episode, ...]

    def as_json(self) -> dict[str, Any]:
        """JSON values."""
        hit = sorted(x.lead_s for x in self.found if x.lead_s is not None)
        return {
            "events": len(self.found),
            "raised": len(hit),
            "missed": len(self.found) - len(hit),
            "false": len(self.false),
            "lead_median_s": hit[len(hit) // 2] if hit else None,
            "list": [
                {"start": iso(x.truth.start), "lead_s": x.lead_s, "rule": x.rule, "note": x.truth.note}
                for x in self.found
            ],
        }


def leads(truths: Sequence[Truth], episodes: Sequence[Episode], last: int) -> Leads:
    """The first alarm of each event; alarms that belong to none."""
    found, used = [], set[int]()
    for truth in truths:
        own = [i for i, e in enumerate(episodes) if truth.explains(e, last)]
        used.update(own)
        first = episodes[own[0]] if own else None
        found.append(
            Lead(truth, (truth.start - first.start) / NS if first else None, first.rule if first else "")
        )
    false = tuple(e for i, e in enumerate(episodes) if i not in used and not e.fault)
    return Leads(tuple(found), false)


def read_truth(path: Path, zone: str) -> tuple[Truth, ...]:
    """A truth file.

    Raises:
        Misconfigured: with every line that is wrong.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = csv.DictReader(file)
            rows = [(lines.line_num, row) for row in lines]
            header = lines.fieldnames or ()
    except (OSError, ValueError, csv.Error) as error:
        raise Misconfigured([Fault(str(path), None, "file", str(error), "a CSV file")]) from error
    unknown = [n for n in header if n not in COLUMNS]
    if "start" not in header or unknown:
        shown = ", ".join(unknown) or "no start"
        raise Misconfigured([Fault(str(path), 1, "header", shown, ", ".join(COLUMNS))])
    clock, faults, out = Clock(Form(zone=zone)), list[Fault](), list[Truth]()
    for number, row in rows:
        try:
            out.append(_truth(clock, number, row))
        except ValueError as error:
            faults.append(Fault(str(path), number, "line", str(error), "start[,end,rule,tag,before,note]"))
    if faults:
        raise Misconfigured(faults)
    return tuple(out)


def _truth(clock: Clock, line: int, row: dict[str, str | None]) -> Truth:
    cell = {name: (row.get(name) or "").strip() for name in COLUMNS}
    start, end = clock(cell["start"]), clock(cell["end"]) if cell["end"] else None
    if end is not None and end < start:
        raise ValueError(f"end {cell['end']} before start {cell['start']}")
    before = parse_duration(cell["before"]) if cell["before"] else 0
    return Truth(start, end, cell["rule"], cell["tag"], before, cell["note"], line)
