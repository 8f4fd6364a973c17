"""What the functions tell about themselves: made once, told without a user's id."""

from aws_lambda_powertools import Logger, Metrics

NAMESPACE = "CdkPersonalize"

logger = Logger()
metrics = Metrics(namespace=NAMESPACE)
