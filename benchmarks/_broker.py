"""A mosquitto of our own and a flood of messages from another process, for the MQTT benchmarks."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers import Mosquitto, MosquittoOptions

FLOOD = """
import json, socket, sys, threading, time
port, count, topics = map(int, sys.argv[1:])
wire = socket.create_connection(("127.0.0.1", port))
wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
wire.sendall(b"\\x10\\x0e\\0\\4MQTT\\4\\2\\0\\x3c\\0\\2fl")
assert wire.recv(4)[3] == 0
left = 4 * count
def acknowledged():
    global left
    while left > 0:
        left -= len(wire.recv(1 << 20))
reader = threading.Thread(target=acknowledged)
reader.start()
pieces, size = [], 0
for k in range(count):
    topic = b"plant/d0/t%d" % (k % topics)
    body = json.dumps({"ts": time.time_ns() // 1_000_000, "tag": f"t{k % topics}", "v": 50.0 + k % 7 * 0.125}).encode()
    rest = len(topic).to_bytes(2, "big") + topic + (k % 65535 + 1).to_bytes(2, "big") + body
    pieces.append(b"\\x32" + bytes([len(rest)]) + rest)
    if len(pieces) == 500:
        wire.sendall(b"".join(pieces))
        pieces = []
wire.sendall(b"".join(pieces))
reader.join()
wire.sendall(b"\\xe0\\0")
"""
"""A publisher that is quicker than any receiver: packets made by hand, acknowledgements only counted."""


@contextmanager
def broker() -> Iterator[Mosquitto | None]:
    """None: there is no mosquitto here."""
    binary = Mosquitto.binary()
    if binary is None:
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        options = MosquittoOptions(extra=("max_queued_messages 0", "set_tcp_nodelay true"))
        server = Mosquitto(binary, Path(folder), options)
        server.start()
        try:
            yield server
        finally:
            server.stop()


def flood(port: int, count: int, topics: int) -> "subprocess.Popen[bytes]":
    """``count`` JSON readings over ``topics`` topics, QoS 1, as fast as the broker takes them."""
    return subprocess.Popen([sys.executable, "-c", FLOOD, str(port), str(count), str(topics)])
