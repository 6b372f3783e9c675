"""Another configuration without another process: what was asked for, by whom, and what becomes of it.

A change is a short stop and a start inside the running process: the kernels stay loaded, the store's own restart path
carries alarms, acknowledgements, shelves, delays and windows over, and a ``config-changed`` event names who and why.
What cannot change under way (identity, state folder) is refused with the place where it stands.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import structlog

from gateway.config.diff import Change as Difference
from gateway.config.diff import differences
from gateway.config.kept import deployed
from gateway.config.load import Loaded
from gateway.model.commands import Actor
from gateway.model.errors import Fault, Misconfigured, Refused

if TYPE_CHECKING:  # gateway.runtime imports numba, which must find its cache prepared
    from gateway.runtime.change import Change

ANSWER_S: Final = 0.3
"""the answer leaves before the console that gives it is taken down"""
REQUIRED: Final = "required"
log = structlog.get_logger()


class Reload:
    """Where a new configuration is asked for; one at a time."""

    def __init__(self, loaded: Loaded, lost: Sequence[Fault] = ()) -> None:
        self.loaded = loaded
        self._lost = lost
        self.by: tuple[Actor | None, str, Actor | None] = (None, "", None)
        """who asked for the configuration that runs, why, and who agreed"""
        self.asked = asyncio.Event()
        self.approved: Callable[[str], bool] = lambda _digest: False
        """was a configuration approved; of the machine that runs"""
        self._under_way = False
        self._before: Loaded | None = None

    def go_back(self) -> bool:
        """The new configuration could not be built: the one before it again. False: there is none."""
        if self._before is None:
            return False
        self.loaded, self._before = self._before, None
        self.by = (None, "the new configuration could not be put in place", None)
        return True

    def begun(self) -> None:
        """The configuration that was asked for is being put in place."""
        self.asked.clear()
        self._under_way = False
        self._before = None

    def change(self, differ: list[Difference]) -> "Change":
        """The change that led to what runs; ``differ``: from what ran before."""
        from gateway.runtime.change import Change  # noqa: PLC0415

        actor, why, second = self.by
        dropped = [f"- override {f.path}: {f.allowed}; dropped with consent" for f in self._lost]
        return Change(actor, why, second, [*dropped, *map(str, differ)])

    async def ask(
        self, actor: Actor | None, why: str, second: Actor | None = None, *, accept: bool = False
    ) -> Mapping[str, Any]:
        """Read the files again; what differs. The change itself follows at once. ``accept``: drop what was signed.

        Raises:
            Refused: another change is under way, nothing differs, the files have faults, or an approval is required
                and not there; nothing was changed.
        """
        if self._under_way:
            raise Refused("another configuration is being put in place")
        self._under_way = True
        try:
            return await self._ask((actor, why, second), accept=accept)
        except BaseException:
            self._under_way = False
            raise

    async def _ask(self, by: tuple[Actor | None, str, Actor | None], *, accept: bool) -> Mapping[str, Any]:
        new, lost = await asyncio.to_thread(_checked, self.loaded, accept=accept)
        changes = differences(self.loaded.site, new.site)
        digest = new.site.config_hash
        if digest == self.loaded.site.config_hash and not _rim_differs(self.loaded, new):
            raise Refused("the files say what runs already")
        if REQUIRED in (self.loaded.site.approval, new.site.approval) and not self.approved(digest):
            raise Refused(
                f"configuration {digest[:12]} is not approved: `fengsui approve` it first, by two persons"
            )
        old = self.loaded.site.config_hash
        self._before, self.loaded, self.by, self._lost = self.loaded, new, by, lost
        log.info("another configuration", old=old[:12], new=digest[:12], changes=len(changes))
        asyncio.get_running_loop().call_later(ANSWER_S, self.asked.set)
        return {"old": old, "new": digest, "changes": [str(change) for change in changes]}

    async def read(self) -> Loaded:
        """What the files say now, without changing anything.

        Raises:
            Refused: they have faults, or say what another process must begin with.
        """
        return (await asyncio.to_thread(_checked, self.loaded, accept=False))[0]


def _checked(running: Loaded, *, accept: bool) -> tuple[Loaded, list[Fault]]:
    """The files as they are, and what they drop with consent."""
    try:
        new, lost = deployed(running.path, accept=accept)
        moved = list(_moved(running, new))
        if moved:
            raise Misconfigured(moved)
    except Misconfigured as error:
        raise Refused("; ".join(map(str, error.faults)) or str(error)) from error
    return new, lost


def _moved(old: Loaded, new: Loaded) -> list[Fault]:
    """What another process must begin with."""
    names = {
        "gateway": (old.site.gateway, new.site.gateway),
        "county": (old.site.county, new.site.county),
        "site.id": (old.site.id, new.site.id),
        "state": (old.state, new.state),
    }
    hint = "stop the gateway and start it with the new file"
    return [
        Fault(str(Path(new.path)), None, name, str(now), f"{before}, as it runs", hint)
        for name, (before, now) in names.items()
        if before != now
    ]


def _rim_differs(old: Loaded, new: Loaded) -> bool:
    """Sources and outputs, and what is bound to them: also a change, though not of what is judged."""
    return (old.sources, old.outputs, old.file) != (new.sources, new.outputs, new.file)
