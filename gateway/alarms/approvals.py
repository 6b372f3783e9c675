"""What people agreed to of the configuration, out of the journal: approvals, and changes that wait for an answer."""

from dataclasses import asdict
from typing import Any, Final

from gateway.model.events import Event, EventKind

_ANSWERS: Final = (EventKind.CHANGE_AGREED, EventKind.CHANGE_DECLINED)


class Approvals:
    """See the module.

    ``approved``: hash of a configuration -> who approved it, who agreed, when (ns). ``proposed``: id of a change -> its
    words, and ``actor``, ``comment``, ``time`` (ns) of who asked.
    """

    def __init__(self) -> None:
        self.approved: dict[str, list[Any]] = {}
        self.proposed: dict[str, dict[str, Any]] = {}

    def fold(self, event: Event) -> None:
        """One more event."""
        if event.event is EventKind.CONFIG_APPROVED:
            who = event.actor.name if event.actor else ""
            self.approved[str(event.detail["hash"])] = [who, event.detail["second"]["name"], event.time]
        elif event.event is EventKind.CHANGE_PROPOSED:
            asked = {"actor": asdict(event.actor) if event.actor else {}, "comment": event.comment}
            self.proposed[str(event.detail["proposal"])] = {**event.detail, **asked, "time": event.time}
        elif event.event in _ANSWERS:
            self.proposed.pop(str(event.detail["proposal"]), None)

    def dump(self) -> dict[str, Any]:
        """JSON values."""
        return {"approved": self.approved, "proposed": self.proposed}

    def load(self, data: dict[str, Any]) -> None:
        """Inverse of :meth:`dump`; also of one made before there were changes to be asked for."""
        self.approved, self.proposed = dict(data.get("approved", {})), dict(data.get("proposed", {}))
