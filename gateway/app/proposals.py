"""Other numbers for a rule: asked for by one person, agreed to by another, put into the overrides, and in place."""

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from gateway.app.signing import Ask, Signing
from gateway.config import kindsettings
from gateway.config.diff import Change as Difference
from gateway.config.load import Loaded, load
from gateway.config.numbers import later, numbers_now
from gateway.config.overrides import NUMBERS, SETTINGS, Numbers, Overrides
from gateway.config.signed import Sign, Wanted, drafted, place_of, raw_now, signed_changes, worded
from gateway.config.uniqueness import Placed
from gateway.config.words import TIMES, number_word
from gateway.model.commands import Act, Actor, Command
from gateway.model.errors import Refused
from gateway.model.site import Rule
from gateway.model.times import NS, iso, parse_duration
from gateway.runtime.machine import Machine

MOST_OPEN: Final = 100
"""proposals that wait at once"""
WAS: Final = "_was"
OF_KIND: Final = ("settings", "window", "needed")
"""of a rule: what differs when a number of its kind does, beside trigger and reset"""


class Proposals:
    """See the module; the console's port for it. Each method raises Refused, or Misconfigured with every fault."""

    def __init__(self, machine: Machine, signing: Signing) -> None:
        self._machine = machine
        self._signing = signing

    def changes(self) -> Mapping[str, Any]:
        """What waits, and what two persons changed against the files, with where the files say it."""
        before = self._signing.loaded
        return {
            "proposals": [_waiting(before, words) for words in self._machine.watch.proposed.values()],
            "signed": [asdict(each) for each in signed_changes(before)],
        }

    def settings(self, rule: str) -> Sequence[Mapping[str, Any]]:
        """Numbers of a rule's kind that can be changed, as they are: times in s, None where others stand for it."""
        loaded = self._signing.loaded
        _rule(loaded, rule)
        return [_setting(found) for found in kindsettings.numerics(raw_now(loaded, rule)).values()]

    async def propose(
        self, rule: str, wanted: Mapping[str, float | None], actor: Actor, why: str
    ) -> Mapping[str, Any]:
        """Ask for other numbers; checked as if they were in place. Delays are seconds."""
        if not why.strip():
            raise Refused("this needs a reason")
        if len(self._machine.watch.proposed) >= MOST_OPEN:
            raise Refused(f"{MOST_OPEN} changes wait already: answer those first")
        before = await self._signing.running()
        now = _rule(before, rule)
        numbers = _numbers(before, now, wanted)
        sign = Sign(actor.name or actor.id, "", why, iso(self._machine.clock.now()))
        await checked(before, drafted(before, rule, numbers, sign))
        ident = hashlib.sha256(repr((rule, numbers, sign)).encode()).hexdigest()[:12]
        words = (("proposal", ident), ("rule", rule), *_told(before, now, numbers))
        await self._machine.submit(Command(Act.PROPOSE, actor, (), why, words=words))
        return {"proposal": ident}

    async def agree(self, proposal: str, actor: Actor, comment: str) -> Mapping[str, Any]:
        """Agree to a proposal of somebody else, and put it in place; what differs."""
        async with self._signing.turn:
            return await self._agreed(self._open(proposal), actor, comment)

    async def _agreed(self, words: Mapping[str, Any], actor: Actor, comment: str) -> Mapping[str, Any]:
        before = await self._signing.running()
        rule = _rule(before, str(words["rule"]))
        now = numbers_now(rule, raw_now(before, rule.id))
        asked = [n for n in words if f"{n}{WAS}" in words]
        if any(n not in now or words[f"{n}{WAS}"] != number_word(n, now[n]) for n in asked):
            raise Refused(f"{rule.id} has other numbers now than when this was proposed: propose it anew")
        asker, why = Actor(**words["actor"]), f"{words['comment']}; {comment}".removesuffix("; ")
        ask = Ask(asker, actor, why)
        ask.check()
        sign = Sign(asker.name or asker.id, actor.name or actor.id, why, iso(self._machine.clock.now()))
        content = drafted(before, rule.id, _proposed(before, words), sign)
        await checked(before, content)
        first = Command(Act.AGREE, asker, (), why, second=actor, words=_named(words))
        return await self._signing.put(before, content, ask, lambda d: _meant(d, rule.id), first)

    async def decline(self, proposal: str, actor: Actor, comment: str) -> Mapping[str, Any]:
        """Turn a proposal down, or take one's own back."""
        words = _named(self._open(proposal))
        await self._machine.submit(Command(Act.DECLINE, actor, (), comment, words=words))
        return {"proposal": proposal}

    def _open(self, proposal: str) -> dict[str, Any]:
        found = self._machine.watch.proposed.get(proposal)
        if found is None:
            raise Refused(f"no change waits under {proposal!r}: it was answered, or never asked for")
        return found


