"""Pure parts of the sources: planners, decoders, settings; and the replay."""
