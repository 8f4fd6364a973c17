"""What this project measures of itself: `make bench`.

Every module here that has a function `run() -> dict[str, Figure]` is a benchmark.
"""
