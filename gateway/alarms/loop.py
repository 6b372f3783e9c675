"""The closed loop (闭环): open, assigned, handling, review, closed (销警) or false alarm (误报), and the people in it.

What the table cannot say is here: who handled it does not review it, and what each step must state.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from gateway.alarms.decide import Basis, press
from gateway.alarms.evolve import Held
from gateway.alarms.tables import Cause
from gateway.model.commands import Act, Command
from gateway.model.errors import Refused
from gateway.model.events import Event

STEPS: Final[Mapping[Act, Cause]] = {
    Act.ASSIGN: Cause.ASSIGN,
    Act.HANDLE: Cause.HANDLE,
    Act.SUBMIT: Cause.SUBMIT,
    Act.SEND_BACK: Cause.SEND_BACK,
    Act.SETTLE: Cause.SETTLE,
    Act.DISMISS: Cause.DISMISS,
    Act.REOPEN: Cause.REOPEN,
}
WORDS: Final = ("assignee", "cause", "measure", "evidence")
"""what a step may state"""
NEEDS: Final[Mapping[Act, tuple[str, ...]]] = {
    Act.ASSIGN: ("assignee",),
    Act.SUBMIT: ("cause", "measure"),
}
REASONED: Final = frozenset({Act.SEND_BACK, Act.DISMISS, Act.REOPEN})
"""steps that need a comment"""
REVIEWS: Final = frozenset({Act.SETTLE, Act.DISMISS, Act.SEND_BACK})


def step(held: Held, command: Command, basis: Basis) -> list[Event]:
    """One step of the loop.

    Raises:
        Refused: not possible now, something is not stated, or the reviewer is who handled it.
    """
    act, words = command.act, {k: v.strip() for k, v in command.words if v.strip()}
    unknown = sorted(set(words) - set(WORDS))
    if unknown:
        raise Refused(f"{act.value} states {', '.join(unknown)}; known are {', '.join(WORDS)}")
    missing = [name for name in NEEDS.get(act, ()) if name not in words]
    if missing:
        raise Refused(f"{act.value} must state {' and '.join(missing)}")
    if act in REASONED and not command.comment.strip():
        raise Refused(f"{act.value} needs a reason")
    if act in REVIEWS and command.actor.id == held.occurrence.handler:
        raise Refused(f"{command.actor.name} handled it; another person must review it")
    detail: dict[str, Any] = dict(sorted(words.items()))
    return press(held, STEPS[act], replace(basis, detail=detail))
