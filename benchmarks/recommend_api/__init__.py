"""What the benchmark of the recommendation API is made of: three handlers, and what they call."""
