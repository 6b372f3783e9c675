"""The gateway as a person runs it: ``fengsui run site.yaml`` as a process of its own, and what it left behind."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self, TypeVar

from gateway.model.events import EventKind, Record
from gateway.store import open_reader
from tests.helpers.incli import Done, incli

REPO = Path(__file__).parents[2]
FENGSUI = (str(Path(sys.executable).with_name("fengsui")),)
START_S = 120.0
STOP_S = 60.0
PATIENCE_S = 60.0
"""for what comes within a second on a machine of its own"""
T = TypeVar("T")


def until(condition: Callable[[], T], timeout: float = PATIENCE_S, what: str = "") -> T:
    """What ``condition`` gives as soon as that is true."""
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout:g} s: {what or condition}")
        time.sleep(0.02)
    return value


def environment(**extra: str) -> dict[str, str]:
    """Compiled kernels are shared by all gateways of the tests, as in an image."""
    cache = REPO / ".venv" / "numba-cache"
    return {**os.environ, "NUMBA_CACHE_DIR": str(cache), "NUMBA_CPU_NAME": "generic", **extra}


def fengsui(*arguments: str | Path, timeout: float = 60.0) -> subprocess.CompletedProcess[str]:
    """Any command of the product, to its end."""
    command = [*FENGSUI, *map(str, arguments)]
    return subprocess.run(
        command, cwd=REPO, env=environment(), capture_output=True, text=True, timeout=timeout, check=False
    )


def write_site(
    folder: Path,
    *,
    sources: Mapping[str, Any],
    tags: Sequence[Mapping[str, object]],
    installations: Sequence[Mapping[str, Any]] = (
        {"id": "farm", "name": "罐区", "base_level": "orange", "owners": {"responsible": "wang"}},
    ),
    **sections: Any,
) -> Path:
    """A site file (JSON is YAML) and its tag list; ``sections`` replace or add parts of the site file."""
    folder.mkdir(parents=True, exist_ok=True)
    columns = list(dict.fromkeys(name for row in tags for name in row))
    lines = [",".join(columns), *(",".join(str(row.get(c, "")) for c in columns) for row in tags)]
    (folder / "tags.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    site = {
        "version": 1,
        "gateway": "gw-e2e",
        "county": "341524",
        "site": {"id": "plant", "name": "试验厂"},
        "state": "./state",
        "people": {"wang": {"name": "王强"}},
        "installations": list(installations),
        "sources": dict(sources),
        "tags": ["tags.csv"],
        "console": {"listen": "127.0.0.1:0"},
        "broker": {"port": 0},
        "changes": {"approval": "none"},
        **sections,
    }
    path = folder / "site.yaml"
    path.write_text(json.dumps(site, ensure_ascii=False, indent=1), encoding="utf-8")
    return path


class Gateway:
    """A process on one site file; may be stopped, killed and started again."""

    def __init__(self, config: Path, *arguments: str) -> None:
        self.config = config
        self.state = config.parent / json.loads(config.read_text(encoding="utf-8"))["state"]
        self.starts = 0
        self._arguments = arguments
        self._process: subprocess.Popen[bytes] | None = None
        self._log = config.with_name("gateway.log")
        self._from = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def log(self) -> str:
        """What the latest start has printed, without colours."""
        with self._log.open("rb") as file:
            file.seek(self._from)
            return re.sub(r"\x1b\[[0-9;]*m", "", file.read().decode(errors="replace"))

    def launch(self, *arguments: str, **environ: str) -> None:
        """Start the process and wait for nothing."""
        assert not self.running
        with contextlib.suppress(FileNotFoundError):
            (self.state / "console.json").unlink()  # a killed gateway leaves its own
        self._from = self._log.stat().st_size if self._log.exists() else 0
        command = [*FENGSUI, "run", str(self.config), *self._arguments, *arguments]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=REPO,
                env=environment(**environ),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.starts += 1

    def start(self, *arguments: str, **environ: str) -> None:
        """Start it and wait until it is ready."""
        self.launch(*arguments, **environ)
        self.wait_ready()

    def wait_ready(self) -> None:
        self._until(lambda: self.probe("/readyz")[0] == 200, "ready")

    def wait_judging(self) -> None:
        """Sooner than ready: inputs are stepped from here on."""
        self._until(lambda: "judging" in self.log, "judging")

    def _until(self, condition: Callable[[], bool], what: str) -> None:
        until(lambda: condition() or not self.running, START_S, f"{what}; log:\n{self.log}")
        assert self.running, f"the gateway ended:\n{self.log}"

    def stop(self) -> int:
        """As a service manager does; the exit code."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """As a power cut does; nothing if it does not run."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(how)
        try:
            return process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_S)
            raise

    # --- what it says ------------------------------------------------------------------------------------------------

    @property
    def console(self) -> dict[str, str]:
        """Address and token; empty while there is no console."""
        try:
            found: dict[str, str] = json.loads((self.state / "console.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found

    def probe(self, path: str) -> tuple[int, Any]:
        """(status, JSON or text); status 0 while nobody answers."""
        console = self.console
        if not console:
            return 0, None
        request = urllib.request.Request(console["url"].rstrip("/") + path)
        request.add_header("Authorization", f"Bearer {console['token']}")
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, _decoded(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, _decoded(error.read())
        except OSError:
            return 0, None

    def api(self, path: str) -> Any:
        status, body = self.probe(f"/api/v1{path}")
        assert status == 200, (status, body)
        return body

    def alarms(self) -> list[dict[str, Any]]:
        """Open occurrences, as the console lists them."""
        found: list[dict[str, Any]] = self.api("/alarms")["alarms"]
        return found

    def ack(self, *ids: str, user: str = "王强", comment: str = "") -> None:
        done = incli("alarms", "ack", self.config, *(ids or ("all",)), "--as", user, "--comment", comment)
        assert done.returncode == 0, done.stderr

    # --- what it wrote -----------------------------------------------------------------------------------------------

    def journal(self) -> list[Record]:
        """Every record on disk."""
        if not (self.state / "plant.db").exists():
            return []
        with open_reader(self.state) as reader:
            return reader.records(-1, 1 << 30)

    def events(self, kind: EventKind | None = None, rule: str | None = None) -> list[Record]:
        """Records of one kind, of one rule."""
        return [
            r
            for r in self.journal()
            if kind in (None, r.event.event) and (rule is None or r.event.rule == rule)
        ]

    def wait_event(
        self, kind: EventKind, rule: str | None = None, *, count: int = 1, timeout: float = PATIENCE_S
    ) -> Record:
        """The ``count``-th such record, when it is on disk."""
        what = f"{count} {kind} of {rule}"
        return until(lambda: self.events(kind, rule)[count - 1 :], timeout, f"{what}; log:\n{self.log}")[0]

    def verify(self, *arguments: str | Path) -> Done:
        return incli("journal", "verify", self.state, *arguments)

    def assert_whole(self) -> None:
        done = self.verify()
        assert done.returncode == 0, done.stdout + done.stderr

    def processes(self) -> list[str]:
        """Command lines of all processes that name the state folder: children of this gateway, ours or orphaned."""
        mark = str(self.state.resolve())
        found = []
        for entry in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                words = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
                if mark in words or (str(self.config) in words and " run " in words):
                    found.append(words)
        return found


def _decoded(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode(errors="replace")
