"""Try settings for the rules that announce too often, all in one pass through the same detectors, and recommend."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from gateway.alarms.facts import RuleFact
from gateway.config.load import Loaded
from gateway.history.examine import bound_columns, in_units
from gateway.history.pieces import History
from gateway.history.run import detected
from gateway.history.tune.start import STARTS, untouched
from gateway.history.tune.variants import (
    Settings,
    Stretch,
    Tried,
    candidates,
    present,
    stretches,
    tried,
    variant,
    window,
)
from gateway.model.site import Rule, Site, Tag

MOST: Final = 50
"""rules tuned at once, the worst first"""
FEW: Final = 3
"""a rule that announced less often is left alone"""


@dataclass(frozen=True, slots=True)
class Curve:
    """All that was tried for one rule; ``tried[0]`` is the present setting."""

    rule: Rule
    tag: Tag
    tried: tuple[Tried, ...]
    choice: int
    """index of the recommended one; 0: leave it"""
    why: str

    @property
    def now(self) -> Tried:
        """The present setting."""
        return self.tried[0]

    @property
    def chosen(self) -> Tried:
        """The recommended one."""
        return self.tried[self.choice]

    def as_json(self) -> dict[str, Any]:
        """JSON values."""
        start = STARTS.get(self.tag.cls)
        return {
            "rule": self.rule.id,
            "tag": self.tag.id,
            "class": self.tag.cls,
            "starting_value": start.words if start else None,
            "present": self.now.as_json(),
            "recommended": self.chosen.as_json() if self.choice else None,
            "why": self.why,
            "tried": [t.as_json() for t in self.tried],
        }


@dataclass(frozen=True, slots=True)
class Tuning:
    """Of a whole site. ``left``: rule -> why it is not tuned."""

    curves: tuple[Curve, ...]
    left: dict[str, str]
    span: tuple[int, int]

    def as_json(self) -> dict[str, Any]:
        """JSON values."""
        return {"rules": [c.as_json() for c in self.curves], "left_alone": self.left}


def tune(
    loaded: Loaded, history: History, *, workers: int = 1, raw: bool = False, rules: Sequence[str] = ()
) -> Tuning:
    """Two passes: which rules announce too often, then what each setting would have made of them.

    Args:
        loaded: the configuration.
        history: the site's own recording.
        workers: processes.
        raw: values are as on the wire.
        rules: ids to look at; empty: all that may be tuned.

    Raises:
        Misconfigured: the recording cannot be read, or has no tag of the site.
    """
    site = loaded.site if raw else in_units(loaded.site)
    tags = {t.id: t for t in site.tags}
    asked = [r for r in site.rules if r.enabled and (not rules or r.id in rules)]
    left = {r.id: why for r in asked if (why := untouched(r, tags[r.tags[0]]))}
    free = [r for r in asked if r.id not in left]
    seen, span = _pass(loaded, site, history, workers, [variant(r, present(r), 0) for r in free])
    loud = sorted((r for r in free if len(seen[f"{r.id}#0"]) >= FEW), key=lambda r: -len(seen[f"{r.id}#0"]))[
        :MOST
    ]
    options = {r.id: candidates(r, tags[r.tags[0]]) for r in loud}
    made = [variant(r, s, i) for r in loud for i, s in enumerate(options[r.id])]
    found = _pass(loaded, site, history, workers, made)[0] if made else {}
    curves = tuple(curve(r, tags[r.tags[0]], options[r.id], found, span[1]) for r in loud)
    return Tuning(curves, left, span)


def _pass(
    loaded: Loaded, site: Site, history: History, workers: int, rules: Sequence[Rule]
) -> tuple[dict[str, list[Stretch]], tuple[int, int]]:
    """Times in alarm by rule id; first and last step."""
    seen = detected(
        replace(site, rules=tuple(rules)), history, workers=workers, bound=bound_columns(loaded)
    )  # fmt: skip
    facts: dict[str, list[RuleFact]] = defaultdict(list)
    for _, fact in seen.facts:
        if isinstance(fact, RuleFact):
            facts[seen.known.site.rules[fact.rule].id].append(fact)
    out: dict[str, list[Stretch]] = defaultdict(list)
    out.update({rule: stretches(own) for rule, own in facts.items()})
    return out, (seen.grid.first, seen.count.last)


def curve(
    rule: Rule, tag: Tag, options: Sequence[Settings], found: dict[str, list[Stretch]], last: int
) -> Curve:  # fmt: skip
    """Everything tried for one rule, and which to take."""
    base = found.get(f"{rule.id}#0", [])
    results = tuple(
        tried(s, found.get(f"{rule.id}#{i}", []), base, last, window(tag)) for i, s in enumerate(options)
    )
    choice, why = recommend(results)
    return Curve(rule, tag, results, choice, why)


def recommend(results: Sequence[Tried]) -> tuple[int, str]:
    """The cheapest that does not chatter: what announces later costs most, then what loses an alarm, then what stands
    longer; of equal cost the one with fewest fleeting alarms and the smallest change.
    """
    now = results[0]
    if now.calm:
        return 0, f"{now.announced} announcements, no chattering; left as it is"
    calm = [i for i, t in enumerate(results) if t.calm and t.announced < now.announced]
    if not calm:
        return 0, "nothing tried removes it: look at the instrument, its filter and the limit"
    best = min(calm, key=lambda i: (_cost(results[i]), results[i].fleeting, i))
    t = results[best]
    ends = f", stands {t.ends_later_s:g} s longer" if t.ends_later_s > 0 else ""
    lost = f", {t.lost} of at most {t.lost_longest_s:g} s no longer announced" if t.lost else ""
    return best, f"{now.announced} announcements become {t.announced}, {t.late_s:g} s later{ends}{lost}"


FLEETING_COSTS: Final = 30.0
"""Seconds of lateness that one share of fleeting alarms (all of them = 1) is worth; a judgement, not a standard."""


def _cost(t: Tried) -> float:
    """Seconds, in which a late announcement weighs ten times as much as a late end."""
    share = t.fleeting / t.announced if t.announced else 0.0
    lost = t.lost / (t.lost + t.announced) if t.lost else 0.0
    return 10.0 * t.late_s + max(t.ends_later_s, 0.0) / 10.0 + FLEETING_COSTS * (share + lost)
