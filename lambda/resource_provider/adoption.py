"""Whether a resource that is already there was made by the request that finds it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from resource_provider.control_plane import is_being_deleted, matches
from resource_provider.lifecycle import ProvisioningError

# A request of CloudFormation, with all its repeats, lasts no longer.
_LONGEST_REQUEST = timedelta(hours=1)


def adopt(
    kind: str,
    arn: str,
    resource: Mapping[str, Any] | None,
    wanted: Mapping[str, Any],
    *,
    is_known: bool = False,
) -> None:
    """Accept a resource that a repeated request made before; refuse any other.

    A refused resource must never become a physical id: CloudFormation would delete it.

    Args:
        kind: What it is, for people.
        arn: Its ARN.
        resource: What the service says of it, if it says anything.
        wanted: What the request asks for and cannot be changed later.
        is_known: Whether it belongs to the stack, however old it is: the stack rolls back to it,
            or its name or a tag says so. It may be going away then: it is waited for, and made
            again.

    Raises:
        ProvisioningError: If it is another one, or is going away.
    """
    if resource is not None and is_being_deleted(resource.get("status", "")):
        if is_known:
            return  # a roll-back that fails leaves a stack that nothing can be done with
        msg = f"the {kind} {arn} is being deleted: try again when it is gone"
        raise ProvisioningError(msg)
    if (
        resource is None
        or not matches(wanted, resource)
        or not (is_known or is_recent(resource["creationDateTime"]))
    ):
        msg = (
            f"the {kind} {arn} is there already, and not made by this stack: "
            "delete it, give this one another name, or import it by its ARN"
        )
        raise ProvisioningError(msg)


def is_recent(created: datetime) -> bool:
    """Tell whether a request that still goes on may have created something."""
    return datetime.now(UTC) - created < _LONGEST_REQUEST
