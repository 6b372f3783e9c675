"""The common per-tag set as a site: four limits, rate, trend with time to limit, spike, frozen."""

from dataclasses import replace
from typing import Any, cast

from detectors.kinds import Params
from gateway.engine.tables import rule_params
from gateway.model.levels import Level
from gateway.model.site import Danger, Installation, Rule, RuleKind, Site, Tag
from gateway.model.times import seconds

LIMITS = (
    ("LL", RuleKind.LIMIT_LOW, 10.0, 11.0),
    ("L", RuleKind.LIMIT_LOW, 20.0, 21.0),
    ("H", RuleKind.LIMIT_HIGH, 80.0, 79.0),
    ("HH", RuleKind.LIMIT_HIGH, 90.0, 89.0),
)


def rules(tag: str) -> list[Rule]:
    limits = [
        Rule(**_of(tag, name), kind=kind, trigger=trigger, reset=reset)
        for name, kind, trigger, reset in LIMITS
    ]
    rate = Rule(
        **_of(tag, "RISE"), kind=RuleKind.RATE_RISE, trigger=1.0, reset=0.5, window=seconds(900)
    )  # fmt: skip
    trend = (
        ("limit", 80.0),
        ("horizon", seconds(1800)),
        ("window", seconds(1800)),
        ("confidence", 0.95),
        ("reset", 0.5),
    )
    return [
        *limits, rate,
        Rule(**_of(tag, "TREND"), kind=RuleKind.TREND, settings=trend, roles=("tag",)),
        Rule(**_of(tag, "SPIKE"), kind=RuleKind.SPIKE, settings=(("trigger", 20.0), ("reset", 10.0)), roles=("tag",)),
        Rule(**_of(tag, "FROZEN"), kind=RuleKind.FROZEN, settings=(("window", seconds(600)),), roles=("tag",)),
    ]  # fmt: skip


def params(tags: int) -> list[Params]:
    """The set as parameters of the detectors alone: row 8 i + k is the k-th rule of tag i."""
    (*one,) = rule_params(site(1))
    if None in one:
        raise ValueError("a rule of the common set is not enabled")
    return [replace(cast("Any", rule), tag=tag) for tag in range(tags) for rule in one]


def _of(tag: str, name: str) -> dict[str, Any]:
    return {
        "id": f"{tag}.{name}", "name": name, "subject": tag, "tags": (tag,), "installation": "A",
        "level": Level.YELLOW, "priority": 2,
    }  # fmt: skip


def site(tags: int) -> Site:
    """``tags`` tags ``T-0``, ``T-1``, ... with the common set each."""
    ids = [f"T-{i}" for i in range(tags)]
    return Site(
        gateway="gw", county="341524", id="bench", name="bench", installations=(Installation(id="A", name="A"),),
        tags=tuple(
            Tag(
                id=i, raw=i, description="", cls="level", unit="%", installation="A", low=0.0, high=100.0,
                danger=Danger.HIGH,
            )
            for i in ids
        ),
        rules=tuple(rule for i in ids for rule in rules(i)),
    )  # fmt: skip
