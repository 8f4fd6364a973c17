"""What jobs read from buckets and write to them: files, CSV, and the lines of batch jobs."""
