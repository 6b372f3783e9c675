"""What the gateway builds from an output of kind ``webhook``."""

from gateway.sinks.webhook.config import Settings
from gateway.sinks.webhook.sink import WebhookSink


def build(name: str, settings: Settings) -> tuple[WebhookSink]:
    """One sink."""
    return (WebhookSink(name, settings),)
