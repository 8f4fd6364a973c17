"""What people who run a recommendation service do with it, at the command line."""
