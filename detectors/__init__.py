"""Streaming detectors over columns: frozen parameters, structured state, one kernel each. Useful on their own."""
