"""Recorded readings on the wire again: a recording, what it is wired to, and the loop that plays it."""
