"""Management of change: stages signed by two persons, and configurations approved by two persons."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gateway.app.reload import Reload
from gateway.config.diff import Change as Difference
from gateway.config.diff import differences
from gateway.config.load import Loaded
from gateway.config.overrides import Overrides, Signed, read_overrides, write_overrides
from gateway.model.commands import Act, Actor, Command
from gateway.model.effective import dump_site
from gateway.model.errors import Refused
from gateway.model.levels import Stage
from gateway.model.site import Site
from gateway.model.times import iso
from gateway.runtime.change import Change
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


class Changes:
    """What people may change of the gateway ``machine``, whose files ``reload`` reads; the console's change port."""

    def __init__(self, machine: Machine, reload: Reload) -> None:
        self._machine = machine
        self._reload = reload
        reload.approved = lambda digest: digest in machine.watch.approved

    async def reload(self, actor: Actor, why: str) -> Mapping[str, Any]:
        """See :meth:`gateway.app.reload.Reload.ask`."""
        return await self._reload.ask(actor, why)

    def configs(self) -> Mapping[str, Any]:
        """The configuration that runs, and all that were approved."""
        site, known = self._machine.site, self._machine.watch.approved
        approved = [
            {"hash": digest, "by": by, "second": second, "time": iso(time)}
            for digest, (by, second, time) in known.items()
        ]
        return {
            "running": site.config_hash,
            "approval": site.approval,
            "approved": site.config_hash in known,
            "approvals": approved,
        }

    async def approve(self, digest: str, actor: Actor, second: Actor, why: str) -> Mapping[str, Any]:
        """Journal that a configuration was approved: the one that runs, what the files say now, or one that was kept.

        Raises:
            Refused: no such configuration, approved already, or not two persons.
        """
        ask = Ask(actor, second, why)
        ask.check()
        whole = await self._whole(digest)
        if whole in self._machine.watch.approved:
            raise Refused(f"configuration {whole[:12]} is approved already")
        command = Command(Act.APPROVE, ask.actor, (), ask.why, second=second, words=(("hash", whole),))
        await self._machine.submit(command)
        return {"hash": whole, "running": whole == self._machine.site.config_hash}

    async def stage(
        self, part: str, ident: str, stage: str, actor: Actor, second: Actor, why: str
    ) -> Mapping[str, Any]:
        """Set the stage of one rule (``part`` is ``rules``) or installation, signed, and put it in place.

        Raises:
            Refused: not two persons, no such rule or installation, it has that stage, or the files say more.
        """
        ask = Ask(actor, second, why)
        ask.check()
        _may(self._machine.site, part, ident, stage)
        before = await self._reload.read()
        if before.site.config_hash != self._machine.site.config_hash:
            raise Refused("the files say other things than what runs; reload them, or put them back, first")
        path = before.path.parent / before.file.changes.overrides
        kept = read_overrides(path, []).content
        signed = Signed(
            stage="live" if stage == "live" else "shadow", by=ask.actor.name or ask.actor.id,
            second=second.name or second.id, reason=ask.why, time=iso(self._machine.clock.now()),
        )  # fmt: skip
        changed = {**getattr(kept, part), ident: signed}
        write_overrides(path, kept.model_copy(update={part: changed}))
        try:
            return await self._put(ask)
        except BaseException:
            _put_back(path, kept)
            raise

    async def _put(self, ask: Ask) -> Mapping[str, Any]:
        """Approved by the two who signed it, where what ran was approved, and put in place."""
        new = await self._reload.read()
        site, digest = self._machine.site, new.site.config_hash
        others = [d for d in differences(site, new.site) if d.field != "stage"]
        if others:
            raise Refused(f"the files changed meanwhile: {others[0]}")
        if site.config_hash in self._machine.watch.approved and digest not in self._machine.watch.approved:
            await self._keep(new)
            words = (("hash", digest),)
            await self._machine.submit(
                Command(Act.APPROVE, ask.actor, (), ask.why, second=ask.second, words=words)
            )
        return await self._reload.ask(ask.actor, ask.why, ask.second)

    async def _whole(self, digest: str) -> str:
        """The one known hash that begins so; a configuration in the files is kept as it is."""
        known = {self._machine.site.config_hash, *await self._machine.kept_configs()}
        found = [each for each in known if each.startswith(digest)]
        if not found or not digest:
            new = await self._reload.read()
            found = [new.site.config_hash] if new.site.config_hash.startswith(digest) else []
            if found:
                await self._keep(new)
        if len(found) != 1:
            raise Refused(
                f"{digest!r} names {len(found)} configurations; `fengsui approve` says which there are"
            )
        return found[0]

    async def _keep(self, loaded: Loaded) -> None:
        await self._machine.keep_config(loaded.site.config_hash, dump_site(loaded.site))


def signed(change: Change, differ: Sequence[Difference], loaded: Loaded) -> Change:
    """A gateway that was killed between writing a signature and acting on it finds a stage that nobody asked for: then
    the signature says who did. Anything else stays in the name of whoever asked.
    """
    if change.actor is not None or not differ or any(d.field != "stage" for d in differ):
        return change
    kept = read_overrides(loaded.path.parent / loaded.file.changes.overrides, []).content
    names = [getattr(kept, d.part).get(d.id) for d in differ if d.part in ("rules", "installations")]
    by = names[0] if names and None not in names else None
    if by is None or any((each.by, each.second) != (by.by, by.second) for each in names):
        return change
    return replace(change, actor=Actor(by.by, by.by), second=Actor(by.second, by.second), why=by.reason)


def _may(site: Site, part: str, ident: str, stage: str) -> None:
    here: Mapping[str, Stage] = {each.id: each.stage for each in getattr(site, part)}
    if ident not in here:
        raise Refused(f"no such thing among the {part}: {ident!r}")
    if here[ident] is Stage(stage):
        raise Refused(f"{ident} is {stage} already")


def _put_back(path: Path, kept: Overrides) -> None:
    """As it was; a file that said nothing is gone again."""
    if kept.rules or kept.installations:
        write_overrides(path, kept)
    else:
        path.unlink(missing_ok=True)
