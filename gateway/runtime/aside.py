"""The archive process: asked by frames, started when there is something to ask, ended when idle."""

import asyncio
import json
import struct
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from numpy.typing import NDArray

from gateway.model.errors import Retry
from gateway.store.archive import frames

IDLE_S: Final = 120.0
"""It holds some 100 MB: not for ever for one look at a trend."""
_TWO: Final = struct.Struct("<II")
_LENGTH: Final = struct.Struct("<I")


class Aside:
    """One process at a time; questions take turns."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()
        self._idle: asyncio.TimerHandle | None = None

    async def ask(
        self, message: Mapping[str, Any], blobs: Sequence[bytes] = ()
    ) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Its answer, and the arrays with it.

        Raises:
            Retry: it could not do it, with its words; or it died.
        """
        async with self._turn:
            if self._idle is not None:
                self._idle.cancel()
            process = await self._started()
            try:
                answer, found = await _exchange(process, frames.encode(message, blobs))
            except BaseException:
                await self._end()
                raise
            self._idle = asyncio.get_running_loop().call_later(IDLE_S, _hang_up, process)
        if "error" in answer:
            raise Retry(f"archive: {answer['error']}")
        return answer, frames.unpack(found)

    async def close(self) -> None:
        """End it; what it was closing is begun anew the next time."""
        async with self._turn:
            if self._idle is not None:
                self._idle.cancel()
            await self._end()

    async def _started(self) -> asyncio.subprocess.Process:
        old = self._process
        if old is None or old.returncode is not None or old.stdin is None or old.stdin.is_closing():
            await self._end()
            pipe = asyncio.subprocess.PIPE
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "gateway.store.archive.worker", stdin=pipe, stdout=pipe
            )
        if self._process is None:
            raise Retry("archive: no process")
        return self._process

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
        await process.wait()
        # A transport that is not closed would outlive the loop.
        process._transport.close()  # type: ignore[attr-defined]  # noqa: SLF001


def _hang_up(process: asyncio.subprocess.Process) -> None:
    if process.stdin is not None:
        process.stdin.close()


async def _exchange(
    process: asyncio.subprocess.Process, question: bytes
) -> tuple[dict[str, Any], list[bytes]]:
    if process.stdin is None or process.stdout is None:
        raise Retry("archive: its process has no pipes")
    try:
        process.stdin.write(question)
        await process.stdin.drain()
        size, count = _TWO.unpack(await process.stdout.readexactly(_TWO.size))
        answer: dict[str, Any] = json.loads(await process.stdout.readexactly(size))
        blobs = []
        for _ in range(count):
            (length,) = _LENGTH.unpack(await process.stdout.readexactly(_LENGTH.size))
            blobs.append(await process.stdout.readexactly(length))
    except (OSError, asyncio.IncompleteReadError) as error:
        raise Retry(f"archive: its process died ({error})") from error
    return answer, blobs
