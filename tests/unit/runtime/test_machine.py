"""The machine as a whole: restarts, failing sources, failing judgement. Nothing is lost, and nothing looks normal."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.engine import Engine
from gateway.model.events import EventKind
from gateway.model.inputs import Numbered, Readings
from gateway.model.levels import LiveLevel
from gateway.model.quality import Quality
from gateway.model.times import parse_iso
from gateway.runtime import leaving, machine, pulse
from gateway.runtime.clock import SystemClock
from gateway.runtime.machine import Machine
from gateway.runtime.recover import with_seq
from gateway.store import Identity, Store, open_reader
from gateway.store.verify import verify_journal
from tests.unit.engine.plant import S
from tests.unit.runtime.rig import Deaf, Mouth, Rig, plant, running

STOOD = "the gateway stood still"
"""An overloaded machine has such gaps at any time."""


def gaps(rig: Rig) -> list[dict[str, Any]]:
    return [e.detail for e in rig.events if e.event is EventKind.GAP]


def lasted(gap: dict[str, Any]) -> int:
    return parse_iso(gap["end"]) - parse_iso(gap["start"])


async def test_an_alarm_is_told_once_over_a_restart(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        rig.say("L", 13.0)
        await rig.until(lambda: rig.told("L.H") == ["raised"])
    async with running(tmp_path) as rig:
        assert rig.open()["L.H"] == "active"
        rig.say("L", 13.0)
        rig.say("L", 1.0)
        await rig.until(lambda: "cleared" in rig.told("L.H"))
        assert rig.told("L.H") == ["cleared"]


async def test_a_clock_that_was_set_back_while_it_was_away_says_nothing_of_how_long(tmp_path: Path) -> None:
    """A battery that is empty, a year that is 1970: the values of before may be of yesterday."""
    async with running(tmp_path) as rig:
        clock = rig.machine.clock
        assert isinstance(clock, SystemClock)
        clock.advance(clock.now() + 3600 * S)
        rig.say("L", 1.0)
        await rig.until(lambda: rig.quality("L") is Quality.GOOD)
    async with running(tmp_path) as rig:
        assert rig.quality("L") is Quality.STALE
        said = lambda: [e.detail.get("note", "") for e in rig.events if e.event is EventKind.STARTED]  # noqa: E731
        await rig.until(lambda: any("how long it was away is not known" in note for note in said()))
        assert not rig.told("L.FAULT")
        rig.say("L", 1.0)
        await rig.until(lambda: rig.quality("L") is Quality.GOOD)


async def test_an_ordinary_restart_knows_how_long_it_was_away(tmp_path: Path) -> None:
    """Two looks at one clock are some nanoseconds apart; that is no clock that was set back."""
    for _ in range(5):
        async with running(tmp_path) as rig:
            rig.say("L", 1.0)
            await rig.until(lambda: rig.quality("L") is Quality.GOOD)
            started = [e for e in rig.events if e.event is EventKind.STARTED]
            assert not [e for e in started if e.detail.get("note")]


async def test_a_link_that_comes_back_over_a_restart_is_back(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        rig.say("L", 1.0)
        rig.link("bus", up=False)
        await rig.until(lambda: rig.told("bus.LINK") == ["raised"])
    async with running(tmp_path) as rig:
        assert rig.open()["bus.LINK"] == "active"
        rig.link("bus", up=True)
        rig.say("L", 1.0)
        await rig.until(lambda: rig.told("bus.LINK") == ["cleared"])
        rig.say("L", 0.0, 132)
        await rig.until(lambda: rig.told("L.FAULT") == ["raised"])


async def test_a_source_that_fails_blinds_what_holds_for_ever(tmp_path: Path) -> None:
    mouth = Mouth(ZeroDivisionError("a bug"))
    async with running(tmp_path, mouth=mouth) as rig:
        rig.say("ST", 1.0)
        await rig.until(lambda: rig.machine.tags()[1].quality == 0)
        mouth.fail.set()
        await rig.until(lambda: rig.machine.tags()[1].quality >= 128)
        await rig.until(lambda: rig.told("bus.LINK") == ["raised"])


def trip_on(monkeypatch: pytest.MonkeyPatch, where: type, name: str, poison: float) -> None:
    """From now on ``where.name`` has a bug: it fails, half done, on inputs with this value."""
    real = getattr(where, name)

    def tripping(self: Any, inputs: Sequence[Numbered], *rest: Any) -> Any:
        found = real(self, inputs, *rest) if where is Engine else None
        if any(isinstance(i.input, Readings) and (i.input.batch.value == poison).any() for i in inputs):
            raise ZeroDivisionError("a bug")
        return found if where is Engine else real(self, inputs, *rest)

    monkeypatch.setattr(where, name, tripping)


@pytest.mark.parametrize(("where", "name"), [(Engine, "step"), (Store, "commit")])
async def test_one_input_that_cannot_be_judged_is_set_aside_and_the_rest_is_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: type, name: str
) -> None:
    trip_on(monkeypatch, where, name, 666.0)
    acknowledged: list[float] = []
    async with running(tmp_path) as rig:
        for tag, value in (("L", 13.0), ("ST", 666.0), ("L", 14.0)):
            rig.say(tag, value, done=lambda v=value: acknowledged.append(v))  # type: ignore[misc]
            rig.link("dev-1", up=True)  # keeps the readings apart
            rig.mouth.feed.gap("x", 1, 2, 3, "apart")  # type: ignore[union-attr]
        await rig.until(lambda: len(acknowledged) == 3)
        await rig.until(lambda: "raised" in rig.told("system.judging"))
        assert rig.told("L.H") == ["raised"], "before the bug, and once"
        whys = [g["why"] for g in gaps(rig) if g["why"] != STOOD]
        assert [w for w in whys if w != "apart"] == ["cannot be judged: ZeroDivisionError: a bug"]
        assert whys.count("apart") == 3
        rig.say("L", 1.0)
        await rig.until(lambda: rig.told("L.H") == ["raised", "cleared"])
    async with running(tmp_path) as rig:
        assert rig.open()["L.H"] == "normal"
        rig.say("L", 15.0)
        await rig.until(lambda: "raised" in rig.told("L.H"))
    assert verify_journal(tmp_path).ok


async def test_a_snapshot_ahead_of_the_journal_is_not_used(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        rig.say("L", 13.0)
        await rig.until(lambda: rig.told("L.H") == ["raised"])
        engine = rig.machine._pipeline.engine  # type: ignore[union-attr]
        wrong = with_seq(replace(engine.snapshot(), number=10_000), 10_000)
    store = Store.open(tmp_path, Identity("gw", "341524", "s"), now=1, reserve_bytes=4096)
    assert store.save_snapshot(wrong)
    store.close()
    async with running(tmp_path) as rig:
        assert rig.open()["L.H"] == "active"
        rig.say("L", 1.0)
        await rig.until(lambda: rig.told("L.H") == ["cleared"])


async def test_kept_inputs_that_cannot_be_stepped_again_do_not_keep_the_plant_unwatched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as killed:
        killed.setattr(Machine, "_snapshot", lambda _machine, _pipeline: asyncio.sleep(0))
        async with running(tmp_path) as rig:
            rig.say("L", 13.0)
            await rig.until(lambda: rig.told("L.H") == ["raised"])
    trip_on(monkeypatch, Engine, "step", 13.0)
    async with running(tmp_path) as rig:
        await rig.until(lambda: rig.told("L.H") == ["unknown"])
        assert rig.told("system.replay-difference") == ["raised"]
        rig.say("L", 14.0)
        await rig.until(lambda: rig.told("L.H") == ["unknown", "known"])


async def test_words_that_are_no_unicode_do_not_stop_judging(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        rig.mouth.feed.link("bus", up=False, reason="caf\udce9" + 10_000 * "x")  # type: ignore[union-attr]
        await rig.until(lambda: rig.told("bus.LINK") == ["raised"])
        assert "judging" not in rig.machine.present().status.troubles


async def test_what_waits_when_told_to_stop_is_committed(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        rig.say("L", 1.0)
        await rig.until(lambda: rig.machine.tags()[0].quality == 0)
        rig.say("L", 13.0)  # told to stop before it is stepped
        rig.mouth.feed.gap("x", 1, 2, 3, "late words")  # type: ignore[union-attr]
    with open_reader(tmp_path) as reader:
        kinds = [
            r.event.event.value for r in reader.records(0, 100) if r.event.rule == "L.H" or not r.event.id
        ]
    assert {"raised", "gap"} <= set(kinds)


async def test_online_only_while_the_plant_is_seen(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        assert rig.machine.present().status.state == "degraded", "no source has delivered"
        assert rig.machine.present().levels[0].level is LiveLevel.NO_VIEW
        rig.say("L", 1.0)
        await rig.until(lambda: rig.machine.present().status.state == "online")
        rig.link("dev-1", up=False)
        await rig.until(lambda: rig.machine.present().status.state == "degraded")
        rig.link("dev-1", up=True)
        rig.say("L", 1.0)
        await rig.until(lambda: rig.machine.present().status.state == "online")


async def test_the_oldest_unsent_alarm_is_as_old_as_it_is(tmp_path: Path) -> None:
    async with running(tmp_path, ear=Deaf()) as rig:
        rig.say("L", 13.0)
        await rig.until(lambda: "L.H" in rig.open())
        first = rig.machine.present().status.oldest_unsent_alarm
        assert first is not None
    async with running(tmp_path, ear=Deaf()) as rig:
        await rig.until(lambda: rig.ear.taken)
        assert rig.machine.present().status.oldest_unsent_alarm == first
    async with running(tmp_path) as rig:
        await rig.until(lambda: rig.machine.present().status.oldest_unsent_alarm is None)
        assert rig.told("L.H") == ["raised"]


async def test_a_trouble_of_an_output_that_is_gone_ends(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        rig.machine.troubles("output.old.alarms", active=True)
        rig.machine.troubles("ear.alarms.login", active=True)
        await rig.until(lambda: "raised" in rig.told("system.ear.alarms.login"))
    async with running(tmp_path) as rig:
        await rig.until(lambda: rig.told("system.output.old.alarms") == ["cleared"])
        assert rig.open()["system.ear.alarms.login"] == "active"


async def test_a_disk_that_neither_takes_nor_refuses_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaving, "STALL_S", 0.1)
    held, real = threading.Event(), Store.commit
    async with running(tmp_path) as rig:
        rig.say("L", 1.0)
        await rig.until(lambda: rig.machine.present().status.state == "online")
        monkeypatch.setattr(Store, "commit", lambda *a: held.wait(10) and real(*a))
        rig.say("L", 13.0)
        await rig.until(lambda: rig.machine.present().status.troubles == ("commit",))
        assert rig.machine.present().status.state == "degraded"
        held.set()
        await rig.until(lambda: rig.told("L.H") == ["raised"])
        assert rig.machine.present().status.state == "online"


async def test_a_removed_rule_s_alarm_is_retired_though_the_old_configuration_cannot_be_read(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as rig:
        rig.say("L", 13.0)
        await rig.until(lambda: rig.told("L.H") == ["raised"])
    async with running(tmp_path, plant(rules=(), config_hash="d" * 64)) as rig:
        await rig.until(lambda: rig.told("L.H") == ["retired"])
        assert "L.H" not in rig.open()


@pytest.fixture
def late(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How far the machine's clock has gone beyond the test's, ns."""
    beyond, real = [0], SystemClock.now
    monkeypatch.setattr(SystemClock, "now", lambda self: real(self) + beyond[0])
    return beyond


