"""Readings from files that another system drops into a folder."""
