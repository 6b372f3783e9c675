"""Promise 1 over all kinds of rule: whatever keeps a rule from judging, its place is not `normal` and no alarm clears.

Walked by reflection: a new kind without a row in ``calm.py``, or a cause without an expected level, fails. What is
expected is written here by hand, from the words of docs/alarms.md, and not from the code.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from gateway.engine.snapshot import Snapshot
from gateway.model.commands import Act, Actor, Command
from gateway.model.events import Condition
from gateway.model.inputs import Acted, ConfigChange, LinkChange, Started
from gateway.model.levels import LiveLevel, Stage
from gateway.model.quality import Quality
from gateway.model.site import RuleKind, Site
from tests.unit.engine.calm import KINDS, World, site_of
from tests.unit.engine.plant import S

NO_VIEW, NOT_JUDGED, NORMAL = LiveLevel.NO_VIEW, LiveLevel.NOT_JUDGED, LiveLevel.NORMAL
ANNA: Final = Actor("anna", "Anna")
AT_ONCE: Final = frozenset(
    "limit-high limit-low state discrepancy vote deviation moving-limit spread state-limit expression "  # noqa: SIM905
    "setpoint".split()
)
"""judged with the first good value of each tag"""
MAY_BE_KNOWN: Final = frozenset(
    ["total", "peak", "starts", "dwell", "frozen", "cusum", "mean", "hampel", "velocity"]
)
"""looks back, and may yet say something with the first values (an amount already reached, a state just entered)"""
QUIET: Final = 180
LATEST: Final = 420


@dataclass(frozen=True)
class Prepared:
    """A kind's place, quiet and judged, and with its alarm standing."""

    site: Site
    calm: Snapshot
    raised: Snapshot
    raised_at: int


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Prepared]:
    return cache(lambda kind: _prepare(tmp_path_factory.mktemp(kind), kind))


def _prepare(folder: Path, kind: str) -> Prepared:
    site = site_of(folder, kind)
    world = World(site, KINDS[kind].shapes)
    world.read(QUIET)
    assert world.level is NORMAL, (kind, world.place)
    calm = world.engine.snapshot()
    while not any(o.rule == world.rule.id for o in world.engine.book.open()):
        assert world.at < LATEST, f"{kind} never raised"
        world.read()
    return Prepared(site, calm, world.engine.snapshot(), world.at)


def calm_world(made: Prepared, kind: str) -> World:
    return World.again(made.site, KINDS[kind].shapes, made.calm, QUIET)


def alarmed_world(made: Prepared, kind: str) -> World:
    return World.again(made.site, KINDS[kind].shapes, made.raised, made.raised_at)


kinds = pytest.mark.parametrize("kind", [kind.value for kind in RuleKind])


def test_every_kind_has_a_plant() -> None:
    assert set(KINDS) == {kind.value for kind in RuleKind}


# --- what may happen to the tags of a rule that judges, one tag after the other --------------------------------------


def bad(world: World, tag: str) -> None:
    world.read(quality={tag: Quality.DEVICE_EXCEPTION})


def not_a_number(world: World, tag: str) -> None:
    world.read(values={tag: float("nan")})


def stale(world: World, tag: str) -> None:
    world.read(11, without=tag)


def failed_source(world: World, tag: str) -> None:
    world.read(quality={tag: Quality.SOURCE_BAD})


TO_A_TAG: Final[dict[Any, LiveLevel]] = {
    bad: NO_VIEW,
    not_a_number: NO_VIEW,
    stale: NO_VIEW,
    failed_source: NO_VIEW,
}


@kinds
def test_a_tag_that_fails_takes_the_view_and_clears_no_alarm(kind: str, prepared: Any) -> None:
    for tag in KINDS[kind].shapes:
        for cause, level in TO_A_TAG.items():
            world = calm_world(prepared(kind), kind)
            cause(world, tag)
            assert (world.level, world.place.blinded) == (level, (tag,)), (cause, tag)
            world = alarmed_world(prepared(kind), kind)
            cause(world, tag)
            stands(world)


