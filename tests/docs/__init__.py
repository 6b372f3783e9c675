"""Rules of the repository and of its documents, as tests."""
