"""``demo``: nothing to configure. A simulated plant on real Modbus TCP and MQTT, embedded broker, gateway, console.

The verdict compares what arrived at an ordinary MQTT subscriber with the simulator's own truth.
"""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import yaml

from gateway.app.broker import REGULATOR, Broker, BrokerOptions
from gateway.app.build import write_private
from gateway.app.conductor import Conductor
from gateway.app.packsite import INCIDENT, SCENARIOS, pack_folder, write_site
from gateway.app.plant import SimulatedPlant, simulated_plant
from gateway.app.subscriber import Witness, witness
from gateway.app.verdict import judge
from gateway.config.load import Loaded, load
from gateway.model.errors import Misconfigured
from gateway.model.times import NS
from gateway.runtime.clock import ScaledClock
from gateway.runtime.machine import Machine

GRACE_S: Final = 1.5
"""Wall seconds after the last delivery for the broker to pass it on."""
LONGEST_GRACE_S: Final = 30.0
"""... and for the deliveries themselves."""
BRANCHES: Final = ("alarms", "faults")
SHORT_RESTS: Final = {"timeout": "2s", "retry_max": "2s", "reprobe": "2s"}
STALE_WALL_S: Final = 4.0
"""Wall seconds without a reading before a tag of a pack's plant is stale: a busy machine is not a broken wire."""
PLANT: Final = "plant"
"""The simulated instruments' login at the broker."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asked for."""

    for_s: float | None = None
    pace: float = 1.0
    """times as fast as the scenario says"""
    stay: bool = False
    listen: str = "127.0.0.1:8080"
    pack: str = ""
    """name or folder of the pack whose plant is played; empty: the demonstration plant"""
    say: Callable[[str], None] = print


def example_folder() -> Path:
    """The demo's site file and tag list: beside the package in a checkout, inside it in a wheel."""
    package = Path(str(files("gateway")))
    for place in (package.parent / "configs", package / "_configs"):
        if (place / "examples" / "demo" / "site.yaml").is_file():
            return place / "examples" / "demo"
    raise Misconfigured("the demo's configuration was not installed with this copy of fengsui")


async def run_demo(asked: Asked) -> dict[str, Any]:
    """Play the scenario and judge it; the report."""
    with tempfile.TemporaryDirectory(prefix="fengsui-demo-") as folder:
        options = BrokerOptions(folder=Path(folder) / "broker", regulator=True, users=(PLANT,))
        async with Broker(options) as broker:
            login = {"user": PLANT, "password": broker.passwords[PLANT]}
            pack = pack_folder(asked.pack) if asked.pack else None
            scenario = "demo" if pack is None else str(pack / SCENARIOS / INCIDENT)
            async with simulated_plant(scenario, mqtt_port=broker.port, **login) as plant:
                if pack is None:
                    loaded = _configured(Path(folder), plant, broker, asked)
                else:
                    loaded = _of_pack(pack, Path(folder), plant, broker, asked)
                return await _play(loaded, plant, broker, asked)


