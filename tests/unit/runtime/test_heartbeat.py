"""A device that is not heard and a rule group that is not judged, each within its time, are faults."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.model.quality import Quality
from gateway.model.site import RuleKind, Site
from gateway.model.times import NEVER
from gateway.runtime.heartbeat import Heartbeat
from tests.unit.engine.plant import T0, S, rule, site, tag
from tests.unit.runtime.rig import HIGH, plant, running

PAIR = (tag("L", max_age=2 * S), tag("M", max_age=2 * S))


async def test_a_device_that_falls_silent_is_one_fault_that_lists_its_tags(tmp_path: Path) -> None:
    async with running(tmp_path, plant(tags=PAIR)) as rig:
        async with asyncio.timeout(20):
            while "raised" not in rig.told("bus.LINK"):
                if rig.machine.tags()[0].quality >= Quality.NO_DATA and not rig.told("bus.LINK"):
                    rig.say("L", 1.0)
                    rig.say("M", 1.0)
                await asyncio.sleep(0.02)
        lost = next(e for e in rig.events if e.rule == "bus.LINK")
        assert lost.members == ("L", "M")
        assert lost.detail["reason"] == "nothing is heard of it"
        assert not [e for e in rig.events if e.rule.endswith(".FAULT")], (
            "told before each tag was stale by itself"
        )
        assert rig.told("dev-1.LINK") == [], "the bus explains the device"
        rig.say("L", 13.0)
        await rig.until(lambda: "cleared" in rig.told("bus.LINK"))
        await rig.until(lambda: "raised" in rig.told("L.H"))


class Told:
    """An engine that says what the test wants, and what the heartbeat tells."""

    def __init__(self, plant: Site) -> None:
        self.site, self.conditioner, self.bank, self.links = plant, self, self, self
        self.stale_at = np.full(len(plant.tags), T0 + 5 * S, np.int64)
        self.quality = np.zeros(len(plant.tags), np.uint8)
        self.known = np.zeros(len(plant.rules), np.int8)
        self.lost: list[str] = []
        self.said: list[tuple[str, bool]] = []
        self.troubles: dict[str, str] = {}
        self.heart = Heartbeat(plant, self.link, self.trouble)  # type: ignore[arg-type]

    def deadlines(self) -> NDArray[np.int64]:
        return self.stale_at.copy()

    def qualities(self) -> NDArray[np.uint8]:
        return self.quality.copy()

    def conditions(self) -> NDArray[np.int8]:
        return self.known

    def down(self) -> list[str]:
        return self.lost

    def link(self, link: str, *, up: bool, reason: str) -> None:
        assert reason
        self.said.append((link, up))

    def trouble(self, what: str, *, active: bool, detail: str = "") -> None:
        if active:
            self.troubles[what] = detail
        else:
            self.troubles.pop(what, None)

    def beat(self, at: float) -> int:
        return self.heart.beat(self, T0 + int(at * S))  # type: ignore[arg-type]


def test_it_looks_again_just_before_the_last_tag_would_be_stale() -> None:
    told = Told(site(tags=PAIR, rules=()))
    told.stale_at[:] = T0 + S, T0 + 2 * S
    assert told.beat(1.5) == T0 + int(1.8 * S), "one of two that is silent is that one's own fault"
    assert told.said == []
    told.beat(1.8)
    assert told.said == [("bus", False)]
    told.stale_at[:], told.quality[:], told.lost = NEVER, Quality.COMMUNICATION, ["bus"]
    told.beat(3)
    assert told.said == [("bus", False)]
    told.quality[0] = 0
    told.beat(4)
    assert told.said == [("bus", False), ("bus", True)]


def test_a_source_that_says_so_itself_is_not_spoken_for() -> None:
    told = Told(site(tags=PAIR, rules=()))
    told.lost = ["dev-1", "bus"]
    told.beat(100)
    assert told.said == []


def test_one_tag_alone_is_its_own_fault_and_event_driven_ones_may_be_silent() -> None:
    for tags in ((PAIR[0],), (tag("CMD", max_age=0), tag("ST", max_age=0))):
        told = Told(site(tags=tags, rules=()))
        told.beat(1000)
        assert told.said == []


def group(**changes: Any) -> Told:
    low = rule("M.L", RuleKind.LIMIT_LOW, "M", trigger=1.0, reset=2.0)
    told = Told(site(tags=PAIR, rules=(HIGH, rule("M.H", RuleKind.LIMIT_HIGH, "M"), low), **changes))
    told.stale_at[:] = NEVER
    return told


def test_a_group_of_rules_that_nobody_judges_is_a_fault_that_names_them() -> None:
    told = group()
    told.known[:] = (2, 2, 0)
    told.beat(0)
    told.beat(9)
    assert told.troubles == {}
    told.beat(11)
    assert list(told.troubles) == ["heartbeat.A.limit-high"]
    assert "L.H, M.H" in told.troubles["heartbeat.A.limit-high"]
    told.known[1] = 0
    told.beat(12)
    assert told.troubles == {}, "one of them is judged: the group is alive"


def test_what_an_instrument_or_a_link_explains_is_no_fault_of_the_group() -> None:
    told = group()
    told.known[:] = 2
    told.quality[:] = Quality.COMMUNICATION
    for at in range(0, 60, 5):
        told.beat(at)
    assert told.troubles == {}
    told.quality[:] = 0
    told.beat(61)
    told.beat(72)
    assert set(told.troubles) == {"heartbeat.A.limit-high", "heartbeat.A.limit-low"}


def test_a_group_has_the_time_its_windows_need() -> None:
    rise = rule("L.RISE", RuleKind.RATE_RISE, "L", trigger=1.0, reset=0.5, window=60 * S)
    novel = rule("M.NEW", RuleKind.NOVELTY, "M", roles=("tag",))
    told = Told(site(tags=PAIR, rules=(rise, novel)))
    told.stale_at[:], told.known[:] = NEVER, 2
    told.beat(0)
    told.beat(60)
    assert told.troubles == {}
    told.beat(80)
    assert list(told.troubles) == ["heartbeat.A.rate-rise"], "what learns may take as long as it needs"


def test_who_has_not_spoken_yet_has_the_age_of_its_tags_from_the_start() -> None:
    """A slow device is not lost in the first second after a start."""
    engine = Told(plant(tags=PAIR))
    engine.quality[:] = Quality.NO_DATA
    engine.heart.beat(engine, T0 + S)  # type: ignore[arg-type]
    assert engine.said == []
    engine.stale_at[:] = NEVER  # their time is over
    engine.heart.beat(engine, T0 + 5 * S)  # type: ignore[arg-type]
    assert [up for _, up in engine.said] == [False]
