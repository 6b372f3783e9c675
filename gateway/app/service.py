"""What a service manager is told (sd_notify): ready when judging begins, alive while the event loop turns, stopping.

Three datagrams of text to the socket in ``NOTIFY_SOCKET``; no library for that. A loop that stands still says nothing,
and after ``WATCHDOG_USEC`` the manager ends the process and starts it anew. A disk that hangs does not stop it: a new
start would only hang in it too.
"""

import asyncio
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import structlog

from gateway.runtime.machine import Machine

STATUS_S: Final = 30.0
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Manager:
    """Where the service manager listens; ``watchdog_s`` 0: it does not watch."""

    address: str
    watchdog_s: float = 0.0

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Manager | None":
        """From the environment; None where nobody listens, or it listens to another process."""
        address = environment.get("NOTIFY_SOCKET", "")
        if not address or address[0] not in "/@":
            return None
        mine = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        return cls(address, int(environment.get("WATCHDOG_USEC", "0")) / 1e6 if mine else 0.0)

    def tell(self, **fields: str) -> None:
        """Send ``NAME=value`` lines. A manager that does not take them is no reason to stop."""
        text = "\n".join(f"{name}={value}" for name, value in fields.items())
        place = "\0" + self.address[1:] if self.address[0] == "@" else self.address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
            out.setblocking(False)
            try:
                out.sendto(text.encode(), place)
            except OSError as error:
                log.warning("the service manager is not reached", address=self.address, reason=str(error))


async def attend(machine: Machine, manager: Manager) -> None:
    """Tell it all the time, until cancelled."""
    every = min(manager.watchdog_s / 3, STATUS_S) if manager.watchdog_s else STATUS_S
    try:
        await machine.ready.wait()
        manager.tell(READY="1", STATUS=_words(machine))
        while True:
            await asyncio.sleep(every)
            manager.tell(WATCHDOG="1", STATUS=_words(machine))
    finally:
        manager.tell(STOPPING="1")


def _words(machine: Machine) -> str:
    now = machine.present().status
    return f"{now.state}; tags good {now.tags_good}, bad {now.tags_bad}; {', '.join(now.troubles) or 'no troubles'}"
