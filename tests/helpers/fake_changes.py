"""Changes of rules as the gateway answers them, over a fake plant: nothing is written, everything is remembered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from gateway.model.commands import Actor
from gateway.model.errors import Fault, Misconfigured, Refused
from gateway.model.levels import Stage
from gateway.model.probing import Looked
from gateway.model.site import Rule, RuleKind
from tests.helpers.plant import FakePlant

TOO_HIGH = 100.0
TIME = "2026-11-22T01:00:00.000000000Z"
NEW, OLD = "b" * 64, "a" * 64


def too_high(rule: str, value: float) -> Misconfigured:
    """What the gateway says of a number that cannot be."""
    hint = "GB/T 50493-2019 (from a secondary source): a site may set it stricter, never looser"
    allowed = "at most 25 %LEL for the first alarm"
    return Misconfigured(
        [Fault("overrides.yaml", None, f"limits.{rule}.trigger", f"{value:g}", allowed, hint)]
    )


class FakeProposals:
    """The console's port; a proposal waits until it is answered."""

    def __init__(self, plant: FakePlant) -> None:
        self._plant = plant
        self._waiting: dict[str, dict[str, Any]] = {}
        self._signed: list[dict[str, Any]] = []

    def changes(self) -> Mapping[str, Any]:
        return {"proposals": list(self._waiting.values()), "signed": self._signed}

    def settings(self, rule: str) -> Sequence[Mapping[str, Any]]:
        found = self._rule(rule)
        if found.kind is not RuleKind.TREND:
            return []
        about = {"time": False, "whole": False, "about": "value that must not be reached, tag's unit"}
        return [
            {"name": "limit", "value": found.trigger, **about},
            {"name": "window", "value": 600.0, "time": True, "whole": False, "about": "time of the slope"},
        ]

    def _rule(self, rule: str) -> Rule:
        found = next((r for r in self._plant.site.rules if r.id == rule), None)
        if found is None:
            raise Refused(f"no such rule: {rule!r}")
        return found

    async def propose(
        self, rule: str, wanted: Mapping[str, float | None], actor: Actor, why: str
    ) -> Mapping[str, Any]:
        found = self._rule(rule)
        if (wanted["trigger"] or 0) > TOO_HIGH:
            raise too_high(rule, wanted["trigger"] or 0)
        ident = f"{len(self._waiting) + 1:012x}"
        self._waiting[ident] = {
            "proposal": ident, "rule": rule, "numbers": _numbers(found, wanted), "origin": "tags.csv:2 HH",
            "clause": "GB 50160-2008 5.2", "by": actor.name, "by_id": actor.id, "time": TIME, "comment": why,
        }  # fmt: skip
        return {"proposal": ident}

    async def agree(self, proposal: str, actor: Actor, comment: str) -> Mapping[str, Any]:
        words = self._open(proposal)
        if actor.id == words["by_id"]:
            raise Refused("this is done by two persons: a second one must agree")
        del self._waiting[proposal]
        shared = {"part": "rules", "id": words["rule"], "by": words["by"], "second": actor.name, "time": TIME}
        where = {
            "origin": words["origin"],
            "clause": words["clause"],
            "reason": words["comment"],
            "hash": NEW,
        }
        self._signed += [{**shared, **where, **_plain(number)} for number in words["numbers"]]
        return {"old": OLD, "new": NEW, "changes": [f"~ rule {words['rule']} trigger"]}

    async def decline(self, proposal: str, actor: Actor, comment: str) -> Mapping[str, Any]:
        self._open(proposal)
        del self._waiting[proposal]
        return {"proposal": proposal}

    def sign(self, part: str, ident: str, stage: str, names: tuple[str, str, str]) -> None:
        """A stage."""
        by, second, why = names
        entry = {
            "part": part,
            "id": ident,
            "field": "stage",
            "old": "",
            "new": stage,
            "by": by,
            "second": second,
        }
        self._signed.append(
            {**entry, "time": TIME, "reason": why, "origin": "site.yaml", "clause": "", "hash": NEW}
        )

    def _open(self, proposal: str) -> dict[str, Any]:
        if proposal not in self._waiting:
            raise Refused(f"no change waits under {proposal!r}: it was answered, or never asked for")
        return self._waiting[proposal]


class FakeStages:
    """Stages and approvals: the stage of a rule or an installation changes in the fake plant, signed."""

    def __init__(self, plant: FakePlant, proposals: FakeProposals) -> None:
        self._plant, self._proposals = plant, proposals

    def configs(self) -> Mapping[str, Any]:
        return {"running": "0" * 64, "approval": "none", "approved": False, "approvals": []}

    async def approve(self, digest: str, actor: Actor, second: Actor, why: str) -> Mapping[str, Any]:
        raise Refused("nothing to approve")

    async def stage(
        self, part: str, ident: str, stage: str, actor: Actor, second: Actor, why: str
    ) -> Mapping[str, Any]:
        if second.id == actor.id:
            raise Refused("this is done by two persons: a second one must agree")
        site = self._plant.site
        if ident not in {each.id for each in getattr(site, part)}:
            raise Refused(f"no such thing among the {part}: {ident!r}")
        now = Stage(stage)
        changed = tuple(replace(x, stage=now) if x.id == ident else x for x in getattr(site, part))
        self._plant.site = replace(site, **{part: changed})
        self._proposals.sign(part, ident, stage, (actor.name, second.name, why))
        return {"old": OLD, "new": NEW, "changes": [f"~ {part} {ident} stage"]}


def _numbers(rule: Rule, wanted: Mapping[str, float | None]) -> list[dict[str, Any]]:
    """The gateway says itself which of them make an alarm come later; here a delay does."""
    names = {"trigger": "trigger", "reset": "reset", "on_delay": "on_delay_s"}
    return [
        {"field": n, "old": f"{getattr(rule, n):g}", "new": f"{wanted[w]:g}", "later": n == "on_delay"}
        for n, w in names.items()
        if wanted[w] is not None
    ] + [
        {"field": n, "old": "10min", "new": f"{value:g}s", "later": False}
        for n, value in wanted.items()
        if n.startswith("settings.")
    ]


def _plain(number: Mapping[str, Any]) -> dict[str, Any]:
    return {name: number[name] for name in ("field", "old", "new")}


def raw(tag: str) -> Looked:
    """Registers of levels and displacements, a refusal of all else."""
    if tag.startswith(("LT-", "ZT-")):
        return Looked(0, 9284.0, "2444", at=1_795_312_800_000_000_000)
    return Looked(0, None, "", note="refused")