async def trial(loaded: Loaded, rule: str, wanted: Mapping[str, float | None], time: str) -> Overrides:
    """The overrides with other numbers of a rule, checked, and in nobody's name: for a trial.

    Raises:
        Refused, Misconfigured: as for a proposal.
    """
    numbers = _numbers(loaded, _rule(loaded, rule), wanted)
    content = drafted(loaded, rule, numbers, Sign("trial", "trial", "", time))
    await checked(loaded, content)
    return content


async def checked(before: Loaded, content: Overrides) -> Loaded:
    """The configuration with these overrides.

    Raises:
        Misconfigured: every fault of it.
    """
    return await asyncio.to_thread(load, before.path, signed=content)


def _rule(loaded: Loaded, name: str) -> Rule:
    row = loaded.site.rule_index.get(name)
    if row is None:
        raise Refused(f"no such rule: {name!r}")
    return loaded.site.rules[row]


def _numbers(loaded: Loaded, rule: Rule, wanted: Mapping[str, float | None]) -> Numbers:
    """What was wanted, delays of seconds in ns, as numbers of the rule."""
    own = {n.removeprefix(SETTINGS): v for n, v in wanted.items() if n.startswith(SETTINGS) and v is not None}
    ns = {
        n: None if (s := wanted.get(f"{n}_s")) is None else round(s * NS) for n in ("on_delay", "off_delay")
    }
    trigger, reset, band = (wanted.get(n) for n in ("trigger", "reset", "deadband"))
    numbers = Wanted(trigger, reset, band, ns["on_delay"], ns["off_delay"]).numbers(rule)
    return numbers.model_copy(update={"settings": worded(loaded, rule.id, own) or None})


def _told(loaded: Loaded, rule: Rule, numbers: Numbers) -> list[tuple[str, str]]:
    """Each number that would change, as it is and as it would be."""
    now = {n: getattr(rule, n) for n in NUMBERS} | numbers_now(rule, raw_now(loaded, rule.id))
    return [
        pair
        for name, value in numbers.every.items()
        if value != now[name]
        for pair in ((f"{name}{WAS}", number_word(name, now[name])), (name, number_word(name, value)))
    ]


def _proposed(loaded: Loaded, words: Mapping[str, Any]) -> Numbers:
    """The numbers of a proposal."""
    known = kindsettings.numerics(raw_now(loaded, str(words["rule"])))
    limits = {n: float(words[n]) for n in NUMBERS[:2] if n in words}
    own = {
        n: found.read(str(words[f"{SETTINGS}{n}"])) for n, found in known.items() if f"{SETTINGS}{n}" in words
    }
    delays = {n: words[n] for n in NUMBERS[2:] if n in words}
    return Numbers.model_validate({**limits, **delays, "settings": own or None})


def _named(words: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return (("proposal", str(words["proposal"])), ("rule", str(words["rule"])))


def _setting(found: kindsettings.Numeric) -> dict[str, Any]:
    value = found.value / NS if found.time and found.value is not None else found.value
    return {
        "name": found.name,
        "value": value,
        "time": found.time,
        "whole": found.whole,
        "about": found.about,
    }


def _meant(difference: Difference, rule: str) -> bool:
    return (difference.part, difference.id) == ("rules", rule) and difference.field in (*NUMBERS, *OF_KIND)


def _waiting(loaded: Loaded, words: Mapping[str, Any]) -> dict[str, Any]:
    """A proposal, with where the numbers it would change come from."""
    placed = loaded.origin.rules.get(str(words["rule"]))
    numbers = [_number(n, words, placed) for n in words if f"{n}{WAS}" in words]
    return {
        "proposal": words["proposal"], "rule": words["rule"], "numbers": numbers,
        "origin": place_of(loaded, placed) if placed is not None else "",
        "clause": " ".join(filter(None, [placed.rule.standard, placed.rule.clause])) if placed else "",
        "by": words["actor"].get("name") or words["actor"].get("id", ""), "by_id": words["actor"].get("id", ""),
        "time": iso(words["time"]), "comment": words["comment"],
    }  # fmt: skip


def _number(name: str, words: Mapping[str, Any], placed: Placed | None) -> dict[str, Any]:
    """One number as it is and as it would be, and whether the alarm then comes later."""
    old, new = str(words[f"{name}{WAS}"]), str(words[name])
    return {
        "field": name,
        "old": old,
        "new": new,
        "later": placed is not None and _later(placed, name, old, new),
    }


def _later(placed: Placed, name: str, old: str, new: str) -> bool:
    if name.startswith(SETTINGS):
        return kindsettings.later(placed.raw, name.removeprefix(SETTINGS), old, new)
    read: Callable[[str], float] = parse_duration if name in TIMES else float
    return later(placed.rule, name, read(old), read(new))
