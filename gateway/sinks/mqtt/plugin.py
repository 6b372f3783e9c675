"""What the gateway builds from an output of kind ``mqtt``."""

from gateway.sinks.mqtt.alarms import AlarmSink
from gateway.sinks.mqtt.config import Settings
from gateway.sinks.mqtt.events import EventSink


def build(name: str, settings: Settings) -> tuple[AlarmSink, EventSink]:
    """Two sinks, each with a lane and a connection of its own: alarms never wait for anything else."""
    return AlarmSink(name, settings), EventSink(name, settings)
