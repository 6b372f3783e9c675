"""What joins rules, tags and groups: every fault of the ``rules`` section at its place."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gateway.config.classes import DISCRETE
from gateway.config.durations import spelled
from gateway.config.kinds.base import KindEntry
from gateway.config.rulebook import members_of, name_of
from gateway.config.schema import MAY, NEEDS, RuleEntry
from gateway.config.source import MISSING, Document, Key
from gateway.model.errors import Fault
from gateway.model.site import ID_PATTERN, Tag

RESERVED: Final = frozenset({"FAULT", "LINK"})
"""Rule names of the gateway's own instrument and link faults."""
STATE_CLASSES: Final = frozenset({*DISCRETE, "other"})
RATE_PERIODS: Final = 4
"""A slope needs readings over half of its window, in three places at least."""
_SPECIFIC: Final = frozenset(name for table in (NEEDS, MAY) for names in table.values() for name in names)


@dataclass(frozen=True, slots=True)
class Roll:
    """The tags, as far as they are known."""

    tags: Mapping[str, Tag]
    known: Collection[str]
    """ids of all rows, faulty ones too"""
    whole: bool
    """False when a list could not be read: then nobody is missed"""

    def missed(self, ident: str) -> bool:
        """No row has this id."""
        return self.whole and ident not in self.known


def entry_faults(entry: RuleEntry | KindEntry, path: Key, roll: Roll, document: Document) -> list[Fault]:
    """Everything wrong in one entry, whose settings stand below ``path``."""
    if isinstance(entry, KindEntry):
        return list(_OfKind(entry, path, roll, document).faults())
    return list(_Classic(entry, path, roll, document).faults())


@dataclass(frozen=True, slots=True)
class _Check:
    entry: RuleEntry | KindEntry
    path: Key
    roll: Roll
    document: Document

    def at(self, key: str, allowed: str, hint: str = "", value: Any = None) -> Fault:
        shown = getattr(self.entry, key, None) if value is None else value
        return self.document.fault((*self.path, key), shown, allowed, hint)

    def missed(self, key: Key, member: str) -> Iterator[Fault]:
        """No tag of this id is in the lists."""
        if member and self.roll.missed(member):
            yield self.document.fault(
                (*self.path, *key), member, "the id of a tag in the tag lists", "see their column id/编号"
            )

    def naming(self, judged: str, group: str) -> Iterator[Fault]:
        """``judged``: the one tag it judges, or nothing; ``group``: the name it is published under, or nothing."""
        head, dot, _ = self.entry.id.rpartition(".")
        name = name_of(self.entry)
        if not ID_PATTERN.fullmatch(name) or name in RESERVED or head == "system":
            own = "FAULT, LINK and system. are the gateway's own"
            yield self.at("id", "<tag>.<NAME>, NAME 1-64 of A-Z a-z 0-9 _ -", own)
        if dot and judged and head != judged and head in self.roll.known:
            yield self.at("id", f"{judged}.{name}, or a name of no other tag", f"it judges {judged}")
        if group and group in self.roll.known:
            yield self.at("group", "a name that no tag has", "group and tag would share one topic")

    def signed(self) -> Iterator[Fault]:
        if self.entry.mark == "U" and self.entry.enabled and not self.entry.verified_by.strip():
            hint = "set enabled: false, or let a named engineer sign it in verified_by"
            yield self.at("mark", "V or S, or verified_by with it: U is unverified", hint)


@dataclass(frozen=True, slots=True)
class _OfKind(_Check):
    entry: KindEntry

    def faults(self) -> Iterator[Fault]:
        members = self.entry.members()
        only = members[0].tag if len(members) == 1 else ""
        yield from self.naming(only, str(getattr(self.entry, "group", None) or ""))
        for member in members:
            yield from self.missed(member.key, member.tag)
        known = {m.tag: self.roll.tags[m.tag] for m in members if m.tag in self.roll.tags}
        for wrong in self.entry.wrong(known):
            yield self.at(wrong.key, wrong.allowed, wrong.hint, wrong.value)
        yield from self.signed()