async def test_a_slow_start_is_not_the_plant_s_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, late: list[int]
) -> None:
    async with running(tmp_path) as rig:
        rig.say("L", 13.0)
        await rig.until(lambda: rig.told("L.H") == ["raised"])
    monkeypatch.setattr(machine, "warm", lambda _: late.__setitem__(0, late[0] + 100 * S))
    async with running(tmp_path) as rig:
        rig.say("L", 1.0)
        await rig.until(lambda: rig.told("L.H") == ["cleared"])
        assert rig.told("L.FAULT") == []
        (gap,) = [g for g in gaps(rig) if g["why"] != STOOD]
        assert lasted(gap) > 100 * S, "nobody looked before the first reading"


async def test_a_gateway_that_stood_still_does_not_blame_the_plant(tmp_path: Path, late: list[int]) -> None:
    async with running(tmp_path) as rig:
        rig.say("L", 13.0)
        rig.say("ST", 0.0)
        await rig.until(lambda: rig.told("L.H") == ["raised"])
        late[0] += 100 * S
        time.sleep(pulse.LATE_S + 0.05)  # the event loop stands still
        rig.say("ST", 0.0)  # ... and one source is quicker than the other behind it
        await rig.until(lambda: any(lasted(g) > 100 * S for g in gaps(rig)))
        rig.say("L", 1.0)
        await rig.until(lambda: rig.told("L.H") == ["raised", "cleared"])
        assert rig.told("L.FAULT") == []
        assert [g["why"] for g in gaps(rig) if lasted(g) > 100 * S] == [STOOD]
        assert [e.event for e in rig.events].count(EventKind.STARTED) == 1, "nothing began anew"
        late[0] += 100 * S
        await rig.until(lambda: rig.told("L.FAULT") == ["raised"])
