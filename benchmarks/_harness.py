"""The harness that measures whole systems from outside, known only through the environment.

``FENGSUI_BENCH`` its folder, ``BENCH_ENV`` the peers' environments (``h/bin/python`` runs the harness), ``BENCH_RUNS``
where results go. Where the first two are unset nothing is measured and every line says "not run".
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from benchmarks._figures import public
from benchmarks._stored import readings_per_s

HERE: Final = Path(__file__).resolve().parent
SCENARIOS: Final = ("S1", "S2", "S3", "S3max", "S4broker", "S4kill", "S4tsdb", "S4combo", "S5", "S5idle")
QUIET: Final = frozenset({"S2", "S3max", "S5", "S5idle"})
"""Heavy on the machine, or about start times: few at once, and nothing else beside them."""
OVER_MQTT: Final = frozenset({"S3", "S3max"})
SECONDS: Final = {"T": 45, "S1": 85, "S2": 95, "S3": 85, "S3max": 35, "S4broker": 125, "S4kill": 105, "S4tsdb": 115,
                  "S4combo": 140, "S5": 45, "S5idle": 45}  # fmt: skip
"""About how long one run takes, for the estimate."""
TIMEOUT_S: Final = 420.0
BUSY_S: Final = 600.0
"""How long a slot that somebody else uses is waited for."""

SYSTEMS: Final[Mapping[str, tuple[str, str]]] = {
    "fengsui": (f"{HERE}/bench_adapter.py:Fengsui", f"{HERE}/bench_adapter.py:FengsuiMqtt"),
    "hand": ("hand", "hand-mqtt"),
    "nodered": ("nodered", "nodered-mqtt"),
    "tb": ("tb-range", "tb-mqtt"),
    "vm": ("vm", ""),
    "prom": ("prom", ""),
}
"""What the harness calls each system: with Modbus in, with MQTT in ("": it cannot)."""
TITLES: Final = {
    "fengsui": "Fengsui",
    "hand": "hand-written script",
    "nodered": "Node-RED",
    "tb": "ThingsBoard gateway",
    "vm": "VictoriaMetrics + vmalert",
    "prom": "Prometheus",
}
NEEDS: Final = {
    "hand": "hand/bin/python",
    "nodered": "nodered/node_modules/node-red/red.js",
    "tb": "tb/bin/python",
}
COMMANDS: Final = {"nodered": "node", "vm": "victoria-metrics", "prom": "prometheus"}


@dataclass(frozen=True, slots=True)
class Job:
    """One run of one system."""

    scenario: str
    seed: int
    system: str
    order: int
    """position among the systems of this scenario and seed, which run back to back on one slot"""

    @property
    def key(self) -> str:
        """A file name."""
        return f"{self.scenario}-seed{self.seed}-{self.system}"


def free(slot: int, patience_s: float = BUSY_S) -> bool:
    """Wait until nobody listens on the slot's first ports (broker, control, database, first device)."""
    base, until = 30000 + 600 * slot, time.monotonic() + patience_s
    while any(_listens(base + k) for k in (1, 2, 3, 10)):
        if time.monotonic() > until:
            return False
        time.sleep(1)
    return True


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@dataclass(slots=True)
class Harness:
    """Where the harness is, and running it."""

    folder: Path | None
    environments: Path | None
    runs: Path
    keep: bool = False
    _running: set["subprocess.Popen[str]"] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def from_environment(cls) -> "Harness":
        """See the module."""
        folder, env = os.environ.get("FENGSUI_BENCH"), os.environ.get("BENCH_ENV")
        runs = Path(os.environ.get("BENCH_RUNS", "bench-runs")).resolve()
        return cls(Path(folder) if folder else None, Path(env) if env else None, runs)

    @property
    def missing(self) -> str:
        """Why nothing can be measured; empty when it can."""
        if self.folder is None or not (self.folder / "bench.py").is_file():
            return "FENGSUI_BENCH does not name the harness's folder"
        if self.environments is None or not (self.environments / "h" / "bin" / "python").is_file():
            return "BENCH_ENV does not name the harness's environments"
        return ""

    def lacks(self, job: Job) -> str:
        """Why this system cannot run this scenario here; empty when it can."""
        if not SYSTEMS[job.system][job.scenario in OVER_MQTT]:
            return "has no MQTT input"
        part = NEEDS.get(job.system)
        if part and not (Path(str(self.environments)) / part).exists():
            return "not installed"
        command = COMMANDS.get(job.system)
        return "not installed" if command and shutil.which(command) is None else ""

    def run(self, job: Job, slot: int, folder: Path) -> dict[str, Any]:
        """Figures of one run, or why it failed. Never raises for the system's sake."""
        if not free(slot):
            return {"status": "failed", "why": f"slot {slot} is in use by somebody else"}
        work = folder / "work" / job.key
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        said, code = self._call(job, slot, work)
        found = list((work / "results").glob("*.json"))
        if code == 0 and len(found) == 1:
            figures = public(json.loads(found[0].read_text(encoding="utf-8")))
            if job.scenario == "S3max":
                figures["readings_per_s"] = readings_per_s(work)
            if not self.keep:
                shutil.rmtree(work, ignore_errors=True)
            return {"status": "ok", "figures": figures}
        last = [line for line in said.strip().splitlines() if line.strip()][-1:] or ["nothing was said"]
        return {"status": "failed", "why": f"exit {code}: {last[0][:200]}"}

    def stop(self, patience_s: float = 60.0) -> None:
        """Ask every run to end in order (the harness stops what it started) and wait until it has."""
        with self._lock:
            running = list(self._running)
        for process in running:
            process.send_signal(signal.SIGINT)
        until = time.monotonic() + patience_s
        while any(p.poll() is None for p in running) and time.monotonic() < until:
            time.sleep(0.2)

    def _call(self, job: Job, slot: int, work: Path) -> tuple[str, int]:
        argv = [str(Path(str(self.environments)) / "h" / "bin" / "python"), str(Path(str(self.folder)) / "bench.py"),
                "--sut", SYSTEMS[job.system][job.scenario in OVER_MQTT], "--scenario", job.scenario,
                "--slot", str(slot), "--seed", str(job.seed), "--runs", str(work)]  # fmt: skip
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        process = subprocess.Popen(
            argv, cwd=work, env=environment, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        with self._lock:
            self._running.add(process)
        try:
            return process.communicate(timeout=TIMEOUT_S)[0], process.returncode
        except subprocess.TimeoutExpired:
            return self._interrupt(process), -1
        finally:
            with self._lock:
                self._running.discard(process)

    @staticmethod
    def _interrupt(process: "subprocess.Popen[str]") -> str:
        process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
        return f"no result within {TIMEOUT_S:g} s"
