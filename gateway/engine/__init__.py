"""One step: numbered inputs -> condition -> detect -> alarm events. See :mod:`gateway.engine.engine`."""

from gateway.engine.engine import Engine
from gateway.engine.snapshot import VERSION, Snapshot, Step

__all__ = ["VERSION", "Engine", "Snapshot", "Step"]
