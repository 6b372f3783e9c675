"""Output: events as JSON lines in a file that is rotated."""
