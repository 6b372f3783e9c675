"""Names that meet somewhere must differ: ids of tags, rules and installations, and what becomes a topic."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gateway.config.csvfile import Row
from gateway.config.source import Document, Key
from gateway.config.taglist import id_of
from gateway.model.errors import Fault
from gateway.model.site import Link, Rule

SYSTEM: Final = "system"
"""Installation under which the gateway's own faults are published."""
_NOT_TOPIC: Final = re.compile(r"[^A-Za-z0-9_-]")


@dataclass(frozen=True, slots=True)
class Placed:
    """A rule and where it is written."""

    rule: Rule
    file: str
    line: int | None
    path: str
    raw: Mapping[str, Any] | None = None
    """its entry as written, where it has one with numbers of its kind"""

    def fault(self, value: str, allowed: str, hint: str) -> Fault:
        """A fault of this rule."""
        return Fault(self.file, self.line, self.path, value, allowed, hint)


def rule_collisions(rules: Sequence[Placed]) -> Iterator[Fault]:
    """Rule ids once; (subject, name) once, because together they are a topic."""
    seen: dict[tuple[str, str], Placed] = {}
    for placed in rules:
        rule = placed.rule
        topic = f"{rule.subject}/{segment(rule)}"
        keys = {
            ("rule id", rule.id): "",
            ("subject and name", f"{rule.subject}/{rule.name}"): "",
            ("topic", topic): "",
        }
        first = next((seen[key] for key in keys if key in seen), None)
        if first is not None:
            hint = f"{first.rule.id} at {first.file}:{first.line} has it already; rename the rule"
            allowed = "an id, and a name for its tag or group, used once"
            yield placed.fault(repr(rule.id), allowed, hint)
        for key in keys:
            seen.setdefault(key, placed)


def segment(rule: Rule) -> str:
    """The rule in a state topic: its id without its tag, what does not fit a topic replaced."""
    return _NOT_TOPIC.sub("_", rule.id.removeprefix(f"{rule.subject}."))[:64] or "none"


def installation_collisions(ids: Sequence[str], document: Document) -> Iterator[Fault]:
    """Each installation once, and none takes the name of the gateway's own faults."""
    for index, name in enumerate(ids):
        place: Key = ("installations", index, "id")
        if not name:
            continue
        if name in ids[:index]:
            yield document.fault(place, name, "each installation once")
        elif name.lower() in {n.lower() for n in ids[:index]}:
            yield document.fault(place, name, "ids that differ by more than upper and lower case")
        if name == SYSTEM:
            yield document.fault(place, name, f"any id but {SYSTEM}, which the gateway's own faults have")


def tag_collisions(rows: Sequence[Row]) -> Iterator[Fault]:
    """Each tag once; ids that differ only in upper and lower case are taken for each other by people."""
    seen: dict[str, Row] = {}
    for row in rows:
        ident = id_of(row)
        first = seen.setdefault(ident.lower(), row)
        if ident and first is not row:
            same = id_of(first) == ident
            allowed = "an id used once" if same else "ids that differ by more than upper and lower case"
            yield row.fault("id" if row.get("id") else "raw", allowed, f"{id_of(first)} is at {first.place}")


def link_collisions(links: Sequence[Link], document: Document) -> Iterator[Fault]:
    """Links become topics too (``plc.1`` as ``plc_1``)."""
    seen: dict[str, Link] = {}
    for link in links:
        first = seen.setdefault(_NOT_TOPIC.sub("_", link.id), link)
        if first is not link:
            hint = f"its link {link.id} and the link {first.id} of source {first.source} would share a topic"
            yield document.fault(("sources", link.source), link.source, "another name for the source", hint)


def place_collisions(sources: Mapping[str, tuple[str, Any]], document: Document) -> Iterator[Fault]:
    """A line (host and port, serial port) is read by one source: it has one master, many a device one connection."""
    seen: dict[str, str] = {}
    for name, (kind, settings) in sources.items():
        place = getattr(settings, "place", None)
        if not kind.startswith("modbus") or place is None:
            continue
        first = seen.setdefault(place, name)
        if first != name:
            hint = f"{first} reads {place} already; give its tags to that source, with their units"
            yield document.fault(("sources", name), place, "one source for a line", hint)
