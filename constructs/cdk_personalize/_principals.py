"""The services of AWS that policies admit."""

from functools import cache

from aws_cdk import aws_iam as iam


@cache
def service_principal(service: str) -> iam.ServicePrincipal:
    """Return a service as policies name it; it says nothing of a stack, so all may share it."""
    return iam.ServicePrincipal(service)
