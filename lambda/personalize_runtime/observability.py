"""What the functions tell about themselves: made once, told without a user's id."""

from aws_lambda_powertools import Logger, Metrics

logger = Logger()
metrics = Metrics(namespace="CdkPersonalize")
