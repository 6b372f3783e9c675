"""The tables in ``docs/field.md``, between two marks."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.field_faults.faults import MODBUS, MQTT
from benchmarks.field_faults.trial import Found

PAGE: Final = Path(__file__).parents[2] / "docs" / "field.md"
BEGIN: Final = "<!-- made by `python -m benchmarks.field_faults --write`; do not edit -->\n"
END: Final = "<!-- end of the made part -->\n"


def table(found: Sequence[Found], wires: Sequence[str]) -> str:
    """A line for each fault, a cell for each wire: seen after, back after; seconds."""
    here = {(f.fault, f.wire): f for f in found if f.wire in wires}
    used = [w for w in wires if any(wire == w for _, wire in here)]
    lines = [f"| fault | must | {' | '.join(used)} |", "|---" * (len(used) + 2) + "|"]
    for fault in dict.fromkeys(fault for fault, _ in here):
        row = [here.get((fault, wire)) for wire in used]
        must = next(f.must for f in row if f is not None)
        lines.append(f"| {fault} | {must} | {' | '.join(map(_cell, row))} |")
    return "\n".join(lines) + "\n"


def _cell(found: Found | None) -> str:
    if found is None:
        return ""
    if found.wrong:
        return "**wrong**"
    seen = "-" if found.seen_s is None else f"{found.seen_s:.1f}"
    back = "-" if found.seen_s is None or found.back_s is None else f"{found.back_s:.1f}"
    return f"{seen} / {back}"


def text(found: Sequence[Found]) -> str:
    """Both tables."""
    return f"{table(found, MODBUS)}\n{table(found, MQTT)}"


def write(found: Sequence[Found]) -> None:
    """Into the page."""
    page = PAGE.read_text(encoding="utf-8")
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    PAGE.write_text(f"{head}{BEGIN}\n{text(found)}\n{END}{tail}", encoding="utf-8")
