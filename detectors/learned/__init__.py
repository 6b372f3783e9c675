"""Kinds that learn a tag's own normal: departure and novelty."""
