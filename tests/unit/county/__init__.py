"""The county node."""
