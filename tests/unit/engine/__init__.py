"""The order of stages, time, restart."""
