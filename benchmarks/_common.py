"""The common per-tag set as a site: what every tag of the speed benchmarks is judged by."""

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
        Rule(
            id=f"{tag}.{name}", name=name, kind=kind, subject=tag, tags=(tag,), installation="A", level=Level.YELLOW,
            priority=2, trigger=trigger, reset=reset,
        )
        for name, kind, trigger, reset in LIMITS
    ]  # fmt: skip
    rate = Rule(
        id=f"{tag}.RISE", name="RISE", kind=RuleKind.RATE_RISE, subject=tag, tags=(tag,), installation="A",
        level=Level.YELLOW, priority=2, trigger=1.0, reset=0.5, window=seconds(60),
    )  # fmt: skip
    return [*limits, rate]


def site(tags: int) -> Site:
    """``tags`` tags ``T-0``, ``T-1``, ... with the common set each."""
    ids = [f"T-{i}" for i in range(tags)]
    return Site(
        gateway="gw", county="341524", id="bench", name="bench", installations=(Installation(id="A", name="A"),),
        tags=tuple(
            Tag(
                id=i, raw=i, description="", cls="level", unit="%", installation="A", low=0.0, high=100.0,
                danger=Danger.HIGH, frozen_window=seconds(600),
            )
            for i in ids
        ),
        rules=tuple(rule for i in ids for rule in rules(i)),
    )  # fmt: skip
