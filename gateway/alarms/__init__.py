"""The alarm life cycle as tables: condition, acknowledgement, latch, suppression, disposal."""
