"""How a change that two persons signed gets into the one file of overrides, and from there into what runs."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.app.reload import REQUIRED, Reload
from gateway.config.diff import Change as Difference
from gateway.config.diff import differences
from gateway.config.kept import remember
from gateway.config.load import Loaded
from gateway.config.overrides import Overrides, write_overrides
from gateway.model.commands import Act, Actor, Command
from gateway.model.effective import dump_site
from gateway.model.errors import Refused
from gateway.runtime.machine import Machine


@dataclass(frozen=True, slots=True)
class Ask:
    """Who asks for a change, who agrees, and why."""

    actor: Actor
    second: Actor
    why: str

    def check(self) -> None:
        """Two persons, and a reason.

        Raises:
            Refused: nobody agreed, or the same one, or it is not said why.
        """
        if self.second.id in ("", self.actor.id):
            raise Refused("this is done by two persons: a second one must agree")
        if not self.why.strip():
            raise Refused("this needs a reason")


class Signing:
    """Over the gateway ``machine``, whose files ``reload`` reads."""

    def __init__(self, machine: Machine, reload: Reload) -> None:
        self._machine = machine
        self._reload = reload
        self.turn = asyncio.Lock()
        """one change at a time, from reading the files to putting it in place: two would undo each other"""

    @property
    def loaded(self) -> Loaded:
        """What runs, as it was read then."""
        return self._reload.loaded

    async def running(self) -> Loaded:
        """The files, which say what runs: a signature is for this change and no other.

        Raises:
            Refused: they say something else.
        """
        found = await self._reload.read()
        if found.site.config_hash != self._machine.site.config_hash:
            raise Refused("the files say other things than what runs; reload them, or put them back, first")
        return found

    async def put(
        self, before: Loaded, content: Overrides, ask: Ask, meant: Callable[[Difference], bool],
        first: Command | None = None,
    ) -> Mapping[str, Any]:  # fmt: skip
        """Write ``content`` and put it in place; ``first`` is journalled before. The file is as it was if that fails.

        Raises:
            Refused: other things than what is ``meant`` would change with it, or see :meth:`Reload.ask`.
        """
        kept = before.origin.overriding.content
        remember(before, content, unless_more=True)
        write_overrides(before.overrides, content)
        try:
            return await self._put(ask, meant, first)
        except BaseException:
            write_overrides(before.overrides, kept)
            remember(before, kept)
            raise

    async def _put(
        self, ask: Ask, meant: Callable[[Difference], bool], first: Command | None
    ) -> Mapping[str, Any]:
        new = await self._reload.read()
        others = [d for d in differences(self._machine.site, new.site) if not meant(d)]
        if others:
            raise Refused(f"the files changed meanwhile: {others[0]}")
        await self._approve(new, ask)
        if first is not None:
            await self._machine.submit(first)
        return await self._reload.ask(ask.actor, ask.why, ask.second)

    async def _approve(self, new: Loaded, ask: Ask) -> None:
        """By the two who signed it, where what ran was approved."""
        known, digest = self._machine.watch.approved, new.site.config_hash
        if self._machine.site.config_hash in known:
            if digest not in known:
                await self.keep(new)
                words = (("hash", digest),)
                made = Command(Act.APPROVE, ask.actor, (), ask.why, second=ask.second, words=words)
                await self._machine.submit(made)
        elif new.site.approval == REQUIRED and digest not in known:
            raise Refused("what runs is not approved; `fengsui approve` it first, by two persons")

    async def keep(self, loaded: Loaded) -> None:
        """Keep a configuration whole under its hash."""
        await self._machine.keep_config(loaded.site.config_hash, dump_site(loaded.site))
