"""TCP ports for servers under test."""

from __future__ import annotations

import os
import random
import socket

HOST = "127.0.0.1"
# Below the range that the kernel gives to outgoing connections, so that none of those takes a port between our look
# and the server's start.
FIRST, LAST = 12_000, 32_000

# Several test processes run side by side (xdist, other people's runs): each walks from a place of its own.
_next = random.Random(os.getpid() ^ int.from_bytes(os.urandom(4), "big")).randrange(FIRST, LAST)


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
