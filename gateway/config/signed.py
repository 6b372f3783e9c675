"""What two persons changed against the files: before, after, origin, clause, who, when; and a draft of one more."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gateway.config.kindsettings import numerics, with_settings
from gateway.config.load import Loaded
from gateway.config.numbers import changeable, changed, low_side, numbers_now
from gateway.config.overrides import NUMBERS, Numbers, Overrides, Signed, SignedNumbers
from gateway.config.source import printable
from gateway.config.taglist import tidy
from gateway.config.uniqueness import Placed
from gateway.config.words import TIMES, number_word
from gateway.model.errors import Refused
from gateway.model.signed import SignedChange
from gateway.model.site import Rule

LONGEST: Final = 500
"""characters of a reason"""


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
    before = numbers_now(rule, loaded.origin.rules[name].raw)
    for field, value in entry.every.items():
        words = (field, number_word(field, before[field]), number_word(field, value))
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
    return SignedChange(
        part, name, *words, *source, entry.by, entry.second, entry.time, entry.reason, entry.hash
    )


def raw_now(loaded: Loaded, name: str) -> Mapping[str, Any] | None:
    """A rule's entry with what two persons signed; None where it has no numbers of a kind."""
    raw, entry = loaded.origin.rules[name].raw, loaded.origin.overriding.content.limits.get(name)
    return with_settings(raw, entry.settings) if raw is not None and entry and entry.settings else raw


def worded(loaded: Loaded, name: str, wanted: Mapping[str, float]) -> dict[str, float | str]:
    """Settings of a rule's kind that somebody wants (times in s), as the file has them.

    Raises:
        Refused: it has no such setting, or no time is meant by the number.
    """
    known, out = numerics(raw_now(loaded, name)), {}
    for key, number in wanted.items():
        if key not in known:
            have = ", ".join(known) or "no numbers of its own kind"
            raise Refused(f"{name} has no setting {key!r}; it has {have}")
        try:
            out[key] = known[key].wanted(number)
        except ValueError as error:
            raise Refused(f"{key}: {error}") from error
    return out


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
    now, files = (_settings(raw) for raw in (raw_now(loaded, name), loaded.origin.rules[name].raw))
    own = {**now, **(numbers.settings or {})}
    if own == now and all(getattr(whole, n) == getattr(running, n) for n in NUMBERS):
        raise Refused(f"{name} has these numbers already")
    may = {*changeable(running), *numbers.given}
    fields = [n for n in NUMBERS if n in may and getattr(whole, n) != getattr(base, n)]
    settings = [n for n, value in own.items() if value != files[n]]
    if not fields and not settings:
        return over.put("limits", name, None)
    entry = SignedNumbers.model_construct(
        **_plain(whole, fields), settings=_some(own, settings),
        was=Numbers.model_construct(**_plain(base, fields), settings=_some(files, settings)),
        by=_text(sign.by), second=_text(sign.second), reason=_text(sign.reason), time=sign.time,
    )  # fmt: skip
    return over.put("limits", name, entry.sealed(name))


def _settings(raw: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: found.written for name, found in numerics(raw).items()}


def _some(settings: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any] | None:
    return {n: settings[n] for n in names if settings[n] is not None} or None


def _plain(rule: Rule, names: Iterable[str]) -> dict[str, Any]:
    """As they are read back: what is written of a whole number must give the same hash."""
    return {n: getattr(rule, n) if n in TIMES else float(getattr(rule, n)) for n in names}


def _text(words: str) -> str:
    """As the file can carry it and as it is read back."""
    return "".join(c if printable(c) else " " for c in words)[:LONGEST].strip()
