"""Readings that others push over HTTP."""
