"""Raw readings to judged-fit readings: scaling, range, quality, staleness, computed tags."""
