"""From the people of the site file to the model's, and what must fit together: every installation has named owners for
all roles of its chain, and whoever is named somewhere is somebody."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from gateway.config.people import WEEK, ChainEntry, HoursEntry, PostEntry, RouteEntry, WatchEntry
from gateway.config.schema import InstallationEntry, SiteFile
from gateway.config.sitefile import Draft
from gateway.config.source import MISSING, Document, Key
from gateway.model.errors import Fault
from gateway.model.levels import Level
from gateway.model.people import (
    OWNER,
    RESPONSIBLE,
    Chain,
    Hours,
    OperatorConsole,
    Owner,
    Person,
    Post,
    Role,
    Rota,
    Route,
    Routing,
    Shift,
)
from gateway.model.site import PlannedWatch
from gateway.model.times import parse_iso

SOMEBODY: Final = Role(id=RESPONSIBLE, name="责任人", name_en="Responsible person")
PLACEHOLDERS: Final = ("待填", "TO-FILL")
"""how the name of a person begins who is still to be named"""


def owner_faults(draft: Draft, document: Document) -> Iterator[Fault]:
    """Installations without a named owner for every role of their chain, and names that are nobody's."""
    file = draft.file
    for entry in file.installations:
        if entry.id not in draft.installations:
            continue  # it stands in for a section that is wrong itself
        at: Key = ("installations", draft.installations.index(entry.id))
        if entry.chain and entry.chain not in file.chains:
            yield document.fault((*at, "chain"), entry.chain, _one_of("chain", file.chains))
        else:
            yield from _owners(entry, roles_of(file.chains, entry.chain), (*at, "owners"), file, document)


def people_faults(draft: Draft, document: Document) -> Iterator[Fault]:
    """Names in posts, routes and consoles that are nobody's and nothing's, and times that are missing."""
    file = draft.file
    for name, post in file.posts.items():
        for key, person in _members(post):
            yield from _known(("posts", name, *key), person, "person", file.people, document)
    roles = {r.id for i in file.installations for r in roles_of(file.chains, i.chain)}
    for index, row in enumerate(file.routing.table):
        yield from _row(("routing", "table", index), row, draft, roles, document)
    yield from _consoles(draft, document)
    for index, watch in enumerate(file.watches):
        if watch.id in [w.id for w in file.watches[:index]]:
            yield document.fault(("watches", index, "id"), watch.id, "each period once")
        for place, name in enumerate(watch.installations):
            at: Key = ("watches", index, "installations", place)
            yield from _known(at, name, "installation", draft.installations, document)


def people_of(file: SiteFile) -> dict[str, Any]:
    """Fields of the model's site."""
    return {
        "people": tuple(Person(id=k, **p.model_dump()) for k, p in file.people.items()),
        "posts": tuple(_post(k, p) for k, p in file.posts.items()),
        "chains": tuple(_chain(k, c) for k, c in file.chains.items()),
        "routing": _routing(file),
        "consoles": tuple(OperatorConsole(**c.model_dump()) for c in file.consoles),
        "watches": tuple(_watch(w) for w in file.watches),
        "modifiers": tuple((k, m.verified_by) for k, m in file.levels.modifiers.items()),
    }


def owners_of(entry: InstallationEntry, file: SiteFile) -> tuple[Owner, ...]:
    """Its owners in the order of the chain."""
    return tuple(
        Owner(
            role=role.id,
            person=entry.owners[role.id],
            name=file.people[entry.owners[role.id]].name,
            role_name=role.name,
            role_name_en=role.name_en,
        )
        for role in roles_of(file.chains, entry.chain)
    )


def roles_of(chains: dict[str, ChainEntry], chain: str) -> tuple[Role, ...]:
    """Roles of a chain; of none: one responsible person."""
    return tuple(Role(**r.model_dump()) for r in chains[chain].roles) if chain in chains else (SOMEBODY,)


def is_placeholder(name: str) -> bool:
    """Stands for a person who is still to be named."""
    return name.upper().startswith(PLACEHOLDERS)


def _owners(
    entry: InstallationEntry, roles: tuple[Role, ...], at: Key, file: SiteFile, document: Document
) -> Iterator[Fault]:
    missing = [r for r in roles if r.id not in entry.owners]
    if missing:
        words = ", ".join(f"{r.id} ({r.name})" for r in missing)
        hint = f"owners: {{{missing[0].id}: ID}}, with the person ID in `people`"
        said = entry.owners or MISSING
        yield document.fault(at, said, f"a named person for every role of its chain: {words}", hint)
    for role, person in entry.owners.items():
        if role not in {r.id for r in roles}:
            yield document.fault((*at, role), role, _one_of("role", [r.id for r in roles]))
        else:
            yield from _known((*at, role), person, "person", file.people, document)


