"""Alarms out: CPU of 1,000 events at a real broker: ``python -m benchmarks.mqtt_out``.

Each event is published twice by us, as an alarm and in its retained state, QoS 1, and counts when the broker has
acknowledged both. The peer publishes one JSON message an event with paho, QoS 1.
"""

import asyncio
import json
import time

from benchmarks._broker import broker
from benchmarks._show import show
from gateway.model.times import NS
from gateway.sinks.mqtt.alarms import AlarmSink
from gateway.sinks.mqtt.config import Settings

COUNT = 1000


async def ours(port: int) -> tuple[float, float]:
    from tests.helpers.lane import T0, FakeEventLane, Journal, event, present, site

    plant = site(COUNT)
    records = Journal(plant).add(*(event(tag=f"LT-{k}", onset=T0 + k * NS) for k in range(1, COUNT + 1)))
    lane = FakeEventLane("county.alarms", present(plant))
    settings = Settings.model_validate({"kind": "mqtt", "host": "127.0.0.1", "port": port})
    task = asyncio.create_task(AlarmSink("county", settings).run(lane))
    await asyncio.sleep(1.5)
    cpu, wall = time.process_time(), time.perf_counter()
    lane.put(*records)
    await lane.until(lambda: lane.accepted == COUNT, timeout=25)
    found = time.process_time() - cpu, time.perf_counter() - wall
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return found


def with_paho(port: int) -> tuple[float, float]:
    import paho.mqtt.client as paho

    client = paho.Client(paho.CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
    client.max_inflight_messages_set(100)
    client.connect("127.0.0.1", port)
    client.loop_start()
    time.sleep(0.5)
    cpu, wall = time.process_time(), time.perf_counter()
    sent = [
        client.publish(
            f"alarm/d0/t{k}", json.dumps({"state": "up", "value": 8.5, "limit": 8.0, "ts": k}), qos=1
        )
        for k in range(COUNT)
    ]
    for each in sent:
        each.wait_for_publish(20)
    found = time.process_time() - cpu, time.perf_counter() - wall
    client.disconnect()
    client.loop_stop()
    return found


def main() -> None:
    with broker() as server:
        if server is None:
            show("mqtt_out", "not run: no mosquitto here", 0.0, {})
            return
        cpu, wall = asyncio.run(ours(server.port))
        peer_cpu, peer_wall = with_paho(server.port)
    more = {"per_s": round(COUNT / wall), "per_s_paho": round(COUNT / peer_wall)}
    show(
        "mqtt_out",
        "CPU ms per 1,000 events",
        cpu * 1e3,
        {"paho, one message an event": peer_cpu * 1e3},
        **more,
    )


if __name__ == "__main__":
    main()
