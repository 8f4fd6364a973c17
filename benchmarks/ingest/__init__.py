"""What the benchmarks of the ingestion are made of: what the function gets, and what it calls."""
