"""What is worth a look about the people of a configuration that can be run."""

from collections.abc import Iterator

from gateway.config.load import Loaded
from gateway.config.people import WEEK
from gateway.config.remark import Note
from gateway.config.responsible import is_placeholder
from gateway.model.levels import Level, Stage
from gateway.model.people import DAY, Post, specialty_of
from gateway.model.site import (
    BYPASS,
    GRADE,
    HEAD_POND,
    HEIGHTENED_WATCH,
    OVERDUE_DISPOSAL,
    WEATHER,
    Rule,
    Site,
)

_STEP = DAY // 48
_MONDAY = 4 * DAY - DAY // 3
"""a Monday, 00:00 UTC+8, ns"""


def people_notes(loaded: Loaded) -> Iterator[Note]:
    """Persons still to be named, alarms that nobody is told of, posts with nobody on duty."""
    document = loaded.origin.document
    for person in loaded.site.people:
        if is_placeholder(person.name):
            owned = [
                f"{i.id} {o.role}"
                for i in loaded.site.installations
                for o in i.owners
                if o.person == person.id
            ]
            text = f"{person.name!r} is still to be named" + (f": {', '.join(owned)}" if owned else "")
            yield Note("to-fill", f"people.{person.id}", document.place(("people", person.id)), text)
    yield from _routes(loaded)
    for name, of in modifiers_off(loaded.site).items():
        text = (
            f"mark U, off: it does not raise the live level ({of}); a named engineer signs it to turn it on"
        )
        yield Note("modifier-off", f"levels.modifiers.{name}", document.place(("levels",)), text)
    for post in loaded.site.posts:
        hole = unmanned(post)
        if hole:
            text = f"nobody is on duty on {hole}: whoever is next is told at once"
            yield Note("unmanned", f"posts.{post.id}", document.place(("posts", post.id)), text)


def modifiers_off(site: Site) -> dict[str, str]:
    """Modifiers of the live level that would apply somewhere and are off, with what they would apply to."""
    grades = [i.id for i in site.installations if i.grade in (1, 2)]
    found = {
        GRADE: grades,
        HEAD_POND: [i.id for i in site.installations if i.head_pond],
        BYPASS: [r.id for r in site.rules if r.modifies == BYPASS],
        WEATHER: [r.id for r in site.rules if r.modifies == WEATHER],
        HEIGHTENED_WATCH: [w.id for w in site.watches],
        OVERDUE_DISPOSAL: [r.id for r in site.rules if r.disposal_due][:1],
    }
    on = dict(site.modifiers)
    return {name: ", ".join(of[:5]) for name, of in found.items() if of and name not in on}


def unmanned(post: Post) -> str:
    """The first half hour of a week in which nobody is on the post, or nothing; a rota has no holes."""
    if post.members or post.rota:
        return ""
    for k in range(7 * 48):
        if not post.on_duty(_MONDAY + k * _STEP):
            return f"{WEEK[k // 48]} {k % 48 // 2:02}:{k % 2 * 30:02}"
    return ""


def unrouted(site: Site) -> list[tuple[str, str, str]]:
    """(installation, specialty, level) of live rules for which no row applies at every hour."""
    found = dict.fromkeys(
        (r.installation, _specialty(site, r), level) for r in site.rules if _told(r) for level in _levels(r)
    )
    rows = [r for r in site.routing.routes if r.hours is None]
    return [
        (place, specialty, level.word)
        for place, specialty, level in found
        if not any(r.takes(level, specialty, place, 0) for r in rows)
    ]


def _routes(loaded: Loaded) -> Iterator[Note]:
    document, site = loaded.origin.document, loaded.site
    if not site.routing.routes:
        place = document.place(())
        yield Note("no-routing", "routing", place, "no routing table: no alarm is sent to anybody")
        return
    for where, specialty, level in unrouted(site):
        text = f"{level} {specialty} alarms of {where} match no row at every hour: nobody may be told of them"
        yield Note("unrouted", "routing.table", document.place(("routing",)), text)


def _told(rule: Rule) -> bool:
    return rule.enabled and rule.stage is Stage.LIVE


def _levels(rule: Rule) -> list[Level]:
    return [rule.level, *(level for _, level in rule.raise_level)]


def _specialty(site: Site, rule: Rule) -> str:
    row = site.tag_index.get(rule.tags[0]) if rule.tags else None
    return specialty_of(site.tags[row].cls if row is not None else "", fault=False)
