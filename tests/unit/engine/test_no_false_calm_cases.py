"""What makes a place not normal beside what happens to any kind of rule: states, expressions, guards, places."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from detectors.kinds.memory import Memory, memory_of
from gateway.alarms.topology import DIRECT
from gateway.engine.tables import rule_params
from gateway.model.levels import LiveLevel, Stage
from gateway.model.quality import Quality
from gateway.model.site import Danger, Degrade, Installation, Rule, RuleKind, Signal, Site, Tag
from tests.unit.engine.calm import KINDS, Shape, World, site_of
from tests.unit.engine.plant import S, rule, site, tag
from tests.unit.engine.test_no_false_calm import stands

NO_VIEW, NOT_JUDGED, NORMAL = LiveLevel.NO_VIEW, LiveLevel.NOT_JUDGED, LiveLevel.NORMAL


def steady(**values: float) -> dict[str, Shape]:
    return {name: (lambda _, value=value: value) for name, value in values.items()}  # type: ignore[misc]


def place(*rules: Rule, tags: tuple[Tag, ...], **more: Any) -> Site:
    return site(rules=rules, tags=tuple(replace(t, links=()) for t in tags), links=(), **more)


HIGH = rule("A.H", RuleKind.LIMIT_HIGH, "A", trigger=12.0, reset=11.0)
LOW = rule("A.L", RuleKind.LIMIT_LOW, "A", trigger=2.0, reset=3.0)
RISE = rule("A.RISE", RuleKind.RATE_RISE, "A", trigger=1.0, reset=0.5, window=20 * S)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_direct_are_the_kinds_that_remember_nothing(kind: str, tmp_path: Path) -> None:
    (params,) = rule_params(site_of(tmp_path, kind))
    assert params is not None
    assert (memory_of(params) == Memory()) == (RuleKind(kind) in DIRECT)


def test_a_state_that_no_case_names_is_not_judged_and_clears_nothing(tmp_path: Path) -> None:
    plant, shapes = site_of(tmp_path, "state-limit"), KINDS["state-limit"].shapes
    world = World(plant, shapes)
    world.read(5)
    assert world.level is NORMAL
    world.read(values={"M": 7.0})
    assert (world.level, world.place.unjudged) == (NOT_JUDGED, ("A.STLIM: state-not-listed",))
    assert world.place.cause == ("A.STLIM",)
    told = [e.detail for e in world.events if e.event == "live-level" and e.installation]
    assert (told[-1]["level"], told[-1]["unjudged"]) == ("not-judged", ["A.STLIM: state-not-listed"])
    world.read(values={"M": 2.0})
    assert world.level is NORMAL
    world.read(values={"A": 19.0, "M": 1.0})
    world.read(60, values={"A": 5.0, "M": 7.0})
    stands(world)
    world.read(values={"A": 5.0, "M": 1.0})
    assert [e.event.value for e in world.events if e.rule == "A.STLIM"] == ["raised", "unknown", "cleared"]


def test_a_state_that_no_case_names_from_the_start_on_is_not_judged(tmp_path: Path) -> None:
    world = World(site_of(tmp_path, "state-limit"), KINDS["state-limit"].shapes)
    world.read(60, values={"M": 7.0})
    assert (world.level, world.place.unjudged) == (NOT_JUDGED, ("A.STLIM: no-verdict-yet",))


def test_an_expression_without_a_number_is_not_judged_and_clears_nothing(tmp_path: Path) -> None:
    world = World(site_of(tmp_path, "expression"), KINDS["expression"].shapes)
    world.read(5)
    world.read(values={"M": 0.0, "B": 5.0})  # divides by B - 5
    assert (world.level, world.place.unjudged) == (NOT_JUDGED, ("L.EXPR: not-a-number",))
    world.read(values={"A": 15.0})
    world.read(30, values={"M": 0.0, "B": 5.0})
    stands(world)


@pytest.mark.parametrize("values", [{"B": 0.0}, {"B": float("nan")}, {"A": float("nan")}], ids=str)
def test_a_computed_tag_without_a_value_takes_the_view(values: dict[str, float]) -> None:
    ratio = tag("Q", unit="", expression="A / B", inputs=("A", "B"), max_age=0)
    plant = place(
        rule("Q.H", RuleKind.LIMIT_HIGH, "Q", trigger=5.0, reset=4.0), tags=(tag("A"), tag("B"), ratio)
    )
    world = World(plant, steady(A=10.0, B=5.0))
    world.read()
    assert world.level is NORMAL
    world.read(values=values)
    assert world.level is NO_VIEW
    world.read(values={"A": 20.0, "B": 1.0})
    world.read(30, values=values)
    assert world.level is LiveLevel.YELLOW


@pytest.mark.parametrize("degrade", Degrade)
def test_a_vote_without_members_takes_the_view(degrade: Degrade) -> None:
    vote = rule("V", RuleKind.VOTE, "A", "B", "C", needed=2, trigger=12.0, reset=11.0, degrade=degrade)
    for missing in ("A", "AB", "ABC"):
        world = World(place(vote, tags=tuple(map(tag, "ABC"))), steady(A=5.0, B=5.0, C=5.0))
        world.read(3)
        assert world.level is NORMAL
        world.read(quality=dict.fromkeys(missing, int(Quality.COMMUNICATION)))
        assert world.level in (NO_VIEW, LiveLevel.YELLOW), (missing, world.place)


@pytest.mark.parametrize("current", [3.5, 3.7, 20.7, 21.5])
def test_a_current_outside_the_measuring_range_is_never_the_first_normal(current: float) -> None:
    """NE 43: failure, the gap between failure and measuring information, and the same at the top."""
    world = World(
        place(HIGH, LOW, tags=(tag("A", signal=Signal.MILLIAMP, danger=Danger.BOTH),)), steady(A=current)
    )
    for _ in range(20):
        world.read()
        assert world.level is not NORMAL, (world.at, world.place)


def test_an_alarm_outlives_a_current_that_falls_out_of_the_measuring_range() -> None:
    for current in (3.5, 3.7, float("nan")):
        world = World(place(HIGH, tags=(tag("A", signal=Signal.MILLIAMP),)), steady(A=current))
        world.read(3, values={"A": 18.0})
        world.read(30)
        stands(world)


# --- what warms up behind limits ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("danger", "rules", "level"),
    [
        (Danger.HIGH, (HIGH, RISE), NORMAL),
        (Danger.HIGH, (LOW, RISE), NOT_JUDGED),
        (Danger.HIGH, (replace(HIGH, stage=Stage.SHADOW), RISE), NOT_JUDGED),
        (Danger.HIGH, (replace(HIGH, enabled=False), RISE), NOT_JUDGED),
        (Danger.HIGH, (replace(HIGH, instrument=True), RISE), NOT_JUDGED),
        (Danger.BOTH, (HIGH, RISE), NOT_JUDGED),
        (Danger.BOTH, (HIGH, LOW, RISE), NORMAL),
        (Danger.NONE, (LOW, RISE), NORMAL),
        (Danger.NONE, (RISE,), NOT_JUDGED),
        (Danger.HIGH, (HIGH, replace(RISE, stage=Stage.SHADOW)), NORMAL),
        (Danger.HIGH, (HIGH, replace(RISE, enabled=False)), NORMAL),
    ],
)
def test_what_looks_back_may_warm_up_behind_limits_of_the_dangerous_side(
    danger: Danger, rules: tuple[Rule, ...], level: LiveLevel
) -> None:
    world = World(place(*rules, tags=(tag("A", danger=danger),)), steady(A=8.0))
    world.read()
    assert world.level is level
    world.read(60)
    assert world.level is NORMAL, "warm"


def test_a_limit_that_is_lost_leaves_what_warms_up_behind_it_alone() -> None:
    other = rule("B.H", RuleKind.LIMIT_HIGH, "B", trigger=12.0, reset=11.0)
    plant = place(HIGH, RISE, other, tags=(tag("A"), tag("B")))
    world = World(plant, steady(A=8.0, B=8.0))
    world.read()
    assert world.level is NORMAL
    world.read(quality={"A": int(Quality.COMMUNICATION)})
    assert world.level is NO_VIEW
    world.read()
    assert world.level is NORMAL, "and is back with its first value"
    changes = [e.detail["level"] for e in world.events if e.event == "live-level" and e.installation]
    assert changes == ["no-view", "normal", "no-view", "normal"], "each is one change"


# --- places ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("b", "rules", "level"),
    [
        (tag("B"), (), NORMAL),
        (tag("B", limit_required=True), (), NOT_JUDGED),
        (tag("B", limit_required=True), (rule("B.L", RuleKind.LIMIT_LOW, "B", trigger=1.0, reset=2.0),), NOT_JUDGED),
        (tag("B", limit_required=True), (rule("B.H", RuleKind.LIMIT_HIGH, "B", trigger=9.0, reset=8.5),), NORMAL),
        (tag("B"), (rule("B.L", RuleKind.LIMIT_LOW, "B", trigger=1.0, reset=2.0, enabled=False),), NOT_JUDGED),
        (tag("B"), (rule("B.L", RuleKind.LIMIT_LOW, "B", trigger=1.0, reset=2.0, stage=Stage.SHADOW),), NOT_JUDGED),
        (tag("B", required=("B.X",)), (), NOT_JUDGED),
    ],
)  # fmt: skip
def test_a_tag_beside_one_that_is_judged(b: Tag, rules: tuple[Rule, ...], level: LiveLevel) -> None:
    """Without any rule it is an indication, if its class says so; one whose rules are off is not judged."""
    world = World(place(HIGH, *rules, tags=(tag("A"), b)), steady(A=5.0, B=5.0))
    world.read(3)
    assert world.level is level, world.place
    if level is NOT_JUDGED:
        assert world.place.cause == ("B",)


def test_an_installation_without_a_rule_or_without_a_tag_keeps_its_site_from_normal() -> None:
    for empty in ((), (tag("W", installation="B"),)):
        both = (Installation(id="A", name="A"), Installation(id="B", name="B"))
        world = World(
            place(HIGH, tags=(tag("A"), *empty), installations=both),
            steady(A=5.0, **{t.id: 1.0 for t in empty}),
        )
        world.read(3)
        found = {s.installation: s.level for s in world.engine.book.levels()}
        assert found == {"": NOT_JUDGED, "A": NORMAL, "B": NOT_JUDGED}


def test_a_bypass_that_cannot_be_read_takes_the_view() -> None:
    bypass = rule("BP.ST", RuleKind.STATE, "BP", values=(1,), modifies="bypass")
    world = World(place(HIGH, bypass, tags=(tag("A"), tag("BP"))), steady(A=5.0, BP=0.0))
    world.read(without="BP")
    assert world.level is NO_VIEW
    world.read()
    assert world.level is NORMAL
    world.read(quality={"BP": int(Quality.SOURCE_BAD)})
    assert world.level is NO_VIEW


def test_a_cause_that_is_not_known_hides_nothing() -> None:
    """A rule that suppresses others by design is active, then unknown: what it hid comes back."""
    parent = rule("P.ST", RuleKind.STATE, "P", values=(1,))
    world = World(
        place(replace(HIGH, suppressed_while=("P.ST",)), parent, tags=(tag("A"), tag("P"))),
        steady(A=15.0, P=1.0),
    )
    world.read(3)
    assert world.place.suppressed == ("A.H",)
    world.read(quality={"P": int(Quality.SOURCE_BAD)})
    assert world.place.suppressed == ()
    assert {o.rule for o in world.engine.book.open()} >= {"A.H", "P.ST"}
    assert world.level is LiveLevel.YELLOW


def test_a_value_on_the_edge_of_its_age_is_held_and_not_longer() -> None:
    world = World(place(HIGH, tags=(tag("A", max_age=5 * S),)), steady(A=5.0))
    world.read()
    world.wait(4)
    assert world.level is NORMAL
    world.wait(1)
    assert world.level is NO_VIEW
    world.at -= 3600  # a clock set back: engine time stands still, and nothing becomes fresh by it
    world.wait(1)
    assert world.level is NO_VIEW
