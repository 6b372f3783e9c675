"""Races that other alarm systems lost, each named after the report of it. What went wrong there stands in the test."""

from dataclasses import replace
from typing import Any

from gateway.engine import Engine
from gateway.model.commands import Act, Command, Seen
from gateway.model.events import Condition, Event
from gateway.model.inputs import Acted, ConfigChange, Input, Numbered, Started, Tick
from gateway.model.quality import Quality
from gateway.model.site import RuleKind, Site
from tests.unit.engine.plant import ANNA, T0, S, readings, rule, site, tag

SLOW = rule("L.H", RuleKind.LIMIT_HIGH, "L", trigger=12.0, reset=11.0, on_delay=10 * S)
PARENT = rule("P.LL", RuleKind.LIMIT_LOW, "P", trigger=1.0, reset=2.0)
CHILD = rule(
    "F.L", RuleKind.LIMIT_LOW, "F", trigger=5.0, reset=6.0, on_delay=4 * S, suppressed_while=("P.LL",)
)


class Plant:
    """An engine, its inputs numbered for it, and what it said of alarms."""

    def __init__(self, plant: Site) -> None:
        self.site = plant
        self.engine = Engine(plant, "e1")
        self.give(Started(T0, 0, "1"))

    def give(self, item: Input) -> list[Event]:
        number = self.engine.number + 1
        step = self.engine.step([Numbered(number, item)])
        assert not step.refused
        return [e for _, e in step.events if e.event != "live-level"]

    def read(self, *rows: Any) -> list[str]:
        return said(self.give(readings(self.site, *rows)))

    def tick(self, at: float) -> list[str]:
        return said(self.give(Tick(T0 + int(at * S))))

    def do(self, act: Act, at: float, *rules: str, seconds: float = 0) -> list[str]:
        end = T0 + int((at + seconds) * S)
        return said(
            self.give(Acted(T0 + int(at * S), Command(act, ANNA, (), "test", rules=rules, until=end)))
        )

    def restart(self) -> None:
        """The same engine from its snapshot."""
        snapshot, self.engine = self.engine.snapshot(), Engine(self.site, "e1")
        self.engine.restore(snapshot)

    def reload(self, new: Site, at: float) -> list[str]:
        old, self.engine, self.site = self.engine, Engine(new, "e1"), new
        self.engine.carry_over(old)
        return said(self.give(ConfigChange(T0 + int(at * S), "a", "b")))

    def isa(self, rule_id: str) -> list[str]:
        return [o.isa for o in self.engine.book.open() if o.rule == rule_id]


def said(events: list[Event]) -> list[str]:
    return [f"{e.rule}: {e.event.value}" for e in events]


def of(plant: list[str], rule_id: str) -> list[str]:
    return [each.partition(": ")[2] for each in plant if each.startswith(f"{rule_id}:")]


def test_phoebus_2310_unshelving_does_not_kill_a_running_delay() -> None:
    """There the server's own un-shelve message restarted the point and its delay never ended."""
    plant = Plant(site(rules=(SLOW,), tags=(tag("L", max_age=60 * S),)))
    plant.do(Act.SHELVE, 1, "L.H", seconds=5)
    plant.read(("L", 2, 13.0))
    assert of(plant.tick(6), "L.H") == ["unshelved", "closed"]
    assert of(plant.tick(12), "L.H") == ["raised"]
    assert plant.isa("L.H") == ["B"]


def test_phoebus_2303_a_reading_that_is_normal_beats_the_delay_that_ends_with_it() -> None:
    """There an OK and the expiring delay raced, and the alarm stood although the value was good."""
    for split in (False, True):
        plant = Plant(site(rules=(SLOW,), tags=(tag("L", max_age=60 * S),)))
        plant.read(("L", 2, 13.0))
        if split:
            assert plant.read(("L", 11.999, 10.0)) == []
        else:
            assert of(plant.read(("L", 12, 10.0)), "L.H") == []
        assert plant.tick(30) == []
        assert [o for o in plant.engine.book.open() if o.axes.condition is not Condition.NORMAL] == []


