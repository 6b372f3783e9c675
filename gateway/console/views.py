"""The committed present as JSON values. Times are UTC, as everywhere off the page."""

from collections.abc import Sequence
from math import isfinite
from typing import Any

from gateway.model.commands import Actor
from gateway.model.events import Occurrence
from gateway.model.ports import LinkTraffic, LiveState, Present, Status, TagState
from gateway.model.quality import quality_name, status_of
from gateway.model.site import Installation, Link, Rule, RuleKind, Site, Tag
from gateway.model.times import NEVER, NS, iso

Json = dict[str, Any]
LIMIT_KINDS = (RuleKind.LIMIT_HIGH, RuleKind.LIMIT_LOW)


def finite(x: float | None) -> float | None:
    """JSON has no NaN and no infinity."""
    return None if x is None or not isfinite(x) else x


def links(site: Site, traffic: Sequence[LinkTraffic]) -> list[Json]:
    """Lines and devices with what their sources count."""
    known = {link.id: link for link in site.links}
    return [_link(known.get(t.link), t) for t in traffic]


def _link(link: Link | None, t: LinkTraffic) -> Json:
    return {
        "link": t.link,
        "description": link.description if link else t.link,
        "parent": link.parent if link else "",
        "up": t.up,
        "requests": t.requests,
        "replies": t.replies,
        "errors": t.errors,
        "overdue": t.overdue,
        "reply_s": t.rtt / NS,
        "reply_max_s": t.rtt_max / NS,
        "cycles": {f"{period / NS:g}": achieved / NS for period, achieved in t.cycles.items()},
    }


def maybe_iso(ns: int | None) -> str | None:
    """A time that may not have come yet (0 or None)."""
    return iso(ns) if ns else None


def status(present: Present) -> Json:
    """Who this gateway is and how it does."""
    site, now = present.site, present.status
    return {
        "gateway": site.gateway,
        "county": site.county,
        "site": site.id,
        "name": site.name,
        "name_en": site.name_en,
        "config": site.config_hash,
        "table": site.table,
        "epoch": present.epoch,
        "seq": present.head_seq,
        "hash": present.head_hash,
        **_health(now),
    }


def _health(now: Status) -> Json:
    return {
        "state": now.state,
        "time": iso(now.time),
        "started": iso(now.started),
        "version": now.version,
        "tags": {"good": now.tags_good, "uncertain": now.tags_uncertain, "bad": now.tags_bad},
        "backlog": dict(now.backlog),
        "oldest_unsent_alarm": maybe_iso(now.oldest_unsent_alarm),
        "disk_free": now.disk_free,
        "disk_days": finite(now.disk_days),
        "history_from": maybe_iso(now.history_from),
        "history_bytes": now.history_bytes,
        "durable": now.durable,
        "clock_offset_s": finite(now.clock_offset_s),
        "clock_synchronised": now.clock_synchronised,
        "certificate_days": now.certificate_days,
        "troubles": list(now.troubles),
        "exercise": now.exercise or None,
    }


def levels(site: Site, states: Sequence[LiveState]) -> list[Json]:
    """Live beside base level, the site first; what explains it in words a page can resolve (ids)."""
    places = {i.id: i for i in site.installations}
    return [_level(site, places.get(state.installation), state) for state in states]


def _level(site: Site, place: Installation | None, state: LiveState) -> Json:
    return {
        "installation": state.installation,
        "name": place.name if place else site.name,
        "name_en": place.name_en if place else site.name_en,
        "kind": place.kind if place else "",
        "grade": place.grade if place else None,
        "stage": place.stage.value if place else "live",
        "owners": [o.name for o in place.owners] if place else [],
        "materials": list(place.materials) if place else [],
        "level": state.level.value,
        "base": state.base.word,
        "since": maybe_iso(state.since),
        "cause": list(state.cause),
        "blinded": list(state.blinded),
        "not_judged": list(state.not_judged),
        "unjudged": list(state.unjudged),
        "suppressed": list(state.suppressed),
        "modifiers": list(state.modifiers),
    }


def alarm(o: Occurrence) -> Json:
    """One open occurrence with its axes side by side."""
    return {
        "id": o.id,
        "n": o.n,
        "rule": o.rule,
        "name": o.name,
        "tag": o.tag,
        "installation": o.installation,
        "kind": o.kind,
        "fault": o.fault,
        "shadow": o.shadow,
        "description": o.description,
        "class": o.cls,
        "unit": o.unit,
        "level": o.level.word,
        "priority": o.priority,
        "onset": iso(o.onset),
        "raised": iso(o.raised),
        "changed": iso(o.changed),
        **o.axes.as_json(),
        "isa": o.isa,
        "value": finite(o.value),
        "limit": finite(o.limit),
        "reset": finite(o.reset),
        "quality": quality_name(o.quality),
        "quality_status": status_of(o.quality).name.lower(),
        "guidance": o.guidance,
        "members": list(o.members),
        "acknowledged_by": actor(o.acknowledged_by),
        "comment": o.comment,
        "first_out": o.first_out,
        "group": o.group,
        "until": maybe_iso(o.until if o.until < NEVER else 0),
        "set_aside_by": actor(o.set_aside_by),
        "reason": o.reason,
        "permit": o.permit,
        "calibrating": o.calibrating,
        "aside_for": o.aside_for,
        "due": maybe_iso(o.due if o.due < NEVER else 0),
        "report_due": maybe_iso(o.report_due if o.report_due < NEVER else 0),
    }


def actor(who: Actor | None) -> Json | None:
    """The person behind an act."""
    return None if who is None else {"id": who.id, "name": who.name, "workstation": who.workstation}


def tag(t: Tag, rules: Sequence[Rule]) -> Json:
    """What does not change while a configuration runs."""
    return {
        "id": t.id,
        "raw": t.raw,
        "description": t.description,
        "description_en": t.description_en,
        "class": t.cls,
        "unit": t.unit,
        "installation": t.installation,
        "low": finite(t.low),
        "high": finite(t.high),
        "max_age_s": t.max_age / 1e9,
        "links": list(t.links),
        "calibration_due": t.calibration_due,
        "manual": t.manual,
        "twin": t.twin,
        "twin_within": t.twin_within,
        "limits": [limit(r) for r in rules],
    }


def limit(r: Rule) -> Json:
    """A limit rule as the trend draws it. A disabled one is listed as such, never hidden."""
    return {
        "rule": r.id,
        "name": r.name,
        "side": "high" if r.kind is RuleKind.LIMIT_HIGH else "low",
        "trigger": finite(r.trigger),
        "reset": finite(r.reset),
        "level": r.level.word,
        "priority": r.priority,
        "stage": r.stage.value,
        "enabled": r.enabled,
    }


def limits_by_tag(site: Site) -> dict[str, list[Rule]]:
    """Tag id -> its limit rules, in the order of the configuration."""
    found: dict[str, list[Rule]] = {}
    for rule in site.rules:
        if rule.kind in LIMIT_KINDS:
            found.setdefault(rule.subject, []).append(rule)
    return found


def reading(state: TagState) -> Json:
    """The present of a tag."""
    return {
        "value": finite(state.value),
        "quality": quality_name(state.quality),
        "quality_status": status_of(state.quality).name.lower(),
        "source": maybe_iso(state.source),
        "received": maybe_iso(state.received),
    }
