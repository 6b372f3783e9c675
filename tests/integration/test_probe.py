"""``check --probe`` and ``scan``: the field is read once, slowly, and never written."""

from __future__ import annotations

import asyncio
import contextlib
import json
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from gateway.app.beside import BUSY, NOT_POLLED, read_beside, seen
from gateway.app.probe import Report, probe
from gateway.cli.main import app
from gateway.config.load import Loaded, load
from gateway.model.probing import Looked, Pace, Spent
from gateway.sources.modbus.scan import read_around, suggest
from simulators.faults import Fault, make_fault
from simulators.image import Image, Table
from simulators.modbus import Device, DeviceServer, server_of
from tests.conftest import MosquittoFactory
from tests.helpers.modbus_peer import Asked, Peer, frame, peer, refusal, right
from tests.integration.test_source_mqtt import publish
from tests.ports import HOST, free_port

HEADER = "raw,class,unit,low,high,raw_low,raw_high,signal,installation,source,address"


def site(folder: Path, rows: list[str], sources: str, outputs: str = "") -> Loaded:
    (folder / "tags.csv").write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    text = f"""\
version: 1
gateway: gw
county: "341524"
site: {{id: s, name: 厂}}
installations: [{{id: A, name: 罐区, owners: {{responsible: wang}}}}]
people: {{wang: {{name: 王强}}}}
sources:
{sources}
tags: [tags.csv]
{outputs}
"""
    (folder / "site.yaml").write_text(text, encoding="utf-8")
    return load(folder / "site.yaml")


def device(values: dict[int, float], order: str = "CDAB") -> Any:
    """Floats at addresses, words swapped; 40 is refused; the rest is zero."""
    registers = dict.fromkeys(range(200), b"\0\0")
    for address, value in values.items():
        a, b = struct.pack(">f", value)[:2], struct.pack(">f", value)[2:]
        registers[address], registers[address + 1] = (b, a) if order == "CDAB" else (a, b)

    def script(asked: Asked) -> list[bytes]:
        if asked.address <= 40 < asked.address + asked.count:
            return refusal(asked, 2)
        data = b"".join(registers[k] for k in range(asked.address, asked.address + asked.count))
        return [frame(asked, bytes([asked.function, len(data)]) + data)]

    return script


ROWS = [
    "LT 1,level,m,0,15,,,,A,plc,1:holding:10:float32:CDAB",
    "LT 2,level,m,0,15,,,,A,plc,1:holding:12:float32:CDAB",
    "GONE,level,m,0,15,,,,A,plc,1:holding:40",
    "MA 1,level,m,0,15,0,16,4-20mA,A,plc,1:holding:14:float32:CDAB",
]


def plc(port: int) -> str:
    return f"  plc: {{kind: modbus-tcp, host: {HOST}, port: {port}, timeout: 300ms}}"


def ids(rows: list[str]) -> list[str]:
    return [f"id{k},{row}" for k, row in enumerate(rows)]


async def probed(loaded: Loaded, most: int = 50) -> Report:
    return await probe(loaded, rate=100.0, most=most)


@pytest.fixture(autouse=True)
def _with_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.HEADER", f"id,{HEADER}")


async def test_every_tag_once_with_its_registers_and_what_it_costs(tmp_path: Path) -> None:
    peer = Peer(device({10: 11.5, 12: 99.0, 14: 8.0}))
    await peer.start()
    try:
        report = await probed(site(tmp_path, ids(ROWS), plc(peer.port)))
    finally:
        await peer.stop()
    lines = {line.tag: line for line in report.tags}
    assert (lines["id0"].raw, lines["id0"].value) == ("0000 4138", 11.5)
    assert "outside 0 to 15" in lines["id1"].note
    assert lines["id2"].value is None
    assert "illegal data address (2)" in lines["id2"].note
    assert lines["id3"].value == pytest.approx(7.5), "8 is half of 0-16 raw, 12 mA, the middle of the range"
    assert not report.ok
    figures = report.sources["plc"]
    assert figures["reached"]
    assert figures["requests_per_cycle"] == 1
    assert figures["cycle_ms"] > 0
    assert peer.connections == 1
    assert {a.function for a in peer.asked} <= {1, 2, 3, 4}


