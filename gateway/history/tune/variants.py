"""Settings to try for one rule, and what each made of the history."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any, Final

from gateway.alarms.facts import RuleFact
from gateway.history.kpi import CHATTER, MINUTE
from gateway.history.tune.start import longest_on
from gateway.model.events import Condition
from gateway.model.site import Rule, RuleKind, Tag
from gateway.model.times import NS, seconds

BANDS: Final = (0.5, 1.0, 2.0, 3.0, 5.0, 8.0)
"""percent of span"""
MULTIPLES: Final = (2.0, 4.0, 8.0, 16.0)
"""of the present dead band, where a tag has no range"""
ON: Final = tuple(seconds(s) for s in (5, 10, 15, 30, 60))
OFF: Final = tuple(seconds(s) for s in (10, 30, 60, 120, 300))


@dataclass(frozen=True, slots=True)
class Settings:
    """Dead band in the tag's unit, delays in ns."""

    band: float
    on_delay: int
    off_delay: int

    def as_json(self) -> dict[str, float]:
        """JSON values."""
        return {"deadband": self.band, "on_delay_s": self.on_delay / NS, "off_delay_s": self.off_delay / NS}


@dataclass(frozen=True, slots=True)
class Stretch:
    """One time in alarm: first reading beyond, announced, ended (None: not yet), ns."""

    onset: int
    start: int
    end: int | None


@dataclass(frozen=True, slots=True)
class Tried:
    """What one setting made of the history, beside the present one."""

    settings: Settings
    announced: int
    chattering: int
    """announcements that are the third or later within a window, see :func:`window`"""
    fleeting: int
    """times in alarm of less than a minute"""
    late_s: float
    """median of how much later it announces, against the present setting"""
    late_max_s: float
    ends_later_s: float
    """median of how much longer it stands after the last return under the present setting"""
    lost: int
    """times in alarm, under the present setting, in which it announces nothing and was not active"""
    lost_longest_s: float

    @property
    def calm(self) -> bool:
        """No chattering."""
        return self.chattering == 0

    def as_json(self) -> dict[str, Any]:
        """JSON values."""
        figures = {
            n: getattr(self, n) for n in ("announced", "chattering", "fleeting", "late_s", "late_max_s")
        }
        rest = {n: getattr(self, n) for n in ("ends_later_s", "lost", "lost_longest_s")}
        return {**self.settings.as_json(), **figures, **rest}


def present(rule: Rule) -> Settings:
    """As the rule is configured."""
    return Settings(abs(rule.trigger - rule.reset), rule.on_delay, rule.off_delay)


def candidates(rule: Rule, tag: Tag) -> list[Settings]:
    """The present setting first, then one thing changed at a time, then dead band and off-delay together."""
    now = present(rule)
    bands = [b for b in _bands(now, tag) if b > now.band]
    offs = [d for d in OFF if d > now.off_delay]
    ons = [d for d in ON if now.on_delay < d <= longest_on(rule, tag)]
    out = [now]
    out += [replace(now, band=b) for b in bands]
    out += [replace(now, off_delay=d) for d in offs]
    out += [replace(now, on_delay=d) for d in ons]
    out += [replace(now, band=b, off_delay=d) for b in bands[:4] for d in offs[:3]]
    out += [replace(now, band=b, on_delay=d) for b in bands[:3] for d in ons[:3]]
    return list(dict.fromkeys(out))


def _bands(now: Settings, tag: Tag) -> list[float]:
    if tag.low is not None and tag.high is not None and tag.high > tag.low:
        return [round(b / 100.0 * (tag.high - tag.low), 12) for b in BANDS]
    return [now.band * m for m in MULTIPLES]


def variant(rule: Rule, settings: Settings, number: int) -> Rule:
    """The rule with other settings and an id of its own. Its trigger, and so every legal ceiling, stays."""
    sign = 1.0 if rule.kind is RuleKind.LIMIT_LOW else -1.0
    return replace(
        rule, id=f"{rule.id}#{number}", reset=rule.trigger + sign * settings.band, on_delay=settings.on_delay,
        off_delay=settings.off_delay, latched=False, raise_level=(),
    )  # fmt: skip


def stretches(facts: Iterable[RuleFact]) -> list[Stretch]:
    """Times in alarm of one rule, from the edges of its condition; unknown is not the end of one."""
    out: list[Stretch] = []
    for fact in facts:
        running = bool(out) and out[-1].end is None
        if fact.after is Condition.ACTIVE and not running:
            out.append(Stretch(fact.onset, fact.time, None))
        elif fact.after is Condition.NORMAL and running:
            out[-1] = replace(out[-1], end=fact.time)
    return out


def window(tag: Tag) -> int:
    """Three announcements within this are chattering, ns: a minute (practice, mark S), and for a tag that is read
    seldom ten of its periods, within which it could not announce oftener anyway.
    """
    return max(MINUTE, 10 * tag.period)


def tried(
    settings: Settings, own: Sequence[Stretch], base: Sequence[Stretch], last: int, within: int = MINUTE
) -> Tried:
    """Compare with the present setting's stretches."""
    pairs = [(b, _in(b, own, last)) for b in base]
    late = [max(0, x.start - b.start) / NS for b, x in pairs if x is not None]
    ends = [_stands_longer(x, base, last) / NS for x in own]
    lost = [((b.end or last) - b.start) / NS for b, x in pairs if x is None]
    return Tried(
        settings=settings, announced=len(own), chattering=_chattering(own, within),
        fleeting=sum(x.end is not None and x.end - x.start < MINUTE for x in own),
        late_s=median(late) if late else 0.0, late_max_s=max(late, default=0.0),
        ends_later_s=median(ends) if ends else 0.0, lost=len(lost), lost_longest_s=max(lost, default=0.0),
    )  # fmt: skip


def _in(base: Stretch, own: Sequence[Stretch], last: int) -> Stretch | None:
    """Who was in alarm during the stretch; of several the first."""
    end = last if base.end is None else base.end
    return next((x for x in own if x.start <= end and (last if x.end is None else x.end) >= base.start), None)


def _stands_longer(own: Stretch, base: Sequence[Stretch], last: int) -> int:
    """After the end of the last of the present setting's stretches that began while it lasted."""
    end = last if own.end is None else own.end
    within = [last if b.end is None else b.end for b in base if b.start <= end]
    return end - max(within, default=end)


def _chattering(own: Sequence[Stretch], within: int) -> int:
    starts = [x.start for x in own]
    return sum(b - a <= within for a, b in zip(starts, starts[CHATTER - 1 :], strict=False))
