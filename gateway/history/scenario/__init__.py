"""Golden scenarios: traces, commands and expected events as text that a customer reads, edits and runs."""