@dataclass(frozen=True, slots=True)
class _Classic(_Check):
    entry: RuleEntry

    def faults(self) -> Iterator[Fault]:
        yield from self.shape()
        yield from self.naming(self.entry.tag or "", self.entry.group or "")
        yield from self.members()
        yield from self.numbers()
        yield from self.signed()

    def shape(self) -> Iterator[Fault]:
        kind = self.entry.kind
        needs, may = NEEDS[kind], MAY.get(kind, ())
        for name in needs:
            if getattr(self.entry, name) in (None, (), ""):
                yield self.at(name, f"kind {kind} needs {', '.join(needs)}", value=MISSING)
        for name in sorted((self.entry.model_fields_set & _SPECIFIC) - {*needs, *may}):
            yield self.at(
                name, f"kind {kind} has {', '.join((*needs, *may))}", "remove it, it would do nothing"
            )

    def members(self) -> Iterator[Fault]:
        entry, members = self.entry, members_of(self.entry)
        for key, member in self._named(members):
            yield from self.missed(key, member)
        if len(set(members)) != len(members):
            yield self.at("tags" if entry.kind == "vote" else "feedback", "different tags")
        yield from self.classes([self.roll.tags[m] for m in members if m in self.roll.tags])
        if entry.needed is not None and entry.kind == "vote" and entry.needed > len(members):
            yield self.at("needed", f"1 to {len(members)}, the number of members")

    def _named(self, members: Sequence[str]) -> Iterator[tuple[Key, str]]:
        if self.entry.kind == "vote":
            return ((("tags", i), m) for i, m in enumerate(members))
        names = ("command", "feedback") if self.entry.kind == "discrepancy" else ("tag",)
        return (((name,), m) for name, m in zip(names, members, strict=True))

    def classes(self, tags: Sequence[Tag]) -> Iterator[Fault]:
        kind = self.entry.kind
        for tag in tags:
            if kind in ("state", "discrepancy") and tag.cls not in STATE_CLASSES:
                yield self.at("kind", f"for {tag.id} of class {tag.cls}: a limit, rate or vote")
            if kind.startswith(("limit", "rate")) and tag.cls in DISCRETE:
                yield self.at("kind", f"for {tag.id} of class {tag.cls}: state or discrepancy")
        if kind == "vote" and len({(t.cls, t.unit) for t in tags}) > 1:
            units = ", ".join(f"{t.id} {t.cls} {t.unit}".strip() for t in tags)
            yield self.at("tags", "members of one class and unit, because one trigger judges all", units)

    def numbers(self) -> Iterator[Fault]:
        entry, trigger, reset = self.entry, self.entry.trigger, self.entry.reset
        if trigger is None or reset is None:
            return
        low = entry.kind == "limit-low" or (entry.kind == "vote" and entry.side == "low")
        if (reset < trigger) if low else (reset > trigger):
            yield self.at("reset", f"at {'or above' if low else 'or below'} trigger {trigger:g}")
        tag = self.roll.tags.get(members_of(entry)[0]) if members_of(entry) else None
        if entry.kind.startswith("rate"):
            yield from self.slope(trigger, tag)
        elif (
            tag is not None
            and tag.low is not None
            and tag.high is not None
            and not tag.low <= trigger <= tag.high
        ):
            yield self.at("trigger", f"inside the range of {tag.id}, {tag.low:g} to {tag.high:g}")

    def slope(self, trigger: float, tag: Tag | None) -> Iterator[Fault]:
        if trigger <= 0:
            yield self.at("trigger", "more than 0", "rate-fall has positive numbers too")
        if tag is not None and self.entry.window < RATE_PERIODS * tag.period:
            least = spelled(RATE_PERIODS * tag.period)
            yield self.at(
                "window",
                f"at least {least}, {RATE_PERIODS} periods of {tag.id}",
                value=spelled(self.entry.window),
            )
