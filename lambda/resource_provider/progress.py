"""How far the service is with a resource, and with the latest update of it.

The status of a resource says nothing of its updates, and an update shows apart, in
`latestCampaignUpdate` and the like, for good.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from resource_provider.control_plane import is_busy, is_failed
from resource_provider.lifecycle import ProvisioningError

T = TypeVar("T")

_NO_REASON = "no reason was given"


def found(kind: str, arn: str, resource: T | None) -> T:
    """Return what the service says of a resource that is to be there.

    Raises:
        ProvisioningError: If it says nothing.
    """
    if resource is None:
        msg = f"the {kind} {arn} is gone"
        raise ProvisioningError(msg)
    return resource


def still_being_made(
    kind: str, arn: str, resource: Mapping[str, Any], *, may_have_failed: bool = False
) -> str | None:
    """Return what is under way with a resource, apart from updates, if anything is.

    Args:
        kind: What it is, for people.
        arn: Its ARN.
        resource: What the service says of it.
        may_have_failed: Whether it can be gone on with then.

    Raises:
        ProvisioningError: If its creation failed.
    """
    status = resource["status"]
    if is_failed(status) and not may_have_failed:
        msg = f"the {kind} {arn} is {status}: {resource.get('failureReason', _NO_REASON)}"
        raise ProvisioningError(msg)
    return f"the {kind} {arn} is {status}" if is_busy(status) else None


def still_being_updated(kind: str, arn: str, update: Mapping[str, Any]) -> str | None:
    """Return what is under way with the latest update of a resource, if anything is."""
    status = update.get("status", "")
    return f"the update of the {kind} {arn} is {status}" if is_busy(status) else None


def update_failed(kind: str, arn: str, update: Mapping[str, Any]) -> ProvisioningError:
    """Return the error that tells why an update failed."""
    reason = update.get("failureReason", _NO_REASON)
    return ProvisioningError(f"the {kind} {arn} could not be updated: {reason}")


def began_at(update: Mapping[str, Any]) -> str:
    """Return when an update began, which no other one did; nothing if there is none."""
    return str(update.get("creationDateTime", ""))


def with_defaults(
    config: Mapping[str, Any], old: Mapping[str, Any], defaults: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a configuration with the defaults of what the former one said and it does not.

    Whether an update leaves what it does not name as it was is not documented.
    """
    return {name: value for name, value in defaults.items() if name in old} | dict(config)
