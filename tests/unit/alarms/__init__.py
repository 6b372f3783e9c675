"""The alarm stage: life, levels, instruments, properties."""
