"""Computed tags of the tag list: source ``computed``, the expression in the address cell. Checked as a whole."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from gateway.conditioning.expressions import (
    Compiled,
    ExpressionError,
    Known,
    compile_text,
    in_order,
    inputs_of,
)
from gateway.config.schema import ComputedNames
from gateway.config.source import Document
from gateway.config.taglist import Listed
from gateway.model.errors import Fault
from gateway.model.site import Tag

COMPUTED: Final = "computed"
"""source of a computed tag"""
ALLOWED: Final = "an expression over tags, constants, tables and functions, e.g. crest - LT-1"
_FROM_INPUTS: Final = ("period", "max_age", "raw_low", "raw_high", "signal", "frozen", "frozen_band")
"""cells that say how a measured tag is read"""


def names_of(section: ComputedNames) -> Known:
    """Constants and tables of the site, without its tags."""
    return Known(
        {},
        {name: (c.value, c.unit) for name, c in section.constants.items()},
        {
            name: (t.x, t.y, tuple(v for point in t.points for v in point))
            for name, t in section.tables.items()
        },
    )


def name_faults(section: ComputedNames, tags: Collection[str], document: Document) -> Iterator[Fault]:
    """Constants and tables whose name a tag has, or a function."""
    for part, names in (("constants", section.constants), ("tables", section.tables)):
        for name in names:
            if name in tags or (part == "tables" and name in section.constants):
                yield document.fault(("computed", part, name), name, "a name that no tag and no constant has")


def computed_tags(
    listed: Sequence[Listed], tags: Sequence[Tag], names: Known, known: Collection[str], faults: list[Fault]
) -> tuple[Tag, ...]:
    """The tags, computed ones with what their expressions say: inputs, links, age.

    Args:
        listed: rows of the list, one for each of ``tags``.
        names: constants and tables.
        known: ids of all rows, faulty ones too: what those would have meant is not asked twice.
    """
    rows = {e.tag.id: e for e in listed if e.source == COMPUTED}
    meaning = replace(names, tags={t.id: t.unit for t in tags})
    programs: dict[str, Compiled] = {}
    for name, entry in rows.items():
        faults += [
            entry.row.fault(c, "empty: it follows from the inputs") for c in _FROM_INPUTS if entry.row.get(c)
        ]
        program = _program(entry, meaning, known, faults)
        if program is not None:
            programs[name] = program
    order = _order(rows, programs, faults)
    found = {t.id: t for t in tags}
    for name in order:
        found[name] = _computed(found[name], rows[name].address, programs[name], names, found)
    return tuple(found.values())


def _program(entry: Listed, meaning: Known, known: Collection[str], faults: list[Fault]) -> Compiled | None:
    try:
        if any(name in known and name not in meaning.tags for name in inputs_of(entry.address, meaning)):
            return None  # the row of an input is wrong, and says so itself
        return compile_text(entry.address, meaning, entry.tag.unit)
    except ExpressionError as error:
        faults.append(entry.row.fault("address", ALLOWED, str(error)))
    return None


def _order(rows: Mapping[str, Listed], programs: Mapping[str, Compiled], faults: list[Fault]) -> list[str]:
    try:
        return in_order({name: p.inputs for name, p in programs.items()})
    except ValueError as error:
        circle = str(error)
        first = circle.split(" - ", maxsplit=1)[0]
        hint = f"computed from itself: {circle}"
        faults.append(rows[first].row.fault("address", "tags that do not depend on it", hint))
    return []


def _computed(tag: Tag, text: str, program: Compiled, names: Known, tags: Mapping[str, Tag]) -> Tag:
    inputs = [tags[name] for name in program.inputs]
    ages = [t.max_age for t in inputs if t.max_age]
    constants = [
        (n, "", names.constants[n][1], (names.constants[n][0],)) for n in program.used if n in names.constants
    ]
    tables = [(n, *names.tables[n]) for n in program.used if n in names.tables]
    return replace(
        tag,
        expression=text,
        inputs=program.inputs,
        names=tuple(sorted([*constants, *tables])),
        links=tuple(dict.fromkeys(link for t in inputs for link in t.links)),
        period=min(t.period for t in inputs),
        max_age=min(ages, default=0),
    )
