"""Back to an older version: alarms, acknowledgements and outputs after it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gateway.cli.main import app
from gateway.model.commands import Act, Actor, Command, Seen
from gateway.model.errors import Misconfigured
from gateway.model.events import EventKind
from gateway.model.inputs import Numbered, Tick
from gateway.model.site import RuleKind
from gateway.store import Identity, Store, rollback
from gateway.store.verify import verify_journal
from tests.e2e.sites import level, mqtt, plc
from tests.helpers.gateway import write_site
from tests.unit.engine.plant import rule
from tests.unit.runtime.rig import HIGH, Rig, plant, running
from tests.unit.store import make
from tests.unit.store.test_rollback import Newer

SITE = plant(rules=(HIGH, rule("L.HH", RuleKind.LIMIT_HIGH, "L", trigger=16.0, reset=15.0)))


def by_the_newer(folder: Path) -> None:
    """An event of a kind that this version does not have, as the newer version's last words."""
    store = Store.open(folder, Identity(SITE.gateway, SITE.county, SITE.id), now=make.T0, reserve_bytes=0)
    number, time = store.last_input
    event: Any = make.event(time)._replace(event=Newer.PROPHESIED)
    store.commit([Numbered(number + 1, Tick(time + 1))], [event], time + 1)
    store.remember("words", "of a newer version")
    store.close()


async def acknowledged(rig: Rig, name: str) -> None:
    (alarm,) = [o for o in rig.machine.present().occurrences if o.rule == name]
    await rig.machine.submit(Command(Act.ACKNOWLEDGE, Actor("w", "王强"), (Seen(alarm.id, alarm.n),), ""))


@pytest.mark.parametrize("unreadable", [False, True])
async def test_alarms_go_on_and_outputs_miss_nothing(tmp_path: Path, unreadable: bool) -> None:
    async with running(tmp_path, SITE) as rig:
        rig.say("L", 13.0)
        await rig.until(lambda: "L.H" in rig.open())
        await acknowledged(rig, "L.H")
        await rig.until(lambda: "acknowledged" in rig.told("L.H"))
        (before,) = rig.machine.present().occurrences
    if unreadable:
        by_the_newer(tmp_path)
        with pytest.raises(Misconfigured, match="fengsui rollback"):
            async with running(tmp_path, SITE):
                pass
        done = rollback.set_aside(tmp_path)
        assert done is not None
        Store.open(
            tmp_path,
            Identity(SITE.gateway, SITE.county, SITE.id),
            now=make.T0,
            reserve_bytes=0,
            adopt=done.why,
        ).close()
    async with running(tmp_path, SITE) as rig:
        await rig.until(lambda: rig.events)
        (after,) = [o for o in rig.machine.present().occurrences if o.rule == "L.H"]
        assert (after.id, after.axes) == (before.id, before.axes)
        started = next(r for r in rig.ear.records if r.event.event is EventKind.STARTED)
        assert ("rolled back" in str(started.event.detail)) is unreadable
        assert not rig.told("system.replay-difference")
        rig.say("L", 17.0)
        await rig.until(lambda: rig.told("L.HH"))
    assert verify_journal(tmp_path).ok


async def test_a_lane_that_was_ahead_of_the_cut_is_taken_back_to_it(tmp_path: Path) -> None:
    """Its output has had records that the journal has no more; the new ones under their numbers are other records."""
    async with running(tmp_path, SITE) as rig:
        await rig.until(lambda: rig.events)
        rig.machine._desk.move("ear.alarms", 999)
    async with running(tmp_path, SITE) as rig:
        await rig.until(lambda: [e for e in rig.events if e.event is EventKind.STARTED])


def test_inputs_of_a_newer_version_leave_the_plant_watched(tmp_path: Path) -> None:
    from gateway.runtime.recover import recover

    store = make.store(tmp_path, identity=Identity(SITE.gateway, SITE.county, SITE.id))
    store.keep_config(SITE.config_hash, b"{}")
    store.commit([make.tick(1)], [], make.T0)
    packed = store._compressor.compress(b'\x07\x00\x00\x00J["x",{}]'[:4] + b'J["x",{')
    store._writer.db.execute("UPDATE inputs SET data = ?", (packed,))
    found = recover(store, SITE)
    assert "stepping inputs behind 0 failed" in found.difference
    assert found.anew
    store.close()


def test_the_command(tmp_path: Path) -> None:
    config = write_site(tmp_path, sources=plc(1), tags=[level(1)], outputs={"county": mqtt(1)})
    runner, state = CliRunner(), tmp_path / "state"
    identity = Identity("gw-e2e", "341524", "plant")
    store = make.store(state, identity=identity)
    store.commit([make.tick(1)], [make.event()], make.T0)
    store.close()
    whole = runner.invoke(app, ["rollback", str(config)])
    assert (whole.exit_code, "reads the whole journal" in whole.output) == (0, True)
    store = make.store(state, identity=identity)
    event: Any = make.event()._replace(event=Newer.PROPHESIED)
    store.commit([make.tick(2)], [event], make.T0)
    store.remember("words", "x")
    store.close()
    asked = runner.invoke(app, ["rollback", str(config), "--check"])
    assert asked.exit_code == 1
    assert "seq 2" in asked.output
    done = runner.invoke(app, ["rollback", str(config), "--json"])
    assert done.exit_code == 0, done.output
    assert '"first": 2' in done.output
    store = make.store(state, identity=identity)
    assert "rolled back" in store.note
    store.close()
