"""What the gateway builds from an output of kind ``file``."""

from gateway.sinks.file.config import Settings
from gateway.sinks.file.sink import FileSink


def build(name: str, settings: Settings) -> tuple[FileSink]:
    """One sink."""
    return (FileSink(name, settings),)
