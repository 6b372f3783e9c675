"""Another configuration without another process: what was asked for, by whom, and what becomes of it.

A change is a short stop and a start inside the running process: the kernels stay loaded, the store's own restart path
carries alarms, acknowledgements, shelves, delays and windows over, and a ``config-changed`` event names who and why.
What cannot change under way (identity, state folder) is refused with the place where it stands.
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import structlog

from gateway.config.diff import differences
from gateway.config.load import Loaded, load
from gateway.model.commands import Actor
from gateway.model.errors import Fault, Misconfigured, Refused

ANSWER_S: Final = 0.3
"""the answer leaves before the console that gives it is taken down"""
log = structlog.get_logger()


class Reload:
    """Where a new configuration is asked for; one at a time."""

    def __init__(self, loaded: Loaded) -> None:
        self.loaded = loaded
        self.change: tuple[Actor | None, str] = (None, "")
        """who asked for the configuration that runs, and why"""
        self.asked = asyncio.Event()
        self._under_way = False
        self._before: Loaded | None = None

    def go_back(self) -> bool:
        """The new configuration could not be built: the one before it again. False: there is none."""
        if self._before is None:
            return False
        self.loaded, self._before = self._before, None
        self.change = (None, "the new configuration could not be put in place")
        return True

    def begun(self) -> None:
        """The configuration that was asked for is being put in place."""
        self.asked.clear()
        self._under_way = False
        self._before = None

    async def ask(self, actor: Actor | None, why: str) -> Mapping[str, Any]:
        """Read the files again; what differs. The change itself follows at once.

        Raises:
            Refused: another change is under way, nothing differs, or the files have faults (nothing was changed).
        """
        if self._under_way:
            raise Refused("another configuration is being put in place")
        self._under_way = True
        try:
            return await self._ask(actor, why)
        except BaseException:
            self._under_way = False
            raise

    async def _ask(self, actor: Actor | None, why: str) -> Mapping[str, Any]:
        new = await asyncio.to_thread(_checked, self.loaded)
        changes = differences(self.loaded.site, new.site)
        if new.site.config_hash == self.loaded.site.config_hash and not _rim_differs(self.loaded, new):
            raise Refused("the files say what runs already")
        old = self.loaded.site.config_hash
        self._before, self.loaded, self.change = self.loaded, new, (actor, why)
        log.info("another configuration", old=old[:12], new=new.site.config_hash[:12], changes=len(changes))
        asyncio.get_running_loop().call_later(ANSWER_S, self.asked.set)
        return {"old": old, "new": new.site.config_hash, "changes": [str(change) for change in changes]}


def _checked(running: Loaded) -> Loaded:
    try:
        new = load(running.path)
        moved = list(_moved(running, new))
        if moved:
            raise Misconfigured(moved)
    except Misconfigured as error:
        raise Refused("; ".join(map(str, error.faults)) or str(error)) from error
    return new


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
