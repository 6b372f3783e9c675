"""From a site to what the detectors understand: rules as parameters, the permission table as an array."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final, get_type_hints

from detectors.kinds import KINDS, Discrepancy, Limit, Params, Rate, State, Vote, tags_of
from detectors.kinds.memory import memory_of
from gateway.model.quality import PERMITS, Allowed, Status
from gateway.model.site import Rule, RuleKind, Site


def permits() -> tuple[tuple[int, ...], ...]:
    """Promise 1's table as rows of status by columns of act."""
    return tuple(tuple(int(PERMITS[status, act]) for act in Allowed) for status in Status)


def _limit(rule: Rule, tags: Sequence[int], *, low: bool) -> Limit:
    return Limit(
        tag=tags[0],
        trigger=rule.trigger,
        reset=rule.reset,
        low=low,
        on_delay=rule.on_delay,
        off_delay=rule.off_delay,
    )


def _rate(rule: Rule, tags: Sequence[int], *, fall: bool) -> Rate:
    return Rate(
        tag=tags[0], trigger=rule.trigger, reset=rule.reset, window=rule.window, fall=fall,
        on_delay=rule.on_delay, off_delay=rule.off_delay,
    )  # fmt: skip


def _state(rule: Rule, tags: Sequence[int]) -> State:
    return State(tag=tags[0], values=rule.values, on_delay=rule.on_delay, off_delay=rule.off_delay)


def _discrepancy(rule: Rule, tags: Sequence[int]) -> Discrepancy:
    if len(tags) != 2:
        raise ValueError(f"needs a command and a feedback tag, has {rule.tags}")
    return Discrepancy(
        command=tags[0], feedback=tags[1], tolerance=rule.trigger, reset=rule.reset,
        on_delay=rule.on_delay, off_delay=rule.off_delay,
    )  # fmt: skip


def _vote(rule: Rule, tags: Sequence[int]) -> Vote:
    return Vote(
        tags=tuple(tags), needed=rule.needed, trigger=rule.trigger, reset=rule.reset, low=rule.danger_low,
        degrade=rule.degrade.value, on_delay=rule.on_delay, off_delay=rule.off_delay,
    )  # fmt: skip


BUILDERS: Final[Mapping[RuleKind, Callable[[Rule, Sequence[int]], Params]]] = {
    RuleKind.LIMIT_HIGH: lambda rule, tags: _limit(rule, tags, low=False),
    RuleKind.LIMIT_LOW: lambda rule, tags: _limit(rule, tags, low=True),
    RuleKind.RATE_RISE: lambda rule, tags: _rate(rule, tags, fall=False),
    RuleKind.RATE_FALL: lambda rule, tags: _rate(rule, tags, fall=True),
    RuleKind.STATE: _state,
    RuleKind.DISCREPANCY: _discrepancy,
    RuleKind.VOTE: _vote,
}


@cache
def _types(kind: type[Params]) -> dict[str, Any]:
    """Types of its fields; looked up once, because a site has a hundred thousand rules of few kinds."""
    return get_type_hints(kind)


def _by_name(rule: Rule, tags: Sequence[int]) -> Params:
    """Parameters of a kind with settings of its own: each setting and each tag by the name of its field."""
    kind = KINDS[rule.kind.value]
    types = _types(kind)
    values: dict[str, Any] = {**dict(rule.settings), "on_delay": rule.on_delay, "off_delay": rule.off_delay}
    for role in dict.fromkeys(rule.roles):
        rows = tuple(tag for tag, of in zip(tags, rule.roles, strict=True) if of == role)
        values[role] = rows[0] if types[role] is int else rows
    return kind(**values)


def rule_params(site: Site) -> list[Params | None]:
    """One entry per row of ``site.rules``; None for a rule that is not enabled.

    Raises:
        ValueError: a rule cannot be judged as written; names the rule.
    """
    return [_one(site, rule) if rule.enabled else None for rule in site.rules]


def looks_back(site: Site) -> list[int]:
    """For each rule that is judged: ns of inputs from which its number and its delays can be made anew.

    What it learned before (:mod:`detectors.kinds.memory`) is not among them.
    """
    return [_memory(site, params) for params in rule_params(site) if params is not None]


def _memory(site: Site, params: Params) -> int:
    memory = memory_of(params)
    age = max((site.tags[t].max_age for t in tags_of(params)), default=0)  # a value holds so long
    return memory.time + memory.readings * age + params.on_delay + params.off_delay


def _one(site: Site, rule: Rule) -> Params:
    try:
        tags = [site.tag_index[t] for t in rule.tags]
        return BUILDERS[rule.kind](rule, tags) if rule.kind in BUILDERS else _by_name(rule, tags)
    except KeyError as missing:
        raise ValueError(f"rule {rule.id!r} looks at {missing}, which is no tag of the site") from missing
    except (ValueError, IndexError) as error:
        raise ValueError(f"rule {rule.id!r}: {error}") from error