async def test_a_dead_device_and_a_spent_budget_are_said(tmp_path: Path) -> None:
    report = await probed(site(tmp_path, ids(ROWS), plc(free_port())))
    assert not report.sources["plc"]["reached"]
    assert all("no connection" in line.note for line in report.tags)
    peer = Peer(right)
    await peer.start()
    try:
        rows = ["A,level,m,0,15,,,,A,plc,1:holding:10", "B,level,m,0,15,,,,A,plc,2:holding:10"]
        report = await probed(site(tmp_path, ids(rows), plc(peer.port)), most=1)
    finally:
        await peer.stop()
    assert [line.value for line in report.tags] == [10.0, None]
    assert "budget" in report.tags[1].note


async def test_scan_suggests_order_and_base(tmp_path: Path) -> None:
    """The list says big-endian and addresses one too high; the device has its words swapped."""
    rows = [f"T{k},level,m,0,15,,,,A,plc,1:holding:{11 + 2 * k}:float32:ABCD" for k in range(8)]
    peer = Peer(device({10 + 2 * k: 3.0 + k * 1.1 for k in range(8)}))
    await peer.start()
    try:
        part = site(tmp_path, ids(rows), plc(peer.port)).sources[0]
        registers, why = await read_around(part.settings, part.bound, Pace(100.0, 50))
    finally:
        await peer.stop()
    assert why == ""
    best = suggest(part.bound, registers)[0]
    assert (best.order, best.base, best.inside, best.read) == ("CDAB", -1, 8, 8)
    assert {a.function for a in peer.asked} == {3}
    assert len(peer.asked) <= 2


class Line:
    """A simulated serial line's plant: unit 1 is dead; unit 2 has float32 CDAB at 10, 12, ..., and refuses 40."""

    def __init__(self, *kinds: str) -> None:
        self.faults = [make_fault(kind, kind, "d", 0.0, {}) for kind in kinds]

    def image(self, device: str, unit: int) -> Image | None:
        cells = dict.fromkeys(range(100), 0)
        for k in range(8):
            high, low = struct.unpack(">HH", struct.pack(">f", 3.0 + k * 1.1))
            cells[10 + 2 * k], cells[11 + 2 * k] = low, high
        return {3: Table(cells, {40: 2})} if unit == 2 else None

    def device_faults(self, device: str) -> list[Fault]:
        return self.faults


SERIAL = pytest.mark.parametrize("wire", ["rtu", "ascii", "rtu-tcp", "ascii-tcp"])


@contextlib.asynccontextmanager
async def line(wire: str, folder: Path, *kinds: str) -> AsyncIterator[tuple[DeviceServer, str]]:
    """The far end, and the source as the site file has it."""
    server = server_of(
        Device("d", wire=wire, link=str(folder / "port")), Line(*kinds), np.random.default_rng(1)
    )
    await server.open(HOST, 0)
    place = server.place()
    framing = f"framing: {wire.partition('-')[0]}, timeout: 300ms"
    if "path" in place:
        words = f"kind: modbus-serial, port: {place['path']}, baud: 115200, parity: none, {framing}"
    else:
        words = f"kind: modbus-serial-tcp, host: {HOST}, port: {place['port']}, {framing}"
    try:
        yield server, f"  plc: {{{words}}}"
    finally:
        await server.close()


@SERIAL
async def test_a_serial_line_is_probed(wire: str, tmp_path: Path) -> None:
    rows = [
        "A,level,m,0,15,,,,A,plc,2:holding:10:float32:CDAB",
        "B,level,m,0,15,,,,A,plc,1:holding:10:float32:CDAB",
        "C,level,m,0,15,,,,A,plc,2:holding:40",
        "D,level,m,0,15,,,,A,plc,2:holding:12:float32:CDAB",
    ]
    async with line(wire, tmp_path) as (server, source):
        report = await probed(site(tmp_path, ids(rows), source))
        assert server.stats.writes == 0
    lines = {each.tag: each for each in report.tags}
    assert (lines["id0"].value, lines["id0"].raw) == (3.0, "0000 4040")
    assert lines["id3"].value == pytest.approx(4.1)
    assert lines["id1"].note == "no answer within 0.3 s"
    assert "illegal data address (2)" in lines["id2"].note
    figures = report.sources["plc"]
    assert figures["reached"]
    assert figures["requests_per_cycle"] == (3 if wire.endswith("-tcp") else 2), (
        "9600 bit/s is behind most servers"
    )
    assert figures["cycle_ms"] > 0


