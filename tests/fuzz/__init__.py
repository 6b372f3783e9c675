"""Coverage-guided fuzzing of everything that decodes what others send: ``python -m tests.fuzz NAME --runs 1000000``."""
