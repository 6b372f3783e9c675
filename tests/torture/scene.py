"""One plant, gateway, broker, database and county, with every wire between them in our hand."""

from __future__ import annotations

import contextlib
import json
import random
import subprocess
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.model.events import EventKind
from tests.e2e.device import Device
from tests.e2e.sites import level, plc
from tests.helpers.gateway import FENGSUI, REPO, Gateway, environment, until, write_site
from tests.servers import Influxd, Mosquitto, MosquittoOptions
from tests.torture.clock import SteppingClock
from tests.torture.wires import HttpWire, Wire

MOVING = (1, 2, 3, 4)
LOW, HIGH = 3000.0, 9500.0
DATABASE = "plant"


class CountyProcess:
    """``fengsui county`` as a process."""

    def __init__(self, folder: Path, port: int) -> None:
        folder.mkdir(parents=True)
        self.config = folder / "county.yaml"
        broker = {"host": "127.0.0.1", "port": port, "timeout": "3s", "keepalive": "3s"}
        self.config.write_text(json.dumps({"version": 1, "county": "341524", "brokers": {"main": broker}}))
        self.database = folder / "county-state" / "county.db"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.config.parent / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*FENGSUI, "county", str(self.config)], cwd=REPO, env=environment(), stdout=log, stderr=log
            )

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def report(self) -> dict[str, Any]:
        """Of the one gateway; empty before it was heard."""
        from gateway.county.shelf import report

        if not self.database.exists():
            return {}
        found = report(self.database.parent, time.time_ns())["gateways"]
        return dict(found[0]) if found else {}


@dataclass
class Scene:
    """Everything of one run."""

    folder: Path
    rng: random.Random
    device: Device
    stack: contextlib.ExitStack
    up: Counter[int] = field(default_factory=Counter)
    down: Counter[int] = field(default_factory=Counter)
    told: list[str] = field(default_factory=list)
    """what was done, for the report of a run that fails"""

    def __post_init__(self) -> None:
        enter, folder = self.stack.enter_context, self.folder
        options = MosquittoOptions(persistence=True, extra=("max_queued_messages 0",))
        self.broker = Mosquitto(Mosquitto.binary() or "mosquitto", folder / "mosquitto", options)
        self.influx = Influxd(Influxd.binary() or "influxd", folder / "influxd")
        for server in (self.broker, self.influx):
            server.start()
            self.stack.callback(server.kill)
        self.influx.create_database(DATABASE)
        self.to_broker, self.to_influx = enter(Wire(self.broker.port)), enter(HttpWire(self.influx.port))
        self.county = CountyProcess(folder / "county", self.broker.port)
        self.stack.callback(self.county.kill)
        self.county.start()
        self.clock = SteppingClock(folder / "clock")
        for tag in MOVING:
            self.device.set(tag, LOW)
        self.gateway = enter(Gateway(self._site()))

    def _site(self) -> Path:
        county = {"kind": "mqtt", "host": "127.0.0.1", "port": self.to_broker.port, "receipts": True,
                  "timeout": "2s", "keepalive": "2s"}  # fmt: skip
        influx = {"kind": "influxdb", "version": 1, "database": DATABASE, "timeout": "2s",
                  "url": f"http://127.0.0.1:{self.to_influx.port}"}  # fmt: skip
        copy = {"kind": "file", "path": str(self.folder / "copy.jsonl"), "events": "alarms"}
        return write_site(
            self.folder / "site",
            sources=plc(self.device.port),
            tags=[level(n, max_age="60s") for n in MOVING],
            outputs={"county": county, "tsdb": influx, "copy": copy},
            delivery={"county": {"within": "5s", "then": ["copy"]}},
        )

    def launch(self) -> None:
        self.gateway.launch(**self.clock.environment)

    # --- the plant ----------------------------------------------------------------------------------------------------

    def seen(self) -> list[int]:
        """The tags whose last move is journalled."""
        found = Counter((r.event.event, r.event.rule) for r in self.gateway.journal())
        return [tag for tag in MOVING if self._in(found, tag)]

    def _in(self, found: Counter[tuple[EventKind, str]], tag: int) -> bool:
        moves = {EventKind.RAISED: self.up[tag], EventKind.CLEARED: self.down[tag]}
        return all(found[kind, f"LT-{tag}.{h}"] >= n for kind, n in moves.items() for h in ("H", "HH"))

    def go_on(self) -> None:
        """Levels whose last move is journalled move again."""
        seen = self.seen()
        for tag in MOVING:
            if self.rng.random() < 0.7 and tag in seen:
                count, to = (self.up, HIGH) if self.up[tag] == self.down[tag] else (self.down, LOW)
                count[tag] += 1
                self.device.set(tag, to)

    def settle(self) -> None:
        """Everything mended, every move journalled, everything delivered that can be."""
        self.to_broker.set("pass")
        self.to_influx.set("pass")
        for server in (self.broker, self.influx):
            if not server.running:
                server.start()
        self.county.kill()
        self.county.start()
        if not self.gateway.running:
            self.launch()
        self.gateway.wait_ready()
        until(lambda: len(self.seen()) == len(MOVING), 60, f"moves journalled; {self.told}")
        until(self._delivered, 90, f"all delivered: {self.county.report()}; {self.told}")

    def _delivered(self) -> bool:
        """The county has the head, and nothing waits for the database but what comes in at this moment."""
        status, answer = self.gateway.probe("/api/v1/status")
        report = self.county.report()
        if status != 200 or not report or report["missing"]:
            return False
        backlog = answer["backlog"]
        return bool(report["contiguous"] >= len_of(self.gateway) and backlog["tsdb.events"] == 0)


def len_of(gateway: Gateway) -> int:
    """Highest seq of the journal on disk."""
    records = gateway.journal()
    return records[-1].seq if records else 0
