"""MQTT in: CPU of 1,000 JSON messages, QoS 1, from the socket to a batch: ``python -m benchmarks.mqtt_in``.

A real mosquitto, a publisher in a process of its own, one message a reading, acknowledged after a "commit" that costs
nothing here. The peer is paho with ``json.loads`` in its callback, acknowledged at once, on the same messages.
"""

import asyncio
import json
import threading
import time
from typing import Any

from benchmarks._broker import broker, flood
from benchmarks._show import show
from gateway.model.site import Tag
from gateway.sources.mqtt.config import Settings, bind
from gateway.sources.mqtt.plugin import build

COUNT, TOPICS = 20_000, 1000


async def ours(port: int) -> tuple[float, float]:
    """(CPU s, wall s) of all messages."""
    from tests.helpers.feed import FakeFeed

    settings = Settings.model_validate(
        {"kind": "mqtt", "host": "127.0.0.1", "port": port, "time": {"path": "ts", "unit": "ms"}}
    )
    tags = [
        Tag(id=f"t{k}", raw=f"t{k}", description="", cls="other", unit="", installation="A")
        for k in range(TOPICS)
    ]
    bound = [(k, tag, bind(settings, f"plant/d0/{tag.id}#v", tag)) for k, tag in enumerate(tags)]
    source, feed = build("field", settings, bound), FakeFeed()
    task = asyncio.create_task(source.run(feed))
    await feed.until(lambda: source.counters.connects == 1)
    await asyncio.sleep(0.5)
    publisher = flood(port, COUNT, TOPICS)
    cpu, wall = time.process_time(), time.perf_counter()
    while source.counters.acknowledged < COUNT:  # noqa: ASYNC110 - the source has no event for it
        await asyncio.sleep(0.02)
    found = time.process_time() - cpu, time.perf_counter() - wall
    publisher.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return found


def with_paho(port: int) -> tuple[float, float]:
    import paho.mqtt.client as paho

    done, rows = threading.Event(), list[tuple[str, float, int]]()

    def on_message(_client: Any, _data: Any, message: Any) -> None:
        body = json.loads(message.payload)
        rows.append((message.topic, body["v"], body["ts"]))
        if len(rows) == COUNT:
            done.set()

    client = paho.Client(paho.CallbackAPIVersion.VERSION2)
    client.on_message = on_message
    client.connect("127.0.0.1", port)
    client.subscribe("plant/#", 1)
    client.loop_start()
    time.sleep(0.5)
    publisher = flood(port, COUNT, TOPICS)
    cpu, wall = time.process_time(), time.perf_counter()
    done.wait(60)
    found = time.process_time() - cpu, time.perf_counter() - wall
    publisher.wait()
    client.disconnect()
    client.loop_stop()
    return found


def main() -> None:
    with broker() as server:
        if server is None:
            show("mqtt_in", "not run: no mosquitto here", 0.0, {})
            return
        cpu, wall = asyncio.run(ours(server.port))
        peer_cpu, peer_wall = with_paho(server.port)
    scale = 1e6 / COUNT
    more = {"per_s": round(COUNT / wall), "per_s_paho": round(COUNT / peer_wall)}
    show("mqtt_in", "CPU ms per 1,000 messages", cpu * scale, {"paho and json": peer_cpu * scale}, **more)


if __name__ == "__main__":
    main()
