"""Drills: what is heard, said and reported."""
