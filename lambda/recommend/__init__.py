"""The code of the function that answers requests for recommendations."""
