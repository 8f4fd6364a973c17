"""The custom resources: what CloudFormation cannot do for Amazon Personalize."""
