"""What dataset groups hold: interactions and events, records, and what was recommended."""
