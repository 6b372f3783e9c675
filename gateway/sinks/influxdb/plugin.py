"""What the gateway builds from an output of kind ``influxdb``."""

from gateway.sinks.influxdb.config import Settings
from gateway.sinks.influxdb.events import EventSink
from gateway.sinks.influxdb.readings import ReadingSink


def build(name: str, settings: Settings) -> tuple[EventSink, ReadingSink]:
    """Two sinks with a cursor and a session each: a flood of readings does not hold up events."""
    return EventSink(name, settings), ReadingSink(name, settings)
