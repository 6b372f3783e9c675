"""The archive: exact, replayable, bounded, and readable by others."""
