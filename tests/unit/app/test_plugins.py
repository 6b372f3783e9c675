"""Many devices take turns, so that the alarm of the first does not wait for the last."""

from __future__ import annotations

from pathlib import Path

from gateway.app.plugins import AT_ONCE, MOST_TURNS, TURN, build_sources
from gateway.config.load import load
from gateway.model.times import NS
from gateway.sources.modbus.bus import Bus
from gateway.sources.modbus.plugin import ModbusSource
from tests.helpers.feed import FakeClock, FakeFeed

DEVICES = 2 * AT_ONCE + 1


def sources(folder: Path, devices: int = DEVICES) -> list[ModbusSource]:
    (folder / "site.yaml").write_text(
        'version: 1\ngateway: gw\ncounty: "341524"\nsite: {id: s, name: s}\nstate: ./state\n'
        "people: {wang: {name: 王强}}\ninstallations: [{id: plant, name: plant, owners: {responsible: wang}}]\n"
        "tags: [tags.csv]\nsources:\n"
        + "".join(
            f"  d{k}: {{kind: modbus-tcp, host: 127.0.0.1, port: {15000 + k}}}\n" for k in range(devices)
        )
    )
    rows = [f"T-{k},T-{k},other,plant,d{k},1:holding:0,1s" for k in range(devices)]
    (folder / "tags.csv").write_text("\n".join(["id,raw,class,installation,source,address,period", *rows]))
    found = build_sources(load(folder / "site.yaml").sources, -1)
    return [s for s in found if isinstance(s, ModbusSource)]


def test_connections_take_turns(tmp_path: Path) -> None:
    phases = [s.phase for s in sources(tmp_path)]
    assert phases == [k // AT_ONCE * TURN for k in range(DEVICES)]


def test_very_many_take_no_more_turns_than_there_may_be(tmp_path: Path) -> None:
    together = AT_ONCE + 5
    phases = [s.phase for s in sources(tmp_path, together * MOST_TURNS)]
    assert phases == [k // together * TURN for k in range(together * MOST_TURNS)]


async def test_a_turn_keeps_the_period_and_falls_behind_its_multiple(tmp_path: Path) -> None:
    last = sources(tmp_path)[-1]
    (group,) = last.groups
    feed = FakeFeed(clock=FakeClock())
    bus = Bus(last.job, feed)
    bus._book(group, feed.clock.now())
    assert group.due % NS == last.phase
    assert 0 < group.due - feed.clock.now() <= NS