def _configured(folder: Path, plant: SimulatedPlant, broker: Broker, asked: Asked) -> Loaded:
    """The example configuration with today's free ports."""
    shutil.copytree(example_folder(), folder / "site", ignore=shutil.ignore_patterns("state"))
    path = folder / "site" / "site.yaml"
    site = yaml.safe_load(path.read_text(encoding="utf-8"))
    for name, port in plant.ports.items():
        site["sources"][name]["port"] = port
    secret = folder / "plant.password"
    write_private(secret, broker.passwords[PLANT])
    site["sources"]["pond"].update(port=broker.port, username=PLANT, password_file=str(secret))
    site["console"].update(listen=asked.listen, sign_in="name")
    path.write_text(yaml.safe_dump(site, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return load(path)


def _of_pack(pack: Path, folder: Path, plant: SimulatedPlant, broker: Broker, asked: Asked) -> Loaded:
    """The pack's own site with today's free ports; nothing goes stale in less than some wall seconds."""
    secret = folder / "plant.password"
    write_private(secret, broker.passwords[PLANT])
    at_broker = {"host": "127.0.0.1", "port": broker.port, "version": "3.1.1", "username": PLANT}

    def change(site: dict[str, Any]) -> None:
        for name, source in site["sources"].items():
            if name in plant.ports:
                source.update(host="127.0.0.1", port=plant.ports[name], **SHORT_RESTS)
            elif source["kind"] == "mqtt":
                source.pop("password_env", None)
                source.update(at_broker, password_file=str(secret))
        site.setdefault("console", {}).update(listen=asked.listen, sign_in="name")

    return load(write_site(pack, folder / "site", change, max_age_s=STALE_WALL_S * plant.speed))


async def _play(loaded: Loaded, plant: SimulatedPlant, broker: Broker, asked: Asked) -> dict[str, Any]:
    import time  # noqa: PLC0415 - the demo's start is a wall-clock moment

    clock = ScaledClock(time.time_ns())
    started = clock.now()

    def now_s() -> float:
        return (clock.now() - started) / NS

    topics = tuple(f"{loaded.site.root}/{branch}/#" for branch in BRANCHES)
    async with (
        witness(broker.port, REGULATOR, broker.passwords[REGULATOR], topics, now_s) as seen,
        _gateway(loaded, clock, broker, asked) as machine,
        plant.line() as line,
    ):
        await machine.ready.wait()
        if plant.ports:
            await _first_view(machine)
        conductor = Conductor(plant.speed, line, clock, machine, asked.pace)
        await conductor.begin()
        began = time.monotonic()
        whole = plant.duration_s  # nobody has said what should come after it
        wanted = whole if asked.for_s is None else asked.for_s * plant.speed * asked.pace
        await conductor.lead(min(wanted, whole))
        took = time.monotonic() - began
        truth = (await line.ask(cmd="truth"))["truth"]
        await _heard_out(conductor, machine)
        report = _judged(plant, seen, truth, conductor.start, started)
        report["wall_s"] = round(took, 1)
        if asked.stay:
            asked.say("the scenario is over; the plant and the console stay until Ctrl-C")
            await conductor.lead()
        return report


async def _heard_out(conductor: Conductor, machine: Machine) -> None:
    """Time goes on until what was decided has left, and a moment for the broker to pass it on."""
    going_on = asyncio.create_task(conductor.lead())
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_GRACE_S):
                await asyncio.gather(*(output.lane.drained() for output in machine.outputs))
        await asyncio.sleep(GRACE_S)
    finally:
        going_on.cancel()
        await asyncio.gather(going_on, return_exceptions=True)


@asynccontextmanager
async def _gateway(
    loaded: Loaded, clock: ScaledClock, broker: Broker, asked: Asked
) -> AsyncIterator[Machine]:
    """The gateway on the demo's clock and broker, running as long as the block."""
    from gateway.app.assembly import assemble  # noqa: PLC0415 - after kernels.prepare(): imports numba

    def told(url: str) -> None:
        asked.say(f"console: {url}")

    async with assemble(loaded, clock=clock, on_console=told, broker=broker) as machine:
        task = asyncio.create_task(machine.run(), name="gateway")
        try:
            yield machine
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def _first_view(machine: Machine) -> None:
    """Until every Modbus device has been read once; the pond's stations speak when the plant begins."""
    async with asyncio.timeout(15):
        while not machine.watch.status().tags_good:
            await machine.changed(0.2)


def _judged(
    plant: SimulatedPlant, seen: Witness, truth: Mapping[str, Any], start: int, started: int
) -> dict[str, Any]:
    shift = (start - started) / NS
    messages = [replace(m, at=m.at - shift) for m in seen.messages]
    report = judge(messages, truth, start)
    report.update(plant_seconds=round(truth["seconds"], 1), speed=plant.speed, messages=len(messages))
    return report