@SERIAL
async def test_a_serial_line_is_scanned_and_a_dead_unit_costs_only_itself(wire: str, tmp_path: Path) -> None:
    rows = [f"T{k},level,m,0,15,,,,A,plc,2:holding:{11 + 2 * k}:float32:ABCD" for k in range(8)]
    rows.insert(0, "DEAD,level,m,0,15,,,,A,plc,1:holding:10")
    async with line(wire, tmp_path) as (server, source):
        part = site(tmp_path, ids(rows), source).sources[0]
        registers, why = await read_around(part.settings, part.bound, Pace(100.0, 50))
        assert server.stats.writes == 0
    assert why == "unit 1: no answer within 0.3 s"
    best = suggest(part.bound, registers)[0]
    assert (best.order, best.base, best.inside, best.read) == ("CDAB", -1, 8, 8)


async def test_a_probe_says_that_the_adapter_echoes(tmp_path: Path) -> None:
    rows = ["A,level,m,0,15,,,,A,plc,2:holding:10:float32:CDAB"]
    async with line("rtu", tmp_path, "echo") as (_, source):
        report = await probed(site(tmp_path, ids(rows), source))
    assert report.tags[0].value == 3.0
    assert "sends our questions back" in report.sources["plc"]["why"]


def test_what_is_right_already_is_suggested_first(tmp_path: Path) -> None:
    part = site(tmp_path, ids(ROWS[:2]), plc(1502)).sources[0]
    b, a = struct.pack(">f", 11.5)[2:], struct.pack(">f", 11.5)[:2]
    words = {10: b, 11: a, 12: b, 13: a, 9: b"\xff\xff", 14: b"\xff\xff"}
    best = suggest(part.bound, {(1, part.bound[0][2].point.area, k): w for k, w in words.items()})[0]
    assert (best.order, best.base) == ("CDAB", 0)


def test_the_pace_of_a_probe() -> None:
    pace = Pace(rate=2.0, most=3)
    assert [pace.turn(10.0), pace.turn(10.0), pace.turn(13.0)] == [0.0, 0.5, 0.0]
    with pytest.raises(Spent):
        pace.turn(20.0)


async def test_a_broker_is_listened_to_and_its_session_left_alone(
    tmp_path: Path, mosquitto: MosquittoFactory
) -> None:
    broker = mosquitto(users={"gw": "secret"})
    (tmp_path / "pw").write_text("secret")
    (tmp_path / "pw").chmod(0o600)
    login = f"username: gw, password_file: {tmp_path / 'pw'}"
    publish(broker.port, ("a", b"11.5"), ("b", b'{"v": "x"}'), retain=True, login=("gw", "secret"))
    rows = ["A,level,m,0,15,,,,A,mq,a", "B,level,m,0,15,,,,A,mq,b#v"]
    outputs = f"outputs:\n  good: {{kind: mqtt, host: {HOST}, port: {broker.port}, {login}}}\n"
    outputs += f"  nobody: {{kind: mqtt, host: {HOST}, port: {free_port()}, timeout: 1s}}"
    source = f"  mq: {{kind: mqtt, host: {HOST}, port: {broker.port}, {login}}}"
    report = await probed(site(tmp_path, ids(rows), source, outputs))
    lines = {line.tag: line for line in report.tags}
    assert (lines["id0"].value, lines["id0"].raw) == (11.5, "a: 11.5")
    assert (lines["id1"].value, "malformed" in lines["id1"].note) == (None, True)
    assert report.outputs["good"] == ""
    assert "cannot connect" in report.outputs["nobody"]
    await asyncio.sleep(0)


