"""Plant physics: pure, stepped with a fixed dt in plant seconds, every part unaware of sensors and wires."""

from simulators.physics.plant import Plant, Setting, build_plant

__all__ = ["Plant", "Setting", "build_plant"]
