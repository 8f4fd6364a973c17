"""Where the parts of a service may be: all in one account and Region.

No request of the API names a resource of another one. Grants and metrics may cross: they are no
part of a service.
"""

from aws_cdk import IResource
from constructs import Construct

from cdk_personalize._removal import RemovableResource
from cdk_personalize._tokens import is_token
from cdk_personalize._tree import (
    account_of_stack,
    environment_of,
    region_of_stack,
    stack_of,
)


def findings_of_place(scope: Construct, **parts: IResource) -> list[str]:
    """Return why a resource cannot be made of others; its constructor asks this first.

    What only the deployment knows is left to it.

    Args:
        scope: What the resource is to be defined in.
        parts: What it is made of, by the properties that they are given as.
    """
    stack = stack_of(scope)
    here = (account_of_stack(stack), region_of_stack(stack))
    return [
        f"{name} must be of the account and Region of the stack, {_written(here)},"
        f" got one of {_written(there)}"
        for name, part in parts.items()
        if _are_apart(here, there := _place_of(part))
    ]


def _place_of(part: IResource) -> tuple[str, str]:
    if isinstance(part, RemovableResource):  # it is where its stack is, which is known
        stack = stack_of(part)
        return account_of_stack(stack), region_of_stack(stack)
    return environment_of(part)


def _are_apart(here: tuple[str, str], there: tuple[str, str]) -> bool:
    return any(
        one != other and not is_token(one) and not is_token(other)
        for one, other in zip(here, there, strict=True)
    )


def _written(place: tuple[str, str]) -> str:
    """Return an account and a Region as people read it, less what is not known yet."""
    return " ".join(each for each in place if not is_token(each))
