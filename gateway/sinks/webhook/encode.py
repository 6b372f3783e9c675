"""What is posted: the journal's exact bytes in an envelope. Pure."""

from collections.abc import Collection, Sequence

import orjson

from gateway.model.events import Event, Record
from gateway.model.site import Site


def wanted(event: Event, levels: Collection[str], *, whole: bool) -> bool:
    """Announced events of these levels; or everything."""
    if whole:
        return True
    return event.announced and event.level is not None and event.level.word in levels


def body(site: Site, records: Sequence[Record]) -> bytes:
    """``{schema, county, site, gateway, events: [...]}``; each event as it was hashed."""
    head = {"schema": "fengsui.webhook/1", "county": site.county, "site": site.id, "gateway": site.gateway}
    front = orjson.dumps({**head, "events": []})[:-2]
    return front + b",".join(r.data for r in records) + b"]}"


def key(site: Site, records: Sequence[Record]) -> str:
    """The same for the same events: a receiver that keeps it may drop what comes twice."""
    return f"{site.gateway}-{records[0].hash[:16]}-{records[0].seq}-{records[-1].seq}"
