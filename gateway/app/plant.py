"""The simulated plant as a child process: started, told to begin, asked for the truth, stopped by its pid."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from gateway.model.errors import Retry

READY_S: Final = 20.0
STOP_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class SimulatedPlant:
    """A running simulator: its devices' ports and its control port."""

    ready: dict[str, Any]

    @property
    def ports(self) -> dict[str, int]:
        """Device name -> Modbus TCP port."""
        return {name: int(device["port"]) for name, device in self.ready["devices"].items()}

    @property
    def speed(self) -> float:
        """The scenario's own speed."""
        return float(self.ready["speed"])

    @property
    def duration_s(self) -> float:
        """Plant seconds from beginning to end."""
        return float(self.ready["duration_s"])

    @asynccontextmanager
    async def line(self) -> AsyncIterator["Line"]:
        """A connection to the control port."""
        port = int(self.ready["control"])
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 24)
        try:
            yield Line(reader, writer)
        finally:
            writer.close()
            await writer.wait_closed()


@dataclass(frozen=True, slots=True)
class Line:
    """The control port's end here; one request at a time."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ask(self, **request: Any) -> dict[str, Any]:
        """One request to the control port.

        Raises:
            Retry: the simulator is gone, or refuses.
        """
        self.writer.write(json.dumps(request).encode() + b"\n")
        await self.writer.drain()
        if not (said := await self.reader.readline()):
            raise Retry("the simulator has gone")
        answer: dict[str, Any] = json.loads(said)
        if not answer.get("ok"):
            raise Retry(f"the simulator refused {request.get('cmd')}: {answer.get('error')}")
        return answer


@asynccontextmanager
async def simulated_plant(
    scenario: str, *, mqtt_port: int, user: str, password: str
) -> AsyncIterator[SimulatedPlant]:
    """Start ``scenario`` held at its beginning, on free ports."""
    arguments = [
        "-m",
        "simulators",
        "run",
        scenario,
        "--hold",
        "--control",
        "0",
        "--mqtt",
        f"127.0.0.1:{mqtt_port}",
    ]
    arguments += ["--mqtt-user", user, "--mqtt-password-env", "FENGSUI_PLANT_PASSWORD"]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stdin=asyncio.subprocess.DEVNULL,
        env={**os.environ, "FENGSUI_PLANT_PASSWORD": password},
    )
    try:
        yield SimulatedPlant(await _ready(process))
    finally:
        await _stop(process)


async def _ready(process: asyncio.subprocess.Process) -> dict[str, Any]:
    if process.stdout is None:
        raise RuntimeError("the simulator has no standard output")
    async with asyncio.timeout(READY_S):
        line = await process.stdout.readline()
    if not line:
        raise Retry("the simulator ended before it was ready")
    ready: dict[str, Any] = json.loads(line)
    return ready


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(STOP_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
