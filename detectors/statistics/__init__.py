"""Per-tag statistical kinds: windows, control charts, learned baselines, movement; judged by one kernel."""
