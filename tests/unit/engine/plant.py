"""A small plant with every kind of rule, and random streams of every kind of input."""

from typing import Any

from hypothesis import strategies as st

from gateway.model.batch import of_rows
from gateway.model.commands import Act, Actor, Command, Seen
from gateway.model.inputs import (
    Acted,
    Gap,
    Input,
    LinkChange,
    Numbered,
    Readings,
    Started,
    SystemFault,
    Tick,
)
from gateway.model.levels import Level
from gateway.model.site import Danger, Degrade, Installation, Link, Rule, RuleKind, Signal, Site, Tag
from gateway.model.times import NS

T0 = 1_700_000_000 * NS
S = NS
ANNA = Actor("anna", "Anna")


def tag(name: str, **changes: Any) -> Tag:
    fields: dict[str, Any] = {
        "id": name, "raw": name, "description": name, "cls": "level", "unit": "m", "installation": "A",
        "low": 0.0, "high": 20.0, "danger": Danger.HIGH, "max_age": 5 * S, "links": ("bus", "dev-1"),
    }  # fmt: skip
    return Tag(**(fields | changes))


def rule(name: str, kind: RuleKind, *tags: str, **changes: Any) -> Rule:
    fields: dict[str, Any] = {
        "id": name, "name": name.rpartition(".")[2], "kind": kind, "subject": tags[0], "tags": tags,
        "installation": "A", "level": Level.YELLOW, "priority": 2,
    }  # fmt: skip
    return Rule(**(fields | changes))


def site(
    *, rules: tuple[Rule, ...] | None = None, tags: tuple[Tag, ...] | None = None, **changes: Any
) -> Site:
    fields: dict[str, Any] = {
        "gateway": "gw", "county": "341524", "id": "s", "name": "s", "config_hash": "c" * 64,
        "installations": (Installation(id="A", name="A"),),
        "links": (
            Link(id="bus", description="", source="plc"),
            Link(id="dev-1", description="", source="plc", parent="bus"),
        ),
        "tags": TAGS if tags is None else tags, "rules": RULES if rules is None else rules,
    }  # fmt: skip
    return Site(**(fields | changes))


TAGS = (
    tag("L"),
    tag("G", signal=Signal.MILLIAMP, frozen_window=6 * S),
    tag("CMD", max_age=0, danger=Danger.NONE, links=()),
    tag("FB", danger=Danger.NONE),
    tag("X", links=(), max_age=3 * S),
)
RULES = (
    rule("L.H", RuleKind.LIMIT_HIGH, "L", trigger=12.0, reset=11.0, on_delay=2 * S, off_delay=3 * S),
    rule("L.HH", RuleKind.LIMIT_HIGH, "L", trigger=16.0, reset=15.0, level=Level.RED, latched=True),
    rule("L.L", RuleKind.LIMIT_LOW, "L", trigger=4.0, reset=5.0, raise_level=((10 * S, Level.ORANGE),)),
    rule("L.RISE", RuleKind.RATE_RISE, "L", trigger=1.0, reset=0.5, window=6 * S),
    rule("G.H", RuleKind.LIMIT_HIGH, "G", trigger=10.0, reset=9.0, on_delay=S),
    rule("X.FALL", RuleKind.RATE_FALL, "X", trigger=1.0, reset=0.5, window=6 * S, on_delay=S),
    rule("FB.ST", RuleKind.STATE, "FB", values=(2, 3)),
    rule("V.DISC", RuleKind.DISCREPANCY, "CMD", "FB", on_delay=3 * S),
    rule("N.VOTE", RuleKind.VOTE, "L", "G", "X", subject="N", needed=2, trigger=10.0, reset=8.0, degrade=Degrade.TRIP),
    rule("N.LOW", RuleKind.VOTE, "L", "X", subject="N", needed=1, trigger=2.0, reset=3.0, danger_low=True,
         degrade=Degrade.UNKNOWN, off_delay=2 * S),
    rule("L.OFF", RuleKind.LIMIT_HIGH, "L", trigger=0.0, reset=-1.0, enabled=False),
)  # fmt: skip


def readings(plant: Site, *rows: tuple[str, float, float] | tuple[str, float, float, int]) -> Readings:
    """Rows of (tag, seconds, value[, quality])."""
    index = plant.tag_index
    times = [T0 + int(r[1] * S) for r in rows]
    full = [(index[r[0]], t, t, r[2], r[3] if len(r) > 3 else 0) for r, t in zip(rows, times, strict=True)]
    return Readings(of_rows(plant.table, full))


def numbered(inputs: list[Input], first: int = 1) -> list[Numbered]:
    return [Numbered(n, i) for n, i in enumerate(inputs, first)]


steps = st.sampled_from([0, S // 2, S, S, S, S, 2 * S, 8 * S])
raw = st.sampled_from([0.0, 1.0, 2.0, 3.0, 4.5, 6.0, 10.0, 11.5, 12.0, 13.0, 16.0, 20.0, 21.5, float("nan")])
qualities = st.sampled_from([0] * 8 + [67, 131])


@st.composite
def streams(draw: st.DrawFn, *, longest: int = 40) -> list[Numbered]:
    """A first start and then anything that can happen, in order of arrival."""
    plant, clock, out = site(), T0, [Started(T0, 0, "1")]
    for _ in range(draw(st.integers(1, longest))):
        last, clock = clock, clock + draw(steps)
        what = draw(
            st.sampled_from(["readings"] * 12 + ["tick"] * 3 + ["link", "start", "gap", "fault", "act"])
        )
        out.append(_input(draw, what, plant, last, clock))
    return numbered(out)


def _input(draw: st.DrawFn, what: str, plant: Site, last: int, clock: int) -> Input:  # noqa: PLR0911
    if what == "tick":
        return Tick(clock)
    if what == "link":
        return LinkChange(clock, draw(st.sampled_from(["bus", "dev-1"])), draw(st.booleans()), "x")
    if what == "start":
        return Started(clock, last, "1")
    if what == "gap":
        return Gap(clock, "plc", last, clock, 3, "queue full")
    if what == "fault":
        return SystemFault(clock, "disk", draw(st.booleans()))
    if what == "act":
        return Acted(clock, Command(Act.ACKNOWLEDGE, ANNA, (Seen("0" * 32, 1),)))
    rows = [
        (
            draw(st.integers(0, len(TAGS) - 1)),
            clock - draw(st.sampled_from([0, 0, 0, S, 20 * S])),
            clock,
            draw(raw),
            draw(qualities),
        )
        for _ in range(draw(st.integers(0, 6)))
    ]
    return Readings(of_rows(plant.table, rows))