def _row(at: Key, row: RouteEntry, draft: Draft, roles: set[str], document: Document) -> Iterator[Fault]:
    file = draft.file
    for section, recipients in (("posts", row.posts), ("escalate", row.escalate)):
        for index, name in enumerate(recipients):
            place = (*at, section, index)
            if name.startswith(OWNER):
                yield from _known(place, name.removeprefix(OWNER), "role of a chain", roles, document)
            else:
                yield from _known(place, name, "post", file.posts, document)
    for index, name in enumerate(row.installations):
        yield from _known((*at, "installations", index), name, "installation", draft.installations, document)
    late = [level for level in row.levels if row.escalate and level not in file.routing.acknowledge]
    if late:
        allowed = f"a time in routing.acknowledge for {', '.join(late)}"
        yield document.fault(
            (*at, "escalate"), ", ".join(row.escalate), allowed, "acknowledge: {red: 2min, ...}"
        )


def _consoles(draft: Draft, document: Document) -> Iterator[Fault]:
    taken: dict[str, str] = {}
    for index, console in enumerate(draft.file.consoles):
        at: Key = ("consoles", index)
        if console.id in [c.id for c in draft.file.consoles[:index]]:
            yield document.fault((*at, "id"), console.id, "each console once")
        for place, name in enumerate(console.installations):
            yield from _known(
                (*at, "installations", place), name, "installation", draft.installations, document
            )
            if taken.setdefault(name, console.id) != console.id:
                hint = f"{taken[name]} has it already"
                yield document.fault(
                    (*at, "installations", place), name, "each installation on one console", hint
                )


def _known(at: Key, name: str, what: str, known: Iterable[str], document: Document) -> Iterator[Fault]:
    if name not in set(known):
        yield document.fault(at, name, _one_of(what, known))


def _one_of(what: str, known: Iterable[str]) -> str:
    names = sorted(k for k in known if k)
    return f"id of a {what}: {', '.join(names[:12])}" if names else f"id of a {what}; none is configured"


def _members(post: PostEntry) -> Iterator[tuple[Key, str]]:
    yield from ((("members", i), m) for i, m in enumerate(post.members))
    for k, shift in enumerate(post.shifts):
        yield from ((("shifts", k, "members", i), m) for i, m in enumerate(shift.members))
    for k, team in enumerate(post.rota.teams if post.rota else ()):
        yield from ((("rota", "teams", k, i), m) for i, m in enumerate(team))


def _hours(entry: HoursEntry) -> Hours:
    return Hours(days=tuple(sorted({WEEK.index(d) for d in entry.days})), start=entry.start, end=entry.end)


def _post(ident: str, entry: PostEntry) -> Post:
    rota = entry.rota
    return Post(
        id=ident,
        name=entry.name,
        name_en=entry.name_en,
        members=entry.members,
        shifts=tuple(Shift(hours=_hours(s), members=s.members) for s in entry.shifts),
        rota=Rota(begins=parse_iso(rota.begins), length=rota.length, teams=rota.teams) if rota else None,
    )


def _chain(ident: str, entry: ChainEntry) -> Chain:
    roles = tuple(Role(**r.model_dump()) for r in entry.roles)
    return Chain(
        id=ident,
        name=entry.name,
        name_en=entry.name_en,
        roles=roles,
        standard=entry.standard,
        mark=entry.mark,
    )


def _watch(entry: WatchEntry) -> PlannedWatch:
    given = entry.model_dump(exclude={"start", "end"})
    return PlannedWatch(start=parse_iso(entry.start), end=parse_iso(entry.end), **given)


def _routing(file: SiteFile) -> Routing:
    routes = tuple(
        Route(
            levels=tuple(map(Level.parse, row.levels)),
            specialties=row.specialties,
            installations=row.installations,
            hours=_hours(row.hours) if row.hours else None,
            posts=row.posts,
            escalate=row.escalate,
        )
        for row in file.routing.table
    )
    limits = sorted((Level.parse(k), v) for k, v in file.routing.acknowledge.items())
    return Routing(routes=routes, acknowledge=tuple(limits))