def stands(world: World) -> None:
    """The alarm is there, and it colours its place."""
    found = [o for o in world.engine.book.open() if o.rule == world.rule.id]
    assert found, [e.event for e in world.events]
    assert all(o.axes.condition is not Condition.NORMAL for o in found)
    assert world.level.value == max(found, key=lambda o: o.level).level.word


@kinds
def test_a_tag_that_a_source_never_delivers_takes_the_view_from_the_start_on(
    kind: str, prepared: Any
) -> None:
    for tag in KINDS[kind].shapes:
        world = World(prepared(kind).site, KINDS[kind].shapes)
        for _ in range(30):
            world.read(without=tag)
            assert world.level is NO_VIEW, (tag, world.at)


# --- what may happen to a place that is judged -----------------------------------------------------------------------


def link_lost(world: World) -> None:
    world.give(LinkChange(world.now, world.site.links[0].id, up=False, reason="x"))


def all_silent(world: World) -> None:
    world.wait(11)


def silent_after_a_restart(world: World) -> None:
    world.at += 3600
    world.give(Started(world.now, world.now - 3600 * S, "1"))
    world.wait(11)


def just_restarted(world: World) -> None:
    """Away for longer than a value holds, and nothing read yet: the level of before is nobody's."""
    world.at += 10
    world.give(Started(world.now, world.now - 10 * S, "1"))


def without_snapshot(world: World) -> None:
    """Alarms as the journal has them, and detectors that know nothing."""
    fresh = World(world.site, world.shapes, start=False)
    fresh.engine.refold(world.events)
    world.engine, world.number = fresh.engine, 0


def shelved(world: World) -> None:
    until = world.now + 600 * S
    world.give(Acted(world.now, Command(Act.SHELVE, ANNA, (), "test", (world.rule.id,), until)))


def out_of_service(world: World) -> None:
    until = world.now + 600 * S
    asked = Command(Act.REMOVE, ANNA, (), "test", (world.rule.id,), until, "P-1")
    world.give(Acted(world.now, asked))


def reloaded(world: World, site: Site) -> None:
    fresh = World(site, world.shapes, start=False)
    fresh.engine.carry_over(world.engine)
    world.site, world.engine = site, fresh.engine
    world.give(ConfigChange(world.now, "a", "b"))


def other_delay(world: World) -> None:
    rule, own = world.rule, dict(world.rule.settings)
    if rule.kind is RuleKind.DWELL:  # which has no other delay than this
        one = replace(rule, settings=tuple({**own, "longest": float(own["longest"]) + S}.items()))  # type: ignore[arg-type]
    else:
        one = replace(rule, on_delay=rule.on_delay + S)
    reloaded(world, replace(world.site, rules=(one,), config_hash="d" * 64))


def disabled(world: World) -> None:
    one = replace(world.rule, enabled=False)
    reloaded(world, replace(world.site, rules=(one,), config_hash="d" * 64))


def in_shadow(world: World) -> None:
    one = replace(world.rule, stage=Stage.SHADOW)
    reloaded(world, replace(world.site, rules=(one,), config_hash="d" * 64))


def place_in_shadow(world: World) -> None:
    places = tuple(replace(i, stage=Stage.SHADOW) for i in world.site.installations)
    reloaded(world, replace(world.site, installations=places, config_hash="d" * 64))


def no_rule(world: World) -> None:
    reloaded(world, replace(world.site, rules=(), config_hash="d" * 64))


def no_tag(world: World) -> None:
    reloaded(world, replace(world.site, rules=(), tags=(), config_hash="d" * 64))


TO_A_PLACE: Final[dict[Any, LiveLevel]] = {
    link_lost: NO_VIEW,
    all_silent: NO_VIEW,
    silent_after_a_restart: NO_VIEW,
    just_restarted: NO_VIEW,
    without_snapshot: NO_VIEW,
    shelved: NOT_JUDGED,
    out_of_service: NOT_JUDGED,
    other_delay: NOT_JUDGED,
    disabled: NOT_JUDGED,
    in_shadow: NOT_JUDGED,
    place_in_shadow: NOT_JUDGED,
    no_rule: NOT_JUDGED,
    no_tag: NOT_JUDGED,
}
BY_WILL: Final = frozenset({shelved, out_of_service, disabled, in_shadow, place_in_shadow, no_rule, no_tag})
"""a person took the alarm, or the rule, away: the alarm is kept aside or ends with a word of its own"""


