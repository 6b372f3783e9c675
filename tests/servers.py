"""Real servers as child processes: own folder, loopback only, stopped by their own pid."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from tests.ports import HOST, free_port

START_S = 20.0
STOP_S = 10.0


class Server:
    """A child process that listens on ``host:port`` and may be stopped, killed, frozen and started again."""

    NAMES: ClassVar[Sequence[str]] = ()

    def __init__(self, binary: str, folder: Path, port: int | None = None) -> None:
        self.host, self.port = HOST, port or free_port()
        self.folder = folder
        self._binary = binary
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)

    @classmethod
    def binary(cls) -> str | None:
        # Debian keeps some daemons in sbin, which an ordinary user's path does not name.
        path = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin"
        return next((found for each in cls.NAMES if (found := shutil.which(each, path=path))), None)

    def command(self) -> list[str]:
        raise NotImplementedError

    def ready(self) -> bool:
        return answers(self.port)

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def start(self) -> None:
        assert not self.running, "already running"
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self.command(), cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self._wait_ready()

    def stop(self) -> None:
        """In order; as a service manager does. Does nothing when it is down already."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """As a power cut does."""
        self._end(signal.SIGKILL)

    def restart(self, *, down_s: float = 0.0) -> None:
        """Stops and starts on the same port with the same folder."""
        self.stop()
        time.sleep(down_s)
        self.start()

    def freeze(self) -> None:
        """Connections stay up and nothing answers: the half-open peer."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def _wait_ready(self) -> None:
        deadline = time.monotonic() + START_S
        while not self.ready():
            if not self.running or time.monotonic() > deadline:
                self.kill()
                message = f"{self._binary} did not start:\n{self.log[-2000:]}"
                raise RuntimeError(message)
            time.sleep(0.02)

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(how)
            process.send_signal(signal.SIGCONT)  # a frozen process does not die of SIGTERM
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_S)


@dataclass(frozen=True)
class MosquittoOptions:
    """How the broker is to be set up.

    ``users`` maps names to passwords (none: anyone may connect). ``acl`` is the text of an access file, such as
    ``user gw\\ntopic readwrite #``. ``extra`` are further lines of the configuration.
    """

    persistence: bool = False
    users: Mapping[str, str] = field(default_factory=dict)
    acl: str | None = None
    port: int | None = None
    tls: TlsFiles | None = None
    extra: Sequence[str] = ()


@dataclass(frozen=True)
class TlsFiles:
    """PEM files of the broker; with ``client_ca`` it asks clients for a certificate and takes their name from it."""

    cert: Path
    key: Path
    client_ca: Path | None = None


class Mosquitto(Server):
    NAMES = ("mosquitto",)

    def __init__(self, binary: str, folder: Path, options: MosquittoOptions) -> None:
        super().__init__(binary, folder, options.port)
        self.options = options

    def command(self) -> list[str]:
        config = self.folder / "mosquitto.conf"
        config.write_text("\n".join(self._config()) + "\n")
        return [self._binary, "-c", str(config)]

    def _config(self) -> list[str]:
        lines = [f"listener {self.port} {self.host}", "log_dest stderr", "log_type all", *self._access()]
        if os.getuid() == 0:
            lines.append("user root")  # otherwise it gives up root and can no longer read our folder
        if self.options.persistence:
            # Written at every change: by default a killed broker forgets up to half an hour of retained messages.
            lines += ["persistence true", f"persistence_location {self.folder}/"]
            lines += ["autosave_on_changes true", "autosave_interval 1"]
        return [*lines, *self._tls(), *self.options.extra]

    def _access(self) -> list[str]:
        lines = []
        if self.options.acl is not None:
            lines.append(f"acl_file {self._write('acl', self.options.acl)}")
        if not self.options.users:
            return [*lines, "allow_anonymous true"]
        return [*lines, "allow_anonymous false", f"password_file {self._passwords()}"]

    def _passwords(self) -> Path:
        path = self._write(
            "passwords", "".join(f"{name}:{word}\n" for name, word in self.options.users.items())
        )
        tool = shutil.which("mosquitto_passwd") or "mosquitto_passwd"
        subprocess.run([tool, "-U", str(path)], check=True, capture_output=True)  # hashes in place
        return path

    def _tls(self) -> list[str]:
        files = self.options.tls
        if files is None:
            return []
        lines = [f"certfile {files.cert}", f"keyfile {files.key}"]
        if files.client_ca is not None:
            lines += [
                f"cafile {files.client_ca}",
                "require_certificate true",
                "use_identity_as_username true",
            ]
        return lines

    def _write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o600)
        return path


