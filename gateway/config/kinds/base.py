"""An entry of the ``rules`` section whose kind has settings of its own."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from gateway.config.rulebase import RuleBase
from gateway.model.site import Setting, Tag


@dataclass(frozen=True, slots=True)
class Member:
    """One tag that a rule looks at.

    Attributes:
        role: parameter of the kind it stands for.
        tag: its id.
        key: where it is written, from the entry down: ``("tags", 0)``.
    """

    role: str
    tag: str
    key: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Wrong:
    """Something an entry cannot have beside its other settings or its tags. ``value`` None: what stands at ``key``."""

    key: str
    allowed: str
    hint: str = ""
    value: Any = None


class KindEntry(RuleBase):
    """One rule of a kind with settings of its own: says which tags it looks at and what its parameters are.

    A subclass has ``kind: Literal["..."]``, one word of :class:`gateway.model.site.RuleKind`, which is also the name of
    its parameters in :data:`detectors.kinds.KINDS`; and its own fields.
    """

    judged: ClassVar[str]
    """when it is an alarm, for the reference page"""
    short: ClassVar[str]
    """name of a rule whose id has no dot"""
    kind: Any

    def members(self) -> tuple[Member, ...]:
        """The tags it looks at, in order; the first gives installation, description, class and unit."""
        raise NotImplementedError

    def subject(self) -> str:
        """The tag or group it is published under."""
        return self.members()[0].tag

    def limits(self) -> tuple[float, float]:
        """Trigger and reset, as alarms show them."""
        raise NotImplementedError

    def settings(self) -> Mapping[str, Setting]:
        """Its parameters by name, but tags and delays. Times in ns, limits in the tag's unit."""
        raise NotImplementedError

    def settings_for(self, tags: Mapping[str, Tag]) -> Mapping[str, Setting]:
        """The same, where they depend on the tags: their ranges, their units."""
        del tags
        return self.settings()

    def wrong(self, tags: Mapping[str, Tag]) -> Iterator[Wrong]:
        """What is wrong with it beside ``tags`` (those of its members that are known), one by one."""
        raise NotImplementedError
