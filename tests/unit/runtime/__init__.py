"""Runtime: intake, signals, clocks, supervision, lanes."""
