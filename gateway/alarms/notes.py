"""Records that change no alarm: configurations changed and approved, changes asked for, drills begun or ended. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from gateway.model.commands import Act, Actor, Command
from gateway.model.errors import Refused
from gateway.model.events import Event, EventKind
from gateway.model.inputs import ConfigChange

KINDS: Final[Mapping[Act, EventKind]] = {
    Act.APPROVE: EventKind.CONFIG_APPROVED,
    Act.PROPOSE: EventKind.CHANGE_PROPOSED,
    Act.AGREE: EventKind.CHANGE_AGREED,
    Act.DECLINE: EventKind.CHANGE_DECLINED,
    Act.EXERCISE_START: EventKind.EXERCISE_STARTED,
    Act.EXERCISE_END: EventKind.EXERCISE_ENDED,
}
_BY_TWO: Final = {Act.APPROVE: "a configuration", Act.AGREE: "a change"}
_OF_CHANGE: Final = (Act.PROPOSE, Act.AGREE, Act.DECLINE)
DIGITS: Final = 64
"""of a SHA-256 in hex"""


def note(command: Command, time: int) -> Event:
    """The record of it.

    Raises:
        Refused: an approval without a whole hash, or without a second person; a change that is not named.
    """
    words: dict[str, Any] = dict(command.words)
    if command.act in _OF_CHANGE and not words.get("proposal"):
        raise Refused(f"{command.act.value} names no change")
    if command.act in _BY_TWO:
        _by_two(command, words)
    if command.second is not None:
        words["second"] = {"id": command.second.id, "name": command.second.name}
    kind = KINDS[command.act]
    return Event(event=kind, time=time, actor=command.actor, comment=command.comment, detail=words)


def _by_two(command: Command, words: Mapping[str, Any]) -> None:
    if command.act is Act.APPROVE and len(str(words.get("hash", ""))) != DIGITS:
        raise Refused(f"approve needs the whole hash of a configuration, {DIGITS} digits")
    second = command.second
    if second is None or second.id in ("", command.actor.id):
        raise Refused(f"{_BY_TWO[command.act]} is approved by two persons: a second one must agree")


def config_changed(fact: ConfigChange) -> Event:
    """Another configuration judges: both hashes, who asked and agreed, and what differs."""
    detail: dict[str, Any] = {"old": fact.old, "new": fact.new}
    if fact.second:
        detail["second"] = fact.second
    if fact.changes:
        detail.update(changes=list(fact.changes), changes_count=fact.count)
    actor = Actor(fact.by, fact.by) if fact.by else None
    return Event(event=EventKind.CONFIG_CHANGED, time=fact.time, actor=actor, comment=fact.why, detail=detail)
