"""An event as it is published: the JSON object that is hashed, kept and sent. :mod:`gateway.model.wire` reads it."""

import math
from typing import Any

from gateway.model.commands import Actor
from gateway.model.events import SCHEMA, Event, Stamp
from gateway.model.quality import quality_name
from gateway.model.times import iso


def _finite(x: float | None) -> float | None:
    return None if x is None or math.isnan(x) or x in (float("inf"), float("-inf")) else float(x)


def body(event: Event, stamp: Stamp) -> dict[str, Any]:
    """The published JSON object without ``prev_hash`` and ``hash``; empty fields are left out."""
    e = event
    out: dict[str, Any] = {
        "schema": SCHEMA,
        "gateway": stamp.gateway,
        "epoch": stamp.epoch,
        "seq": stamp.seq,
        "event": e.event.value,
        "time": iso(e.time),
        "recorded": iso(stamp.recorded),
        "county": stamp.county,
        "site": stamp.site,
    }
    optional: dict[str, Any] = {
        "id": e.id,
        "n": e.n or None,
        "installation": e.installation,
        "tag": e.tag,
        "description": e.description,
        "class": e.cls,
        "unit": e.unit,
        "rule": e.rule,
        "rule_version": e.rule_version,
        "kind": e.kind,
        "level": e.level.word if e.level else None,
        "levels": [x.word for x in e.levels],
        "priority": e.priority,
        "onset": iso(e.onset) if e.onset is not None else None,
        "value": _finite(e.value),
        "limit": _finite(e.limit),
        "reset": _finite(e.reset),
        "quality": quality_name(e.quality) if e.quality is not None else None,
        "rate": _finite(e.rate),
        "eta_s": _finite(e.eta_s),
        "confidence": _finite(e.confidence),
        "before": e.before.as_json() if e.before else None,
        "after": e.after.as_json() if e.after else None,
        "isa": e.isa,
        "actor": _actor(e.actor),
        "comment": e.comment,
        "guidance": e.guidance,
        "members": list(e.members),
        "detail": e.detail,
    }
    out.update({k: v for k, v in optional.items() if v not in (None, "", [], {})})
    out.update(_flags(e, stamp))
    return out


def _flags(e: Event, stamp: Stamp) -> dict[str, Any]:
    flags: dict[str, Any] = {"fault": e.fault, "alg": "sha256"}
    if e.shadow:
        flags["stage"] = "shadow"
    if e.backfill:
        flags.update(backfill=True, late_s=_finite(e.late_s))
    if not stamp.durable:
        flags["durable"] = False
    if stamp.exercise:
        flags["exercise"] = stamp.exercise
    return flags


def _actor(actor: Actor | None) -> dict[str, str] | None:
    if actor is None:
        return None
    return {"id": actor.id, "name": actor.name, "role": actor.role, "workstation": actor.workstation}
