"""Fengsui as a system under test of the shared benchmark harness (``FENGSUI_BENCH`` names its folder).

Run by the harness from its own folder: ``bench.py --sut .../benchmarks/bench_adapter.py:Fengsui --scenario S1``. It is
given plain data (devices, tags, limits) and writes an ordinary site file and tag list; nothing is tuned to a scenario.
"""

# ruff: noqa: ARG002 - the signatures are the harness's

import csv
import json
import sys
from pathlib import Path
from typing import Any

from adapters.base import Adapter  # the harness's own package: on sys.path when it loads this file

ROOT = Path(__file__).resolve().parent.parent
COMMAND = ROOT / ".venv" / "bin" / "fengsui"
COUNTY, SITE = "341524", "bench"
HEADER = ("id", "raw", "class", "installation", "source", "address", "period", "H", "deadband")


class Fengsui(Adapter):
    """Modbus TCP in; InfluxDB (v2 path) and MQTT (v5) out; console on, as in ``run``."""

    name = "fengsui"
    source = "modbus"
    alarm_topic = "fengsui/v1/+/+/+/alarms/#"

    def __init__(self) -> None:
        self._applied: set[tuple[str, int]] = set()

    def configure(self, desc: dict[str, Any], ctx: Any) -> None:
        """Write ``site.yaml`` and ``tags.csv`` into the run's folder."""
        folder = Path(ctx.dir)
        site = {
            "version": 1,
            "gateway": "gw-bench",
            "county": COUNTY,
            "site": {"id": SITE, "name": "bench"},
            "state": "./state",
            "people": {"duty": {"name": "duty"}},
            "installations": [{"id": "plant", "name": "plant", "owners": {"responsible": "duty"}}],
            "sources": self.sources(desc, ctx),
            "tags": ["tags.csv"],
            "outputs": {
                "county": {"kind": "mqtt", "host": "127.0.0.1", "port": ctx.broker, "version": "5"},
                "tsdb": {
                    "kind": "influxdb",
                    "version": 2,
                    "url": ctx.sink_url,
                    "org": "o",
                    "bucket": "b",
                    "token_env": "BENCH_TOKEN",
                },
            },
            "console": {"listen": f"127.0.0.1:{ctx.port(9)}"},
        }
        (folder / "site.yaml").write_text(json.dumps(site, indent=1), encoding="utf-8")  # JSON is YAML
        with (folder / "tags.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(HEADER)
            for device in desc["devices"]:
                writer.writerows(self.row(device, tag, desc) for tag in device["tags"])

    def sources(self, desc: dict[str, Any], ctx: Any) -> dict[str, Any]:
        """One source for each device: each has a connection of its own."""
        return {
            d["name"]: {
                "kind": "modbus-tcp",
                "host": d["host"],
                "port": d["port"],
                "period": f"{desc['poll_s']:g}s",
            }
            for d in desc["devices"]
        }

    def row(self, device: dict[str, Any], tag: dict[str, Any], desc: dict[str, Any]) -> list[Any]:
        """One line of the tag list."""
        name = f"{device['name']}-{tag['name']}"
        high, band = (tag["high"], tag["deadband"]) if tag["high"] is not None else ("", "")
        source, address = self.address(device, tag)
        return [name, name, "other", "plant", source, address, f"{desc['poll_s']:g}s", high, band]

    def address(self, device: dict[str, Any], tag: dict[str, Any]) -> tuple[str, str]:
        """Source and address cells."""
        return device["name"], f"{device['unit']}:holding:{tag['addr']}:float32:ABCD"

    def commands(self, ctx: Any) -> list[tuple[str, list[str], dict[str, str]]]:
        """The gateway; its kernels were compiled by ``make install``, as on any installed machine."""
        environment = {
            "BENCH_TOKEN": "t",
            "NUMBA_CACHE_DIR": str(ROOT / ".venv" / "numba-cache"),
            "NUMBA_CPU_NAME": "generic",
        }
        return [("fengsui", [str(COMMAND), "run", "site.yaml"], environment)]

    def is_alarm(self, topic: str) -> bool:
        """Process alarms only, as a regulator subscribes."""
        return "/alarms/" in topic

    def parse_alarm(self, topic: str, body: bytes) -> list[tuple[str, str, str]]:
        """Raised and cleared, each event applied once by its key (occurrence id, n), as receivers are told to."""
        event = json.loads(body)
        key = (event["id"], event["n"])
        state = {"raised": "up", "cleared": "down"}.get(event["event"])
        if state is None or key in self._applied:
            return []
        self._applied.add(key)
        device, tag = event["tag"].split("-")
        return [(device, tag, state)]

    def parse_rows(self, path: str, body: bytes) -> list[tuple[str, str, float]]:
        """Measurement ``reading`` of line protocol; lines without a value (BAD) are no stored sample."""
        rows = []
        for line in body.decode().splitlines():
            if not line.startswith("reading,"):
                continue
            head, fields, _ = line.split(" ")
            tag = next(p[4:] for p in head.split(",") if p.startswith("tag="))
            value = next((f[6:] for f in fields.split(",") if f.startswith("value=")), None)
            if value is not None:
                device, name = tag.split("-")
                rows.append((device, name, float(value)))
        return rows


class FengsuiMqtt(Fengsui):
    """MQTT in; the same out."""

    name = "fengsui-mqtt"
    source = "mqtt"

    def sources(self, desc: dict[str, Any], ctx: Any) -> dict[str, Any]:
        """One subscription to the plant's broker."""
        return {
            "field": {
                "kind": "mqtt",
                "host": "127.0.0.1",
                "port": ctx.broker,
                "time": {"path": "ts", "unit": "ms"},
            }
        }

    def address(self, device: dict[str, Any], tag: dict[str, Any]) -> tuple[str, str]:
        """Topic and JSON path."""
        return "field", f"plant/{device['name']}/{tag['name']}#v"


if __name__ == "__main__":
    sys.exit("this file is loaded by the harness: bench.py --sut PATH:Fengsui")
