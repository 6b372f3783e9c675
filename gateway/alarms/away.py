"""Suppression (ISA-18.2: shelved, out of service, by design): who may keep an alarm from the operator, and how long.

Detection goes on underneath and is journalled. A person's suppression always has a name, a reason and an end; a highly
managed alarm needs a second person. Red, gas, methane and highly managed alarms are never suppressed by design: the
configuration refuses it (:mod:`gateway.config.rulecheck`).
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from gateway.alarms.evolve import Held
from gateway.alarms.subjects import Subject
from gateway.alarms.tables import Cause
from gateway.model.commands import Act, Actor, Command
from gateway.model.errors import Refused
from gateway.model.events import Occurrence, Suppression
from gateway.model.site import Site
from gateway.model.times import NS, iso

AWAY: Final[Mapping[Act, Cause]] = {Act.SHELVE: Cause.SHELVE, Act.REMOVE: Cause.REMOVE}
RETURNED: Final[Mapping[Act, Suppression]] = {
    Act.UNSHELVE: Suppression.SHELVED,
    Act.RETURN: Suppression.OUT_OF_SERVICE,
}
CALIBRATION: Final = "calibration"
BY_PERSON: Final = (Suppression.SHELVED, Suppression.OUT_OF_SERVICE)


def allowed(command: Command, now: int, longest: int) -> dict[str, Any]:
    """The event's own fields: until when, under which permit, who agreed.

    Raises:
        Refused: no reason, no end or one too far away, no permit.
    """
    if not command.comment.strip():
        raise Refused(f"{command.act.value} needs a reason")
    if not now < command.until <= now + longest:
        raise Refused(f"{command.act.value} needs an end, at most {longest // (3600 * NS)} h from now")
    if command.act is Act.REMOVE and not command.permit.strip():
        raise Refused("out of service needs the number of a permit")
    detail: dict[str, Any] = {"until": iso(command.until)}
    if command.permit:
        detail["permit"] = command.permit
    if CALIBRATION in dict(command.words):
        detail[CALIBRATION] = True
    if command.second is not None:
        detail["second"] = {"id": command.second.id, "name": command.second.name}
    return detail


def two_persons(subject: Subject | None, rule: str, actor: Actor, second: Actor | None) -> None:
    """A highly managed alarm is suppressed by two persons.

    Raises:
        Refused: there is one only.
    """
    if subject is None or not subject.highly_managed:
        return
    if second is None or second.id in ("", actor.id):
        raise Refused(f"{rule} is highly managed: a second person must agree")


def _said_again(o: Occurrence) -> dict[str, Any]:
    """What a suppression by a person says of itself, for an alarm that comes while it lasts."""
    who = {"id": o.set_aside_by.id, "name": o.set_aside_by.name} if o.set_aside_by else {}
    more = {"reason": o.reason, "permit": o.permit, "calibration": o.calibrating, "set_aside_by": who}
    return {"until": iso(o.until), "under": o.id, **{name: said for name, said in more.items() if said}}


def rules_of(site: Site, words: Mapping[str, str]) -> list[str]:
    """Rules in bulk: of ``tags`` (with commas between) and of an ``installation``; in a calibration with the faults of
    their instruments.

    Raises:
        Refused: no such tag or installation.
    """
    tags = [t for t in words.get("tags", "").split(",") if t]
    place = words.get("installation", "")
    unknown = [t for t in tags if t not in site.tag_index]
    if unknown or (place and place not in {i.id for i in site.installations}):
        raise Refused(f"no tag or installation {', '.join(unknown) or place}")
    tags += [t.id for t in site.tags if place and t.installation == place]
    rules = [
        r.id
        for r in site.rules
        if r.enabled and (set(r.tags) & set(tags) or (place and r.installation == place))
    ]
    return rules + ([f"{t}.FAULT" for t in tags] if CALIBRATION in words else [])


def inherited(branches: Iterable[Held], now: int) -> tuple[Suppression, dict[str, Any]]:
    """What a new occurrence of a rule begins with: the suppression by a person that its rule is under."""
    for held in branches:
        suppression = held.occurrence.axes.suppression
        if suppression in BY_PERSON and held.occurrence.until > now:
            return suppression, _said_again(held.occurrence)
    return Suppression.NONE, {}
