"""Logs in to the broker of an output and leaves: nothing is published."""

import secrets

from gateway.model.errors import Misconfigured, Retry
from gateway.sinks.mqtt.client import Connection
from gateway.sinks.mqtt.config import Settings


async def probe(settings: Settings) -> str:
    """Empty when the broker takes us, else why not."""
    try:
        async with Connection(settings, f"fengsui-check-{secrets.token_hex(4)}"):
            return ""
    except (Retry, Misconfigured) as error:
        return str(error)
