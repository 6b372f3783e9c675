"""Readings from recorded data."""