@kinds
def test_a_place_that_is_not_judged_any_more_says_so(kind: str, prepared: Any) -> None:
    found: dict[Any, LiveLevel] = {}
    for cause in TO_A_PLACE:
        world = calm_world(prepared(kind), kind)
        cause(world)
        found[cause] = world.level
    assert found == TO_A_PLACE


@kinds
def test_and_no_alarm_is_cleared_by_it(kind: str, prepared: Any) -> None:
    made = prepared(kind)
    for cause in TO_A_PLACE:
        world = alarmed_world(made, kind)
        world.events = _history(made, kind) if cause is without_snapshot else []
        known = len(world.events)
        cause(world)
        assert "cleared" not in {
            e.event.value for e in world.events[known:] if e.rule == made.site.rules[0].id
        }
        assert world.level is not NORMAL
        if cause not in BY_WILL:
            stands(world)


def _history(made: Prepared, kind: str) -> list[Any]:
    """All events until the alarm stands."""
    world = World(made.site, KINDS[kind].shapes)
    world.read(made.raised_at)
    return world.events


# --- beginnings ------------------------------------------------------------------------------------------------------


@kinds
def test_a_start_is_no_view_until_something_is_read(kind: str, prepared: Any) -> None:
    world = World(prepared(kind).site, KINDS[kind].shapes)
    assert world.level is NO_VIEW
    world.wait(60)
    assert world.level is NO_VIEW


@kinds
def test_a_kind_that_is_not_warm_and_is_alone_leaves_its_place_not_judged(kind: str, prepared: Any) -> None:
    world = World(prepared(kind).site, KINDS[kind].shapes)
    world.read()
    if kind in AT_ONCE:
        assert world.level is NORMAL
    elif kind not in MAY_BE_KNOWN:
        assert world.level is NOT_JUDGED
        assert world.place.unjudged == (f"{world.rule.id}: warming-up",)
        assert world.place.cause == (world.rule.id,)
    seen = [world.level]
    while world.at < QUIET:
        world.read()
        seen.append(world.level)
    assert seen == sorted(seen, key=[NOT_JUDGED, NORMAL].index), "once warm it stays so"


@kinds
@pytest.mark.parametrize("how", ["doubtful", "clock"])
def test_a_place_that_has_only_shown_doubtful_values_is_not_normal(
    kind: str, how: str, prepared: Any
) -> None:
    world = World(prepared(kind).site, KINDS[kind].shapes)
    doubtful = dict.fromkeys(KINDS[kind].shapes, int(Quality.SOURCE_UNCERTAIN))
    for _ in range(QUIET // 2):
        if how == "doubtful":
            world.read(quality=doubtful)
        else:
            world.read(ahead=3600 * S)
        assert world.level in (NO_VIEW, NOT_JUDGED), (world.at, world.place)


@kinds
def test_a_doubtful_value_clears_nothing(kind: str, prepared: Any) -> None:
    world = alarmed_world(prepared(kind), kind)
    raised_at, shapes = world.at, KINDS[kind].shapes
    world.shapes = {t: (lambda n, f=f: f((n - raised_at) % QUIET)) for t, f in shapes.items()}
    world.read(60, quality=dict.fromkeys(shapes, int(Quality.SOURCE_UNCERTAIN)))
    stands(world)


@kinds
def test_a_snapshot_that_is_older_than_the_question_gives_the_same_answer(kind: str, prepared: Any) -> None:
    for at, level in ((1, None), (QUIET, NORMAL)):
        world = World(prepared(kind).site, KINDS[kind].shapes)
        world.read(at)
        snapshot = world.engine.snapshot()
        book = json.loads(snapshot.parts["book"])
        del book["view"]["unjudged"]
        older = replace(snapshot, parts={**snapshot.parts, "book": json.dumps(book).encode()})
        again = World.again(world.site, world.shapes, older, at)
        assert again.level is (level or world.level)
        assert again.place.unjudged == world.place.unjudged