async def test_a_database_is_logged_in_to(tmp_path: Path, influxd: Any) -> None:
    influxd.create_database("gw")
    rows = ["A,level,m,0,15,,,,A,hand,-"]
    outputs = f"""outputs:
  good: {{kind: influxdb, version: 1, url: "{influxd.url}", database: gw}}
  other: {{kind: influxdb, version: 1, url: "{influxd.url}", database: nowhere}}
"""
    report = await probed(site(tmp_path, ids(rows), "  hand: {kind: manual, period: 1d}", outputs))
    assert report.outputs["good"] == ""
    assert "404" in report.outputs["other"]
    assert report.sources["hand"]["why"].startswith("nothing to ask")
    assert report.tags == []


def test_the_commands_tell_and_decide_the_exit_code(tmp_path: Path) -> None:
    site(tmp_path, ids(ROWS), plc(free_port()))
    config = str(tmp_path / "site.yaml")
    told = CliRunner().invoke(app, ["check", config, "--probe", "--rate", "50"])
    assert told.exit_code == 1
    assert "source plc: NOT reached" in told.output
    assert "at most 50 requests a second, 500 in all; reads only" in told.output
    report = json.loads(CliRunner().invoke(app, ["check", config, "--probe", "--json"]).output)
    assert report["ok"], "the configuration is"
    assert not report["probe"]["ok"]
    assert [line["tag"] for line in report["probe"]["tags"]] == ["id0", "id1", "id2", "id3"]
    scanned = CliRunner().invoke(app, ["scan", config, "plc", "--json"])
    assert scanned.exit_code == 1
    assert "no connection" in json.loads(scanned.output)["why"]
    assert CliRunner().invoke(app, ["scan", config, "nobody"]).exit_code != 0


async def test_a_line_that_is_polled_is_not_dialled_again_unless_the_device_takes_more(
    tmp_path: Path,
) -> None:
    (tmp_path / "running").mkdir()
    async with peer(device({0: 7.5, 2: 1.0})) as there:
        rows = ["A,level,m,0,15,,,,A,plc,1:holding:0:float32:CDAB", "B,level,m,0,15,,,,A,plc,1:holding:40"]
        running = site(tmp_path / "running", ids(rows), plc(there.port))
        at = 1_800_000_000_000_000_000
        last = {"id0": Looked(0, 7.5, "0000 40f0", at=at), "id1": Looked(1, None, "", note="refused", at=at)}
        (tmp_path / "beside.json").write_bytes(await seen(running, last.get))
        beside = read_beside(tmp_path / "beside.json")
        more = [*rows, "C,level,m,0,15,,,,A,plc,1:holding:2:float32:CDAB"]
        scaled = [more[0].replace("0,15,,", "0,5,0,10"), *more[1:]]
        found = await probe(site(tmp_path, ids(scaled), plc(there.port)), 500, 50, beside=beside)
        assert there.asked == [], "nothing was dialled"
        assert found.sources["plc"] == {"kind": "modbus-tcp", "busy": True, "why": BUSY}
        assert found.outputs == {}
        first, second, third = found.tags
        assert (first.raw, first.value, first.time) == ("0000 40f0", 3.75, "2027-01-15T08:00:00.000000000Z")
        assert (second.value, second.note) == (None, "the device refuses the address")
        assert (third.value, third.note, third.time) == (None, NOT_POLLED, None)
        spare = plc(there.port).replace("}", ", connections: 2}")
        asked = await probe(site(tmp_path, ids(more), spare), 500, 50, beside=beside)
        assert [line.value for line in asked.tags] == [7.5, None, 1.0]
        assert asked.sources["plc"]["reached"]


async def test_one_source_alone_is_probed(tmp_path: Path) -> None:
    loaded = site(tmp_path, ids(["A,level,m,0,15,,,,A,hand,-"]), "  hand: {kind: manual, period: 1d}")
    assert list((await probe(loaded, 5, 5, only="hand")).sources) == ["hand"]
    said = CliRunner().invoke(app, ["check", str(loaded.path), "--probe", "--source", "other"])
    assert "the name of a source: hand" in str(said.exception)
