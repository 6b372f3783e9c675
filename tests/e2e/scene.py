"""The demonstration plant as a process, its gateway, and a broker: one scene for the tests of the contract."""

from __future__ import annotations

import csv
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.e2e.ears import Ears
from tests.e2e.sites import mqtt
from tests.helpers.gateway import REPO, Gateway, write_site
from tests.servers import Mosquitto

EXAMPLE = REPO / "configs" / "examples" / "demo"
QUICK = {"周期": "500ms", "有效期": "3s", "报警延时": "1s", "恢复延时": "1s", "冻结判定": ""}
WIRED = ("plc", "gas", "gauge", "meteo")


class SimulatedPlant:
    """``python -m simulators run``; faults come and go by its control port."""

    def __init__(self, scenario: str) -> None:
        command = [sys.executable, "-m", "simulators", "run", scenario, "--speed", "1", "--control", "0"]
        self._process = subprocess.Popen(command, cwd=REPO, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        assert self._process.stdout is not None
        with self._process.stdout as out:
            self.ready: dict[str, Any] = json.loads(out.readline())

    def port(self, device: str) -> int:
        return int(self.ready["devices"][device]["port"])

    def ask(self, **request: Any) -> dict[str, Any]:
        with (
            socket.create_connection(("127.0.0.1", self.ready["control"]), 10) as link,
            link.makefile("rwb") as file,
        ):
            file.write(json.dumps(request).encode() + b"\n")
            file.flush()
            answer: dict[str, Any] = json.loads(file.readline())
        assert answer["ok"], answer
        return answer

    def fault(self, kind: str, target: str, **params: float) -> None:
        self.ask(cmd="fault", id=target, kind=kind, target=target, params=params)

    def mend(self, target: str) -> None:
        self.ask(cmd="clear", id=target)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)


@dataclass(frozen=True)
class Scene:
    """All of it, running; ``ears`` hear everything from the beginning, ``yellow`` only the topics of yellow alarms."""

    broker: Mosquitto
    plant: SimulatedPlant
    gateway: Gateway
    ears: Ears
    yellow: Ears


def demo_site(folder: Path, plant: SimulatedPlant, broker: Mosquitto) -> Path:
    """The example's own site and tags, polled quickly; a high level becomes red after two seconds."""
    site = yaml.safe_load((EXAMPLE / "site.yaml").read_text(encoding="utf-8"))
    with (EXAMPLE / "tags.csv").open(encoding="utf-8-sig", newline="") as file:
        tags = [{**row, **QUICK} for row in csv.DictReader(file) if row["数据源"] in WIRED]
    names = {row["编号"] for row in tags}
    for name in ("site", "gateway", "county"):
        site.pop(name)
    quick = {"period": "500ms", "timeout": "300ms", "retry_max": "1s", "reprobe": "1s"}
    site["sources"] = {name: {**site["sources"][name], **quick, "port": plant.port(name)} for name in WIRED}
    site["rules"] = [r for r in site["rules"] if {r.get("tag"), r.get("command"), *r.get("tags", ())} & names]
    site["limits"]["H"]["raise_level"] = [["2s", "red"]]
    site["outputs"] = {"county": mqtt(broker.port, timeout="3s")}
    site["console"] = {"listen": "127.0.0.1:0"}
    for name in ("tags", "version", "state"):
        site.pop(name)
    return write_site(folder, tags=tags, **site)


@contextmanager
def scene(folder: Path, broker: Mosquitto) -> Iterator[Scene]:
    """Ready when it is given: every reading is judged, every subscriber subscribed."""
    plant = SimulatedPlant("calm")
    everything, yellow = Ears(broker.port), Ears(broker.port, "fengsui/v1/+/+/+/alarms/yellow/#")
    try:
        with everything, yellow, Gateway(demo_site(folder / "site", plant, broker)) as gateway:
            gateway.start()
            yield Scene(broker, plant, gateway, everything, yellow)
    finally:
        plant.stop()
