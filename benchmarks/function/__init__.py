"""A function in a process of its own, as Lambda runs it, and a server for it to call."""
