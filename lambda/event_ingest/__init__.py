"""The code of the function that sends the events of a stream to Amazon Personalize."""
