"""cdk-nag's AwsSolutions and cfn-lint find nothing in the demo stack that has no reason."""
