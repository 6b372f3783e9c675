"""The control port: JSON lines over loopback TCP, one request a line, one reply a line.

``{"cmd": "fault", "id": "x", "kind": "frozen", "target": "LT-101A"}`` gives ``{"ok": true, ...}``, or
``{"ok": false, "error": "..."}``.  The commands are the keys of ``COMMANDS``.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Protocol

from simulators.errors import BadData
from simulators.player import Player

Request = Mapping[str, Any]
Reply = dict[str, Any]
LONGEST_LINE = 64 * 1024


class Run(Protocol):
    """What the control port may ask of the running simulator."""

    player: Player

    def start(self, request: Request) -> Reply:
        """Let plant time begin."""

    def advance(self, request: Request) -> Reply:
        """Let a plant that is led go on."""

    def stats(self) -> Reply:
        """Counts of every rim."""

    def stop(self) -> None:
        """End the process in good order."""


def _start(run: Run, request: Request) -> Reply:
    return run.start(request)


def _advance(run: Run, request: Request) -> Reply:
    return run.advance(request)


def _stop(run: Run, _: Request) -> Reply:
    run.stop()
    return {}


def _stats(run: Run, _: Request) -> Reply:
    return run.stats()


def _truth(run: Run, _: Request) -> Reply:
    return {"truth": run.player.report()}


def _values(run: Run, _: Request) -> Reply:
    return {"seconds": run.player.seconds, "values": run.player.plant.values()}


def _fault(run: Run, request: Request) -> Reply:
    kind, target = str(request.get("kind")), str(request.get("target"))
    fault_id = str(request.get("id") or f"{kind}:{target}")
    return {"fault": run.player.inject(fault_id, kind, target, request.get("params") or {}).described()}


def _clear(run: Run, request: Request) -> Reply:
    wanted = request.get("id")
    ids = list(run.player.faults) if wanted == "all" else [str(wanted)]
    for fault_id in ids:
        run.player.clear(fault_id)
    return {"cleared": ids}


def _set(run: Run, request: Request) -> Reply:
    run.player.set(str(request.get("name")), request.get("value", 0.0), float(request.get("over_s", 0.0)))
    return {"inputs": run.player.plant.inputs()}


COMMANDS: dict[str, Callable[[Run, Request], Reply]] = {
    "start": _start,
    "advance": _advance,
    "fault": _fault,
    "clear": _clear,
    "set": _set,
    "stats": _stats,
    "truth": _truth,
    "values": _values,
    "stop": _stop,
}


def answer(run: Run, line: bytes) -> Reply:
    """The reply to one line, whatever is in it."""
    try:
        request = json.loads(line)
        command = COMMANDS.get(str(request.get("cmd"))) if isinstance(request, dict) else None
        if command is None:
            raise BadData(f"cmd is one of {', '.join(COMMANDS)}")
        return {"ok": True, **command(run, request)}
    except (BadData, ValueError, TypeError, KeyError, AttributeError) as error:
        return {"ok": False, "error": str(error)}


def conversation(run: Run) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    """The connection handler of the control port."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async for line in reader:
                writer.write(json.dumps(answer(run, line)).encode() + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError):
            pass  # the client left, or sent a line beyond LONGEST_LINE
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    return converse
