"""Management of change: stages signed by two persons, and configurations approved by two persons."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from gateway.app.proposals import OF_KIND, Proposals
from gateway.app.reload import Reload
from gateway.app.signing import Ask, Signing
from gateway.config.diff import Change as Difference
from gateway.config.load import Loaded
from gateway.config.numbers import changeable
from gateway.config.overrides import NUMBERS, Signed, SignedNumbers
from gateway.model.commands import Act, Actor, Command
from gateway.model.errors import Refused
from gateway.model.levels import Stage
from gateway.model.site import Site
from gateway.model.times import iso
from gateway.runtime.change import Change
from gateway.runtime.machine import Machine


class Changes:
    """What people may change of the gateway ``machine``, whose files ``reload`` reads; the console's change port."""

    def __init__(self, machine: Machine, reload: Reload) -> None:
        self._machine = machine
        self._reload = reload
        self._signing = Signing(machine, reload)
        self.proposals = Proposals(machine, self._signing)
        reload.approved = lambda digest: digest in machine.watch.approved

    async def reload(self, actor: Actor, why: str, *, accept: bool = False) -> Mapping[str, Any]:
        """See :meth:`gateway.app.reload.Reload.ask`."""
        return await self._reload.ask(actor, why, accept=accept)

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
        signed = Signed(
            stage="live" if stage == "live" else "shadow", by=ask.actor.name or ask.actor.id,
            second=second.name or second.id, reason=ask.why, time=iso(self._machine.clock.now()),
        ).sealed(ident)  # fmt: skip
        async with self._signing.turn:
            before = await self._signing.running()
            content = before.origin.overriding.content.put(part, ident, signed)
            return await self._signing.put(before, content, ask, lambda d: d.field == "stage")

    async def _whole(self, digest: str) -> str:
        """The one known hash that begins so; a configuration in the files is kept as it is."""
        known = {self._machine.site.config_hash, *await self._machine.kept_configs()}
        found = [each for each in known if each.startswith(digest)]
        if not found or not digest:
            new = await self._reload.read()
            found = [new.site.config_hash] if new.site.config_hash.startswith(digest) else []
            if found:
                await self._signing.keep(new)
        if len(found) != 1:
            raise Refused(
                f"{digest!r} names {len(found)} configurations; `fengsui approve` says which there are"
            )
        return found[0]


def signed(change: Change, differ: Sequence[Difference], loaded: Loaded) -> Change:
    """A gateway that was killed between writing a signature and acting on it finds a change that nobody asked for: then
    the signature says who did. Anything else stays in the name of whoever asked.
    """
    if change.actor is not None or not differ:
        return change
    names = [_signature(d, loaded) for d in differ]
    by = names[0]
    if by is None or any(each is None or (each.by, each.second) != (by.by, by.second) for each in names):
        return change
    return replace(change, actor=Actor(by.by, by.by), second=Actor(by.second, by.second), why=by.reason)


def _signature(difference: Difference, loaded: Loaded) -> Signed | SignedNumbers | None:
    """Who signed it; None: nobody."""
    kept, name = loaded.origin.overriding.content, difference.id
    if difference.part == "rules" and difference.field in (*NUMBERS, *OF_KIND):
        entry = kept.limits.get(name)
        return entry if entry is not None and _covers(entry, difference, loaded) else None
    parts = {"rules": kept.rules, "installations": kept.installations}
    return (
        parts[difference.part].get(name) if difference.field == "stage" and difference.part in parts else None
    )


def _covers(entry: SignedNumbers, difference: Difference, loaded: Loaded) -> bool:
    """The signed numbers are what differs: themselves, or what a rule's kind makes of its settings."""
    rule = loaded.site.rules[loaded.site.rule_index[difference.id]]
    own = entry.settings is not None and difference.field not in changeable(rule)
    return difference.field in entry.given or own


def _may(site: Site, part: str, ident: str, stage: str) -> None:
    here: Mapping[str, Stage] = {each.id: each.stage for each in getattr(site, part)}
    if ident not in here:
        raise Refused(f"no such thing among the {part}: {ident!r}")
    if here[ident] is Stage(stage):
        raise Refused(f"{ident} is {stage} already")
