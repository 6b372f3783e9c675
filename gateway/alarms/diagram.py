"""Draws the tables for people: ``python -m gateway.alarms.diagram < docs/alarms.md > new.md`` renews the drawn part.

What stands outside the two marks is prose and stays as it is. A test keeps the committed page in step with the tables.
"""

import sys
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from gateway.alarms.tables import CLOSES, ISA, ISA_SUPPRESSED, JOINT, NORM, REQUIRES, TABLES, Axis, axis_of
from gateway.model.events import Acknowledgement, Condition, Disposal, Latch, Report, Suppression

BEGIN: Final = "<!-- drawn from the tables by `python -m gateway.alarms.diagram`; do not edit -->"
END: Final = "<!-- end of the drawn part -->"
_STATES: Final[dict[Axis, type[StrEnum]]] = {
    Axis.CONDITION: Condition,
    Axis.ACKNOWLEDGEMENT: Acknowledgement,
    Axis.LATCH: Latch,
    Axis.SUPPRESSION: Suppression,
    Axis.DISPOSAL: Disposal,
    Axis.REPORT: Report,
}


def draw() -> str:
    """The whole drawn part, Markdown with mermaid."""
    parts = [f"### Axis: {axis.value}\n\n{diagram(axis)}" for axis in Axis]
    return "\n\n".join([*parts, _joint(), _requires(), _closes(), _letters()])


def diagram(axis: Axis) -> str:
    """One axis as a mermaid state diagram: ``cause / effect``."""
    start: StrEnum = getattr(NORM, axis)
    lines = ["```mermaid", "stateDiagram-v2"]
    lines += [f'    state "{s.value}" as {_name(s)}' for s in _STATES[axis]]
    lines.append(f"    [*] --> {_name(start)}")
    for (state, cause), (after, effects) in TABLES[axis].items():
        said = f" / {', '.join(e.value for e in effects)}" if effects else ""
        lines.append(f"    {_name(state)} --> {_name(after)}: {cause.value}{said}")
    return "\n".join([*lines, "```"])


def fill(page: str) -> str:
    """The page with its drawn part renewed.

    Raises:
        ValueError: the page does not have the two marks once each, in order.
    """
    head, begin, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end or BEGIN in rest or END in tail:
        raise ValueError(f"the page needs one {BEGIN!r} and after it one {END!r}")
    return f"{head}{BEGIN}\n\n{draw()}\n\n{END}{tail}"


def _joint() -> str:
    rows = (
        [k.value, ", ".join(f"{axis_of(c).value}: {c.value}" for c in causes)] for k, causes in JOINT.items()
    )
    return _table("What an event causes on the other axes", ("event", "causes"), rows)


def _requires() -> str:
    rows = ([c.value, ", ".join(s.value for s in needed)] for c, needed in REQUIRES.items())
    return _table("What must be so first", ("cause", "needs"), rows)


def _closes() -> str:
    rows = ([axis.value, ", ".join(s.value for s in states)] for axis, states in CLOSES.items())
    return _table("An occurrence is closed when every one of these holds", ("axis", "is one of"), rows)


def _letters() -> str:
    rows = [[letter, *(s.value for s in states), "none"] for states, letter in ISA.items()]
    rows += [[letter, "any", "any", "any", s.value] for s, letter in ISA_SUPPRESSED.items()]
    head = ("letter", "condition", "acknowledgement", "latch", "suppression")
    return _table("ISA-18.2 letters", head, sorted(rows))


def _table(title: str, head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    names = tuple(head)
    lines = [names, ("---",) * len(names), *map(tuple, rows)]
    return f"### {title}\n\n" + "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _name(state: StrEnum) -> str:
    return state.value.replace("-", "_")


if __name__ == "__main__":
    sys.stdout.write(fill(sys.stdin.read()))
