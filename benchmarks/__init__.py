"""Benchmarks: commands that print our figure, the peers' where they are installed, and the ratio."""
