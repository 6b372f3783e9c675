"""Readings that people take and enter."""