def test_phoebus_1966_disabled_during_its_delay_it_is_not_announced() -> None:
    """There it fired although it had been disabled while the delay ran."""
    plant = Plant(site(rules=(SLOW,), tags=(tag("L", max_age=60 * S),)))
    plant.read(("L", 2, 13.0))
    plant.do(Act.SHELVE, 5, "L.H", seconds=3600)
    events = plant.give(Tick(T0 + 12 * S))
    assert said(events) == ["L.H: raised"]
    assert events[0].isa == "G"


def test_phoebus_2520_an_edited_rule_keeps_its_latched_alarm() -> None:
    """There a change of the configuration cleared the latched severity: starting over was easier."""
    latched = replace(SLOW, on_delay=0, latched=True)
    plant = Plant(site(rules=(latched,), tags=(tag("L", max_age=60 * S),)))
    plant.read(("L", 2, 13.0))
    (alarm,) = plant.engine.book.open()
    plant.read(("L", 3, 10.0))
    plant.reload(
        site(rules=(replace(latched, trigger=14.0, reset=13.5),), tags=(tag("L", max_age=60 * S),)), 4
    )
    assert [(o.id, o.isa) for o in plant.engine.book.open()] == [(alarm.id, "E")]
    plant.give(Acted(T0 + 5 * S, Command(Act.ACKNOWLEDGE, ANNA, (Seen(alarm.id, 2),))))
    assert plant.isa("L.H") == ["F"]


def test_alertmanager_4705_a_cause_is_known_after_a_restart_before_its_child_is_judged() -> None:
    """There the suppressor was not ready yet when alarms came after a reload, and they were announced."""
    tags = (tag("P", max_age=60 * S), tag("F", max_age=60 * S))
    plant = Plant(site(rules=(PARENT, CHILD), tags=tags))
    plant.read(("P", 1, 0.5), ("F", 1, 9.0))
    plant.restart()
    plant.reload(site(rules=(CHILD, PARENT), tags=tags, config_hash="d" * 64), 2)
    plant.read(("F", 3, 1.0))
    events = plant.give(Tick(T0 + 8 * S))
    assert [(e.event.value, e.isa) for e in events] == [("raised", "H")]


def test_thingsboard_15583_two_crossings_a_millisecond_apart_are_one_alarm() -> None:
    """There creation was not transactional, and two messages made two alarms."""
    quick = replace(SLOW, on_delay=0)
    for together in (True, False):
        plant = Plant(site(rules=(quick,), tags=(tag("L"),)))
        rows = (("L", 2.000, 13.0), ("L", 2.001, 13.1))
        found = plant.read(*rows) if together else [each for row in rows for each in plant.read(row)]
        assert found == ["L.H: raised"]


def test_fuxa_a_value_that_is_null_is_not_zero() -> None:
    """There null became 0, which cleared a high alarm and raised a low one."""
    low = rule("L.L", RuleKind.LIMIT_LOW, "L", trigger=1.0, reset=2.0)
    plant = Plant(site(rules=(replace(SLOW, on_delay=0), low), tags=(tag("L"),)))
    plant.read(("L", 1, 13.0))
    found = plant.read(("L", 2, float("nan"), int(Quality.NO_DATA)))
    assert "L.H: unknown" in found
    assert of(found, "L.L") == []
    assert plant.isa("L.H") == ["B"]
    assert "L.H: cleared" not in plant.read(("L", 3, float("nan")))


def test_a_shelf_that_ends_during_an_outage_ends_at_the_start() -> None:
    """Alertmanager #730, the forgotten silence: nothing stays hidden because nobody was there to end it."""
    plant = Plant(site(rules=(replace(SLOW, on_delay=0),), tags=(tag("L", max_age=60 * S),)))
    plant.do(Act.SHELVE, 1, "L.H", seconds=5)
    plant.read(("L", 2, 13.0))
    plant.restart()
    plant.give(Started(T0 + 60 * S, T0 + 3 * S, "1"))
    plant.tick(61)
    assert plant.isa("L.H") == ["B"]
