"""What two persons changed against the files: before, after, origin, clause, who, when; and a draft of one more."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gateway.config.load import Loaded
from gateway.config.numbers import changed, low_side
from gateway.config.overrides import NUMBERS, Numbers, Overrides, Signed, SignedNumbers
from gateway.config.source import printable
from gateway.config.taglist import tidy
from gateway.config.uniqueness import Placed
from gateway.config.words import TIMES, number_word
from gateway.model.errors import Refused
from gateway.model.site import Rule

LONGEST: Final = 500
"""characters of a reason"""


@dataclass(frozen=True, slots=True)
class SignedChange:
    """One value. ``origin`` is where ``old`` is written; ``hash`` seals the entry (of a stage there is none)."""

    part: str
    id: str
    field: str
    old: str
    new: str
    origin: str
    clause: str
    by: str
    second: str
    time: str
    reason: str
    hash: str

    def __str__(self) -> str:
        where = "; ".join(filter(None, [self.origin, self.clause]))
        seal = f" sha256:{self.hash[:12]}" if self.hash else ""
        what = f"~ {self.part.removesuffix('s')} {self.id} {self.field}: {self.old} -> {self.new} ({where})"
        return f"{what} {self.by}, {self.second} {self.time}: {self.reason}{seal}"


def signed_changes(loaded: Loaded) -> list[SignedChange]:
    """All that are in force, numbers first."""
    over = loaded.origin.overriding.content
    rules = [c for name, entry in over.limits.items() for c in _numbers(loaded, name, entry)]
    stages = [_stage(loaded, name, entry) for name, entry in over.rules.items()]
    before = {i.id: i.stage for i in loaded.file.installations}
    places = [
        _change("installations", name, ("stage", before[name], entry.stage), (str(loaded.path), ""), entry)
        for name, entry in over.installations.items()
    ]
    return [*rules, *stages, *places]


def _numbers(loaded: Loaded, name: str, entry: SignedNumbers) -> Iterator[SignedChange]:
    rule = loaded.origin.unsigned[name]
    for field, value in entry.given.items():
        words = (field, number_word(field, getattr(rule, field)), number_word(field, value))
        yield _change("rules", name, words, _source(loaded, rule), entry)


def _stage(loaded: Loaded, name: str, entry: Signed) -> SignedChange:
    rule = loaded.origin.unsigned[name]
    return _change("rules", name, ("stage", rule.stage.value, entry.stage), _source(loaded, rule), entry)


def _source(loaded: Loaded, rule: Rule) -> tuple[str, str]:
    """Where its own numbers are written, and by which clause."""
    return place_of(loaded, loaded.origin.rules[rule.id]), " ".join(
        filter(None, [rule.standard, rule.clause])
    )


def place_of(loaded: Loaded, placed: Placed) -> str:
    """``tags.csv:2 HH``, from the site's folder; of a pack ``tank-farm/pack.yaml:53 types...``."""
    file, home = Path(placed.file), loaded.path.parent
    name = str(file.relative_to(home)) if file.is_relative_to(home) else f"{file.parent.name}/{file.name}"
    return f"{name}:{placed.line or 1} {placed.path}"


def _change(
    part: str, name: str, words: tuple[str, str, str], source: tuple[str, str], entry: Signed | SignedNumbers
) -> SignedChange:
    seal = entry.hash if isinstance(entry, SignedNumbers) else ""
    return SignedChange(part, name, *words, *source, entry.by, entry.second, entry.time, entry.reason, seal)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Numbers that somebody wants a rule to have; a dead band instead of a reset, delays in ns. None: as it is."""

    trigger: float | None = None
    reset: float | None = None
    deadband: float | None = None
    on_delay: int | None = None
    off_delay: int | None = None

    def numbers(self, rule: Rule) -> Numbers:
        """As a rule has them: the dead band stays what it is where only the trigger moves."""
        trigger = rule.trigger if self.trigger is None else self.trigger
        band = abs(rule.trigger - rule.reset) if self.deadband is None else self.deadband
        reset = self.reset
        if reset is None and (self.trigger is not None or self.deadband is not None):
            reset = tidy(trigger + band if low_side(rule) else trigger - band)
        return Numbers(trigger=self.trigger, reset=reset).model_copy(
            update={"on_delay": self.on_delay, "off_delay": self.off_delay}
        )


@dataclass(frozen=True, slots=True)
class Sign:
    """Who asked, who agreed, why, when."""

    by: str
    second: str
    reason: str
    time: str


def drafted(loaded: Loaded, name: str, numbers: Numbers, sign: Sign) -> Overrides:
    """The overrides with these numbers of a rule; what the files say themselves needs no entry.

    Raises:
        Refused: no such rule, or it has these numbers.
    """
    over = loaded.origin.overriding.content
    running = next((r for r in loaded.site.rules if r.id == name), None)
    if running is None:
        raise Refused(f"no such rule: {name!r}")
    whole, base = changed(running, numbers), loaded.origin.unsigned.get(name, running)
    if all(getattr(whole, n) == getattr(running, n) for n in NUMBERS):
        raise Refused(f"{name} has these numbers already")
    differ = [n for n in NUMBERS if getattr(whole, n) != getattr(base, n)]
    if not differ:
        return over.put("limits", name, None)
    entry = SignedNumbers.model_construct(
        **_plain(whole, differ), was=Numbers.model_construct(**_plain(base, differ)),
        by=_text(sign.by), second=_text(sign.second), reason=_text(sign.reason), time=sign.time,
    )  # fmt: skip
    return over.put("limits", name, entry.sealed(name))


def _plain(rule: Rule, names: Iterable[str]) -> dict[str, Any]:
    """As they are read back: what is written of a whole number must give the same hash."""
    return {n: getattr(rule, n) if n in TIMES else float(getattr(rule, n)) for n in names}


def _text(words: str) -> str:
    """As the file can carry it and as it is read back."""
    return "".join(c if printable(c) else " " for c in words)[:LONGEST].strip()
