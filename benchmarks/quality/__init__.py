"""What the detectors find in real data and in noise: ``python -m benchmarks.quality``."""
