"""`make aws-check`: the demo in a real account, and the questions that only AWS can answer."""
