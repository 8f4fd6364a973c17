"""The names by which everything that a check makes is known again."""

STACK = "PersonalizeAwsCheck"
STACK_DESCRIPTION = "Made by make aws-check of cdk-personalize; it may be destroyed at any time."
"""A stack of that name with another description is somebody else's, and is left alone."""
PROBE_PREFIX = "personalize-aws-check-"
