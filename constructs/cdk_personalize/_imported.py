"""What a resource is imported by: its ARN, or its name.

The ARN of another type would be taken for the right one until the deployment, or until somebody is
refused at run time what a grant allows on something else.
"""

import re
from collections.abc import Callable, Mapping

from constructs import Construct

from cdk_personalize._names import arn_of, findings_of_name, is_name
from cdk_personalize._request import refuse
from cdk_personalize._tokens import is_token, masked

_PLACE = re.compile(r"arn:[a-z\d-]+:personalize:[a-z\d-]+:\d{12}")
_DATASET_TYPE = re.compile(r"[A-Z_]+")
_UNKNOWN = "*"


def _is_dataset(name: str) -> bool:
    group, _, dataset_type = name.partition("/")
    return is_name(group) and _DATASET_TYPE.fullmatch(dataset_type) is not None


def _is_id(name: str) -> bool:
    return name != "" and "/" not in name


# How the ARNs end that end in something else than the name, and how that is told.
_ENDS: Mapping[str, tuple[str, Callable[[str], bool]]] = {
    "dataset": ("<dataset group>/<TYPE>", _is_dataset),
    "event-tracker": ("<id>", _is_id),
}


def imported_arn(resource: str, arn: str) -> str:
    """Return the ARN that a resource of a type is imported by.

    Args:
        resource: What ARNs call the type: `metric-attribution`.
        arn: The ARN. Of what has a token in it the type is looked at, if that is known.

    Raises:
        ValueError: If it is of another type, or malformed.
    """
    end, is_end = _ENDS.get(resource, ("<name>", is_name))
    if not _may_be_of(resource, arn, is_end):
        shape = f"arn:<partition>:personalize:<region>:<account>:{resource}/{end}"
        refuse([f"{_property(resource)}_arn must be {shape}, got {arn!r}"])
    return arn


def arn_of_imported(scope: Construct, resource: str, name: str) -> str:
    """Return the ARN of a resource that is imported by its name.

    Raises:
        ValueError: If there can be no such name.
    """
    refuse(findings_of_name(f"{_property(resource)}_name", name))
    return arn_of(scope, resource, name)


def _may_be_of(resource: str, arn: str, is_end: Callable[[str], bool]) -> bool:
    place, _, own = masked(arn, lambda _: _UNKNOWN).rpartition(":")
    kind, slash, end = own.partition("/")
    if is_token(arn):
        return _UNKNOWN in kind or (kind == resource and slash != "")
    return _PLACE.fullmatch(place) is not None and kind == resource and is_end(end)


def _property(resource: str) -> str:
    return resource.replace("-", "_")
