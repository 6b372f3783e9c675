"""Other processes of ``benchmarks.delivery``: one that hears alarms, and any other."""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator

from gateway.model.times import parse_iso

EAR = """
import json, sys, time
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
client.on_connect = lambda c, *_: c.subscribe("fengsui/v1/+/+/+/alarms/#", qos=1)
client.on_subscribe = lambda *_: print("ready", flush=True)
def heard(_c, _d, m):
    body = json.loads(m.payload)
    print(body["event"], body["time"], time.time_ns(), flush=True)
client.on_message = heard
client.connect("127.0.0.1", int(sys.argv[1]))
client.loop_forever()
"""
Heard = list[tuple[str, int]]
"""(event, ns from reading to here)"""
Pipes = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@contextlib.asynccontextmanager
async def process(*command: str) -> AsyncIterator[Pipes]:
    """Another Python process, ended with the context; what it says, and what it is told."""
    pipe = subprocess.PIPE
    made = await asyncio.create_subprocess_exec(sys.executable, *command, stdin=pipe, stdout=pipe)
    assert made.stdin is not None
    assert made.stdout is not None
    try:
        yield made.stdout, made.stdin
    finally:
        made.stdin.close()
        with contextlib.suppress(ProcessLookupError):
            made.kill()
        await made.wait()


@contextlib.asynccontextmanager
async def ear(port: int) -> AsyncIterator[Heard]:
    """Each alarm that arrives, noted by another process."""
    heard: Heard = []
    async with contextlib.AsyncExitStack() as stack:
        lines, _ = await stack.enter_async_context(process("-c", EAR, str(port)))
        await lines.readline()

        async def note() -> None:
            async for line in lines:
                event, said, at = line.decode().split()
                heard.append((event, int(at) - parse_iso(said)))

        task = asyncio.create_task(note())
        stack.push_async_callback(asyncio.wait, [task])
        stack.callback(task.cancel)
        yield heard
