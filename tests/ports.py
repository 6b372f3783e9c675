"""TCP ports for servers under test."""

from __future__ import annotations

import os
import random
import socket

HOST = "127.0.0.1"
# Below the range that the kernel gives to outgoing connections, so that none of those takes a port between our look
# and the server's start.
FIRST, LAST = 12_000, 32_000

# Several test processes run side by side: each walks from a place of its own, workers of one run each in a stretch.
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 4
STRETCH = (LAST - FIRST) // 4
_next = FIRST + WORKER * STRETCH + random.Random(os.urandom(8)).randrange(STRETCH // 2)


def free_port() -> int:
    """A port nothing listens on now; this process gives each port once until all have been used."""
    global _next  # noqa: PLW0603 - the walk is the process's, as ports are
    for _ in range(LAST - FIRST):
        _next = FIRST + (_next + 1 - FIRST) % (LAST - FIRST)
        if _is_free(_next):
            return _next
    message = "no free TCP port on loopback"
    raise RuntimeError(message)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
