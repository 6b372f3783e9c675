"""The page of benchmarks says what the results say, and nothing else."""
