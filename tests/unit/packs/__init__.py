"""Packs: format, numbers, inheritance, every scenario, a pack of a user."""
