"""The AsyncAPI description, from the topic grammar. Pure; used by the schema generator only."""

import re
from typing import Any, Final

from gateway.sinks.mqtt.grammar import BRANCHES, LEVELS, RECEIPTS, ROOT, Branch

ABOUT: Final = """What a Fengsui gateway publishes. JSON, UTF-8, QoS 1. Times are UTC with nine digits.

Regulators subscribe to alarms, e.g. `fengsui/v1/341524/+/+/alarms/red/#`. An event goes to the topic of its level and,
until its occurrence is closed, of every level the occurrence has had. The same event may come twice: apply events by
(gateway, epoch, seq). After an outage the present state comes first, then history in order; with MQTT 5 late messages
carry the user properties `backfill` and `late_s`. Rules and links in topics: characters other than
`[A-Za-z0-9_-]` are replaced by `_`."""
PARAMETERS: Final[dict[str, dict[str, Any]]] = {
    "county": {"description": "six-digit GB/T 2260 code"},
    "site": {"description": "id of the enterprise's plant or mine"},
    "gateway": {"description": "id of the gateway"},
    "installation": {"description": "id of the installation; none, where there is none"},
    "tag": {"description": "id of the tag, group or link"},
    "rule": {
        "description": "the rule's id without its tag and dot in front: LT-101.HH is HH; XV-1.DISC, which is published "
        "under its feedback XV-1-FB, is XV-1_DISC"
    },
    "level": {"description": "what people are told", "enum": list(LEVELS)},
    "page": {"description": "1, 2, ..."},
}


def document() -> dict[str, Any]:
    """The whole description as data."""
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Fengsui gateway", "version": "1.0.0", "description": " ".join(ABOUT.split())},
        "defaultContentType": "application/json",
        "channels": {branch.name: _channel(branch) for branch in (*BRANCHES, RECEIPTS)},
        "operations": {
            **{f"publish{b.name[0].upper()}{b.name[1:]}": _operation(b, "send") for b in BRANCHES},
            "takeReceipts": _operation(RECEIPTS, "receive"),
        },
        "components": {
            "messages": {each: _message(each) for each in sorted({b.schema for b in (*BRANCHES, RECEIPTS)})},
            "parameters": PARAMETERS,
        },
    }


def _channel(branch: Branch) -> dict[str, Any]:
    address = f"{ROOT}/{branch.address}"
    names = re.findall(r"\{(\w+)\}", address)
    return {
        "address": address,
        "description": branch.about,
        "messages": {branch.schema: {"$ref": f"#/components/messages/{branch.schema}"}},
        "parameters": {name: {"$ref": f"#/components/parameters/{name}"} for name in names},
    }


def _operation(branch: Branch, action: str) -> dict[str, Any]:
    emptied = "; an empty message ends it" if branch.emptied else ""
    kept = f"retained{emptied}" if branch.retained else "not retained"
    return {
        "action": action,
        "summary": f"{branch.about} ({kept})",
        "channel": {"$ref": f"#/channels/{branch.name}"},
        "bindings": {"mqtt": {"qos": 1, "retain": branch.retained}},
    }


def _message(schema: str) -> dict[str, Any]:
    return {"contentType": "application/json", "payload": {"$ref": f"schemas/{schema}.json"}}
