"""A mosquitto of our own and a flood of messages from another process, for the MQTT benchmarks."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers import Mosquitto, MosquittoOptions

FLOOD = """
import json, sys, time
import paho.mqtt.client as mqtt
port, count, topics = map(int, sys.argv[1:])
client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
client.max_inflight_messages_set(1000)
client.connect("127.0.0.1", port)
client.loop_start()
for k in range(count):
    body = json.dumps({"ts": time.time_ns() // 1_000_000, "tag": f"t{k % topics}", "v": 50.0 + k % 7 * 0.125})
    last = client.publish(f"plant/d0/t{k % topics}", body, qos=1)
last.wait_for_publish()
client.disconnect()
client.loop_stop()
"""


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
