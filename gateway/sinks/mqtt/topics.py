"""The topic tree under ``fengsui/v1/<county>/<site>/<gateway>/``. Pure."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from gateway.model.levels import Level
from gateway.model.site import Site

_NOT_TOPIC: Final = re.compile(r"[^A-Za-z0-9_-]")


@lru_cache(4096)
def segment(text: str) -> str:
    """``text`` as one level of a topic: ``[A-Za-z0-9_-]{1,64}``; what does not fit becomes ``_``, nothing ``none``.

    Ids from the configuration already fit. Rule ids (``LT-101.HH``) and link ids (``plc1/3``) may not.
    """
    return _NOT_TOPIC.sub("_", text)[:64] or "none"


def rule_segment(rule: str, tag: str) -> str:
    """Last level of a state topic: the rule's id without its tag (``LT-101.HH`` -> ``HH``).

    Of the id, not the rule's name: every event has the id, and ``check`` keeps these apart (decision 0013).
    """
    return segment(rule.removeprefix(f"{tag}.") if tag else rule)


def client_id(site: Site, sink: str) -> str:
    """One per connection and gateway. Brokers disagree on what is allowed; letters, digits and ``-`` all take."""
    kind = "fengsui-exercise" if site.exercise else "fengsui"
    return _NOT_TOPIC.sub("-", f"{kind}-{site.county}-{site.id}-{site.gateway}-{sink}")


@lru_cache(16_384)
def _state(root: str, installation: str, tag: str, rule: str) -> str:
    """Kept: with each change all that is open is looked through for it."""
    return f"{root}/state/{segment(installation)}/{segment(tag)}/{rule_segment(rule, tag)}"


@dataclass(frozen=True, slots=True)
class Topics:
    """Topic names of one gateway; ``root`` without a trailing slash."""

    root: str

    @property
    def status(self) -> str:
        return f"{self.root}/status"

    @property
    def level(self) -> str:
        return f"{self.root}/level"

    @property
    def events(self) -> str:
        return f"{self.root}/events"

    @property
    def receipts(self) -> str:
        return f"{self.root}/receipts"

    @property
    def birth(self) -> str:
        return f"{self.root}/birth"

    def birth_page(self, installation: str, page: int) -> str:
        return f"{self.root}/birth/{segment(installation)}/{page}"

    def state(self, installation: str, tag: str, rule: str) -> str:
        return _state(self.root, installation, tag, rule)

    def announcement(self, level: Level, installation: str, tag: str, *, fault: bool) -> str:
        """``alarms/<level>/...`` of a process alarm, ``faults/<level>/...`` of an instrument or system alarm."""
        branch = "faults" if fault else "alarms"
        return f"{self.root}/{branch}/{level.word}/{segment(installation)}/{segment(tag)}"
