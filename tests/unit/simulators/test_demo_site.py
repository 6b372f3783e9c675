"""The demonstration site's tag list, used by a foreign client on the demonstration plant, gives the plant's values."""

import csv
import struct
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
import yaml
from pymodbus.client import AsyncModbusTcpClient

from simulators.modbus.server import DeviceServer
from simulators.player import Player
from simulators.scenario import find, load_scenario
from tests.unit.simulators.test_modbus_wire import undo

DEMO = Path(__file__).parents[3] / "configs" / "examples" / "demo"
FORMS = {"int16": ">h", "uint16": ">H", "int32": ">i", "uint32": ">I", "int64": ">q", "uint64": ">Q",
         "float32": ">f", "float64": ">d"}  # fmt: skip
Row = dict[str, str]


def tag_list() -> list[Row]:
    with (DEMO / "tags.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@asynccontextmanager
async def clients(player: Player) -> AsyncIterator[dict[str, AsyncModbusTcpClient]]:
    async with AsyncExitStack() as stack:
        found = {}
        for name, device in player.site.devices.items():
            server = DeviceServer(device, player, np.random.default_rng(1))
            await server.open("127.0.0.1", 0)
            stack.push_async_callback(server.close)
            found[name] = AsyncModbusTcpClient("127.0.0.1", port=server.port)
            await found[name].connect()
            stack.callback(found[name].close)
        yield found


async def raw(client: AsyncModbusTcpClient, address: str) -> float:
    unit, area, at, *form = address.split(":")
    if area in ("coil", "discrete"):
        read = client.read_coils if area == "coil" else client.read_discrete_inputs
        return float((await read(int(at), count=1, device_id=int(unit))).bits[0])
    kind, order = [*form, "ABCD"][:2]
    read = client.read_holding_registers if area == "holding" else client.read_input_registers
    answer = await read(int(at), count=struct.calcsize(FORMS[kind]) // 2, device_id=int(unit))
    value: float = struct.unpack(
        FORMS[kind], undo(struct.pack(f">{len(answer.registers)}H", *answer.registers), order)
    )[0]
    return value


def in_unit(row: Row, value: float) -> float:
    if not row["原始下限"]:
        return value
    low, high, raw_low, raw_high = (float(row[c]) for c in ("量程下限", "量程上限", "原始下限", "原始上限"))
    return low + (value - raw_low) / (raw_high - raw_low) * (high - low)


async def test_every_modbus_tag_reads_as_its_instrument_says() -> None:
    player = Player(load_scenario(find("demo")))
    player.advance(555.0)
    async with clients(player) as devices:
        for row in tag_list():
            if row["数据源"] in devices:
                got = in_unit(row, await raw(devices[row["数据源"]], row["地址"]))
                said = player.measured(row["位号"]).value
                assert got == pytest.approx(said, rel=1e-5, abs=grain(player, row)), row["位号"]


def grain(player: Player, row: Row) -> float:
    """Half a step of what the registers can tell, in the tag's unit."""
    tag = player.site.tags[row["位号"]]
    step = (tag.range[1] - tag.range[0]) / 16_000
    return max(step, tag.modbus.scale if tag.modbus and tag.modbus.scale != 1.0 else 0.0) * 0.51


def test_the_site_names_every_device_at_its_port_and_the_broker() -> None:
    site = yaml.safe_load((DEMO / "site.yaml").read_text(encoding="utf-8"))
    plant = Player(load_scenario(find("demo"))).site
    ports = {
        name: source["port"] for name, source in site["sources"].items() if source["kind"] == "modbus-tcp"
    }
    assert ports == {name: 15020 + device.port_offset for name, device in plant.devices.items()}
    assert site["sources"]["pond"]["port"] == site["broker"]["port"]
    assert [i["id"] for i in site["installations"]] == [i["id"] for i in plant.installations]
    assert {row["数据源"] for row in tag_list()} == set(site["sources"])