class HttpServer(Server):
    PING: ClassVar[str] = "/"

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def ready(self) -> bool:
        try:
            return self.request("GET", self.PING)[0] < 400
        except (OSError, ValueError):
            return False

    def request(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        """(status, body); never raises for a status. Blocking: use it to set up and to look, not to load."""
        call = urllib.request.Request(self.url + path, data=body, method=method, headers=dict(headers or {}))
        try:
            with urllib.request.urlopen(call, timeout=10) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()


class Influxd(HttpServer):
    """InfluxDB 1.x: written to at ``/write``, read by InfluxQL."""

    NAMES = ("influxd",)
    PING = "/ping"
    ADMIN: ClassVar[tuple[str, str]] = ("admin", "admin-secret")

    def __init__(self, binary: str, folder: Path, *, auth: bool = False) -> None:
        super().__init__(binary, folder)
        self._rpc_port, self.auth = free_port(), auth

    def command(self) -> list[str]:
        config = self.folder / "influxdb.conf"
        config.write_text(self._config())
        return [self._binary, "-config", str(config)]

    def start(self) -> None:
        super().start()
        if self.auth:
            # The one statement that a server without users takes from a stranger; harmless the second time.
            self.query("CREATE USER {} WITH PASSWORD '{}' WITH ALL PRIVILEGES".format(*self.ADMIN))

    def create_database(self, name: str) -> None:
        self.query(f'CREATE DATABASE "{name}"')

    def write(self, database: str, lines: str, precision: str = "ns") -> int:
        query = urllib.parse.urlencode({"db": database, "precision": precision, **self._login()})
        return self.request("POST", f"/write?{query}", lines.encode())[0]

    def query(self, statement: str, database: str = "") -> list[dict[str, Any]]:
        """Rows of all series as dicts, tags of the series included; times as integers of nanoseconds."""
        query = urllib.parse.urlencode({"q": statement, "db": database, "epoch": "ns", **self._login()})
        status, body = self.request("POST", f"/query?{query}")
        answer = json.loads(body)
        results = answer.get("results", [])
        if problem := [each["error"] for each in (answer, *results) if "error" in each]:
            message = f"{status}: {problem[0]}"
            raise ValueError(message)
        return [row for each in results for series in each.get("series", []) for row in _rows(series)]

    def _login(self) -> dict[str, str]:
        return dict(zip(("u", "p"), self.ADMIN, strict=True)) if self.auth else {}

    def _config(self) -> str:
        return f"""
reporting-disabled = true
bind-address = "{self.host}:{self._rpc_port}"
[meta]
  dir = "{self.folder}/meta"
[data]
  dir = "{self.folder}/data"
  wal-dir = "{self.folder}/wal"
[monitor]
  store-enabled = false
[subscriber]
  enabled = false
[continuous_queries]
  enabled = false
[http]
  bind-address = "{self.host}:{self.port}"
  auth-enabled = {str(self.auth).lower()}
  log-enabled = false
"""


class VictoriaMetrics(HttpServer):
    """Takes line protocol at ``/write`` and ``/api/v2/write``; keeps milliseconds and numbers only."""

    NAMES = ("victoria-metrics", "victoria-metrics-prod")
    PING = "/health"

    def command(self) -> list[str]:
        return [
            self._binary,
            f"-httpListenAddr={self.host}:{self.port}",
            f"-storageDataPath={self.folder}/data",
            "-retentionPeriod=100y",  # the default forgets what is older than a month, and tests use fixed dates
            "-memory.allowedBytes=64MB",
            "-search.latencyOffset=0s",
            "-loggerLevel=WARN",
        ]

    def export(self, match: str) -> list[dict[str, Any]]:
        """Series such as ``{__name__="reading_value"}``; what was written a moment ago is made visible first."""
        self.request("GET", "/internal/force_flush")
        query = urllib.parse.urlencode({"match[]": match, "start": "0"})
        return [json.loads(line) for line in self.request("GET", f"/api/v1/export?{query}")[1].splitlines()]


def answers(port: int, host: str = HOST) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((host, port)) == 0


def _rows(series: Mapping[str, Any]) -> list[dict[str, Any]]:
    tags = series.get("tags", {})
    return [{**tags, **dict(zip(series["columns"], row, strict=True))} for row in series.get("values", [])]
