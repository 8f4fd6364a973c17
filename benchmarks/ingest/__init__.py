"""What the benchmarks of the ingestion are made of: a function in a process, and what it calls."""
