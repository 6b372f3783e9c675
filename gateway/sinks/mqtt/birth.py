"""The birth manifest and its pages: what the gateway watches. Pure.

A page holds at most 128 kB, because brokers refuse large messages (the embedded one above 1 MB).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import orjson

from gateway.model.ports import Present
from gateway.model.site import Installation, Link, Rule, Site, Tag
from gateway.model.times import NS, iso
from gateway.sinks.mqtt.encode import to_json
from gateway.sinks.mqtt.topics import Topics

PAGE_BYTES: Final = 128 * 1024
_ROOM: Final = 8 * 1024
"""Kept free on a page for its head and the installation."""


@dataclass(frozen=True, slots=True)
class _Item:
    """A tag, rule or link as it stands on a page."""

    kind: str
    body: bytes


def birth_messages(topics: Topics, present: Present) -> dict[str, bytes]:
    """Topic -> body: pages first, the manifest last, so that it never names a page that is not there."""
    site, wanted, listed = present.site, {}, []
    for place in (*site.installations, *_elsewhere(site)):
        pages = list(_pages(_items(site, place.id)))
        for n, page in enumerate(pages, start=1):
            wanted[topics.birth_page(place.id, n)] = _page_body(present, place, page, (n, len(pages)))
        listed.append({"installation": place.id, "name": place.name, "pages": len(pages)})
    wanted[topics.birth] = _manifest(present, listed)
    return wanted


def _manifest(present: Present, listed: list[dict[str, Any]]) -> bytes:
    site = present.site
    counts = {"tags": len(site.tags), "rules": len(site.rules), "links": len(site.links)}
    names = {"name": site.name, "name_en": site.name_en}
    head = {**_head(present), "version": present.status.version}
    return to_json({**head, **names, "counts": counts, "installations": listed})


def _head(present: Present) -> dict[str, Any]:
    site = present.site
    return {
        "schema": "fengsui.birth/1",
        "gateway": site.gateway,
        "epoch": present.epoch,
        "time": iso(present.time),
        "county": site.county,
        "site": site.id,
        "config": site.config_hash,
    }


def _page_body(present: Present, place: Installation, page: list[_Item], at: tuple[int, int]) -> bytes:
    head = {**_head(present), "schema": "fengsui.birth-page/1", "page": at[0], "pages": at[1]}
    lists = {
        kind: [orjson.Fragment(i.body) for i in page if i.kind == kind] for kind in ("tags", "rules", "links")
    }
    return orjson.dumps({**head, "installation": _installation(place), **lists})


def _pages(items: Iterator[_Item]) -> Iterator[list[_Item]]:
    page: list[_Item] = []
    size = 0
    for item in items:
        if page and size + len(item.body) + 1 > PAGE_BYTES - _ROOM:
            yield page
            page, size = [], 0
        page.append(item)
        size += len(item.body) + 1
    yield page


def _elsewhere(site: Site) -> tuple[Installation, ...]:
    """A place for tags and links that name none of the installations."""
    known = {i.id for i in site.installations}
    if all(t.installation in known for t in site.tags) and all(_place(site, k) in known for k in site.links):
        return ()
    return (Installation(id="none", name=""),)


def _items(site: Site, place: str) -> Iterator[_Item]:
    known = {i.id for i in site.installations}
    here = (lambda x: x not in known) if place not in known else (lambda x: x == place)
    yield from (_Item("tags", to_json(_tag(t))) for t in site.tags if here(t.installation))
    yield from (_Item("rules", to_json(_rule(r))) for r in site.rules if here(r.installation))
    yield from (_Item("links", to_json(_link(k))) for k in site.links if here(_place(site, k)))


def _place(site: Site, link: Link) -> str:
    members = site.link_tags[link.id]
    return link.installation or (site.tags[members[0]].installation if members else "")


def _tag(t: Tag) -> dict[str, Any]:
    return {
        "id": t.id,
        "raw": t.raw,
        "description": t.description,
        "description_en": t.description_en,
        "class": t.cls,
        "unit": t.unit,
        "low": t.low,
        "high": t.high,
        "period_s": t.period / NS,
        "max_age_s": t.max_age / NS,
        "limit_required": t.limit_required or None,
        "expression": t.expression or None,
        "calibration_due": t.calibration_due,
        "links": list(t.links),
    }


def _rule(r: Rule) -> dict[str, Any]:
    return {
        "id": r.id,
        "name": r.name,
        "kind": r.kind.value,
        "tag": r.subject,
        "tags": list(r.tags) if r.tags != (r.subject,) else [],
        "level": r.level.word,
        "priority": r.priority,
        "trigger": r.trigger,
        "reset": r.reset,
        "on_delay_s": r.on_delay / NS,
        "off_delay_s": r.off_delay / NS,
        "stage": r.stage.value,
        "enabled": r.enabled,
        "description": r.description,
        "guidance": r.guidance,
        "standard": r.standard,
        "clause": r.clause,
        "mark": r.mark,
        "verified_by": r.verified_by,
        "version": r.version,
    }


def _link(k: Link) -> dict[str, Any]:
    return {"id": k.id, "description": k.description, "source": k.source, "parent": k.parent}


def _installation(i: Installation) -> dict[str, Any]:
    fields = {
        "id": i.id,
        "name": i.name,
        "name_en": i.name_en,
        "kind": i.kind,
        "grade": i.grade,
        "base_level": i.base_level.word,
        "stage": i.stage.value,
        "position": list(i.position) if i.position else None,
        "materials": list(i.materials),
        "owners": [o.name for o in i.owners],
    }
    return {k: v for k, v in fields.items() if v not in (None, "", [])}
