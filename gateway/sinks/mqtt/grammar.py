"""The topic grammar as one literal table, for the published description and the conformance test. Pure."""

import re
from dataclasses import dataclass
from typing import Final

SEGMENT: Final = "[A-Za-z0-9_-]{1,64}"
LEVELS: Final = ("red", "orange", "yellow", "blue")


@dataclass(frozen=True, slots=True)
class Branch:
    """One row: topic below the root, its schema, whether it is retained and may be emptied, and what it is for."""

    name: str
    address: str
    schema: str
    retained: bool
    emptied: bool
    about: str


BRANCHES: Final = (
    Branch("status", "status", "status", True, False, "state of the gateway, every minute; last will"),
    Branch("birth", "birth", "birth", True, False, "manifest of what the gateway watches"),
    Branch(
        "birthPage", "birth/{installation}/{page}", "birth-page", True, True, "installations, tags, rules"
    ),
    Branch("alarms", "alarms/{level}/{installation}/{tag}", "event", False, False, "process alarms by level"),
    Branch(
        "faults", "faults/{level}/{installation}/{tag}", "event", False, False, "instrument and system alarms"
    ),
    Branch("state", "state/{installation}/{tag}/{rule}", "state", True, True, "what is open of each rule"),
    Branch("level", "level", "level", True, False, "live and base levels"),
    Branch("events", "events", "event", False, False, "every journal event in sequence"),
)
RECEIPTS: Final = Branch("receipts", "receipts", "receipt", True, False, "what the county has stored")
"""The one topic that a gateway reads: the county publishes it."""
PARTS: Final = {
    "county": r"\d{6}",
    "site": SEGMENT,
    "gateway": SEGMENT,
    "installation": SEGMENT,
    "tag": SEGMENT,
    "rule": SEGMENT,
    "level": "|".join(LEVELS),
    "page": "[1-9][0-9]*",
}
ROOT: Final = "fengsui/v1/{county}/{site}/{gateway}"


def _pattern(address: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", lambda m: f"(?P<{m[1]}>{PARTS[m[1]]})", f"{ROOT}/{address}"))


_PATTERNS: Final = tuple((branch, _pattern(branch.address)) for branch in BRANCHES)


def parse_topic(topic: str) -> tuple[Branch, dict[str, str]] | None:
    """The branch and the named parts, or None when the topic is not of this grammar."""
    for branch, pattern in _PATTERNS:
        if found := pattern.fullmatch(topic):
            return branch, found.groupdict()
    return None
