"""One step: numbered inputs in, alarm events out. Reads no clock and does no I/O."""
