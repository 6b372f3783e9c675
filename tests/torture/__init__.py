"""The campaign: seeded runs in which everything fails at once, and what must be true afterwards. See __main__."""
