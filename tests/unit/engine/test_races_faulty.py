"""The tests of :mod:`.test_races` find what they are named after: each fails when the product does as others did."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gateway.alarms import away
from gateway.alarms.design import Design
from gateway.alarms.ledger import Ledger
from gateway.conditioning.stage import Conditioner
from gateway.engine.detection import Detection
from gateway.engine.engine import Engine
from gateway.model.events import EventKind, Suppression
from tests.unit.engine import test_races as races

Fault = Callable[[pytest.MonkeyPatch], None]


def unshelving_restarts_the_point(patch: pytest.MonkeyPatch) -> None:
    real = Engine._tell

    def tell(self: Engine, fact: Any, *, more: bool = False) -> None:
        before = len(self._run.events)
        real(self, fact, more=more)
        if any(e.event is EventKind.UNSHELVED for _, e in self._run.events[before:]):
            self.detection.bank = Detection(self.site).bank

    patch.setattr(Engine, "_tell", tell)


def the_delay_ends_before_the_reading_is_looked_at(patch: pytest.MonkeyPatch) -> None:
    real = Detection._judge

    def judge(self: Detection, count: int, now: int, *first: Any) -> Any:
        rows = self.conditioner.rows.copy()
        early = real(self, 0, now, *first)
        self.conditioner.rows[: len(rows)] = rows
        late = real(self, count, now)
        return type(late)([*early.facts, *late.facts], late.rows)

    patch.setattr(Detection, "_judge", judge)


def a_shelf_is_forgotten_by_what_comes(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(away, "inherited", lambda *_: (Suppression.NONE, {}))


def a_changed_configuration_starts_over(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Engine, "carry_over", lambda *_: None)


def the_suppressor_is_not_ready_yet(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Design, "cause", lambda *_: "")


def each_crossing_makes_an_alarm_of_its_own(patch: pytest.MonkeyPatch) -> None:
    """And each reading is a crossing: nothing is remembered between two of them."""
    real = Detection._judge

    def judge(self: Detection, count: int, now: int, *first: Any) -> Any:
        rows, facts = self.conditioner.rows[:count].copy(), list(first)
        for row in rows:
            self.bank = Detection(self.site).bank
            self.conditioner.rows[0] = row
            facts += real(self, 1, now).facts
        return real(self, 0, now, *first) if not count else type(real(self, 0, now))(facts, count)

    patch.setattr(Detection, "_judge", judge)
    patch.setattr(Ledger, "trunk", lambda *_: None)


def null_is_zero(patch: pytest.MonkeyPatch) -> None:
    real = Conditioner.written

    def written(self: Conditioner, count: int, now: int) -> int:
        null = np.isnan(self.rows["value"][:count])
        self.rows["value"][:count][null], self.rows["quality"][:count][null] = 0.0, 0
        return real(self, count, now)

    patch.setattr(Conditioner, "written", written)


@pytest.mark.parametrize(
    ("race", "fault"),
    [
        (races.test_phoebus_2310_unshelving_does_not_kill_a_running_delay, unshelving_restarts_the_point),
        (
            races.test_phoebus_2303_a_reading_that_is_normal_beats_the_delay_that_ends_with_it,
            the_delay_ends_before_the_reading_is_looked_at,
        ),
        (
            races.test_phoebus_1966_disabled_during_its_delay_it_is_not_announced,
            a_shelf_is_forgotten_by_what_comes,
        ),
        (
            races.test_phoebus_2520_an_edited_rule_keeps_its_latched_alarm,
            a_changed_configuration_starts_over,
        ),
        (
            races.test_alertmanager_4705_a_cause_is_known_after_a_restart_before_its_child_is_judged,
            the_suppressor_is_not_ready_yet,
        ),
        (
            races.test_thingsboard_15583_two_crossings_a_millisecond_apart_are_one_alarm,
            each_crossing_makes_an_alarm_of_its_own,
        ),
        (races.test_fuxa_a_value_that_is_null_is_not_zero, null_is_zero),
    ],
    ids=lambda each: each.__name__,
)
def test_the_race_is_found(race: Callable[[], None], fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    race()
    fault(monkeypatch)
    with pytest.raises(AssertionError):
        race()
