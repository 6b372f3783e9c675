"""The common language."""
