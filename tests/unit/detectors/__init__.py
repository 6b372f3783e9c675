"""The kernel against its naive twin."""
