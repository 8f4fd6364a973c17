"""What the stacks of an app define in one account and Region.

Names and quotas are those of an account and a Region, whatever the stack or the stage. Where the
account or the Region of a stack is known at deployment only, nothing tells what else is there, so
the stack is looked at for itself.
"""

from collections import Counter
from weakref import WeakKeyDictionary

from aws_cdk import Annotations, Stack
from constructs import Construct, IConstruct

from cdk_personalize._deletion_order import DeletionOrder, Rank
from cdk_personalize._request import refuse
from cdk_personalize._tokens import is_token
from cdk_personalize._tree import (
    account_of_stack,
    address_of,
    context_of,
    path_in,
    path_of,
    region_of_stack,
    root_of,
    root_stack_of,
    stack_of,
)
from cdk_personalize.quotas import IN_DATASET_GROUP, IN_REGION, Quota
from cdk_personalize.regions import finding_of_region, finding_of_type

REGIONS_CONTEXT = "cdk-personalize:more-regions"
"""Context key: a list of Regions that have the service too, for those that it comes to later."""

# Where names and quotas hold: an account and a Region, or a stack of which these are not known.
_Place = tuple[str, ...]


class _App:
    """What one app defines so far."""

    def __init__(self) -> None:
        self.paths: dict[tuple[_Place, str, str], str] = {}
        self.counts: Counter[tuple[_Place, str]] = Counter()
        self.deletion_orders: dict[tuple[str, ...], DeletionOrder] = {}


_apps: WeakKeyDictionary[IConstruct, _App] = WeakKeyDictionary()


def findings_of_declaration(
    scope: Construct, construct_id: str, kind: str, name: str | None, *, resource_type: str = ""
) -> list[str]:
    """Return why a resource cannot be one more in its place; its constructor asks this first.

    Args:
        scope: What the resource is to be defined in.
        construct_id: Its id there.
        kind: Its type as ARNs write it.
        name: The name that it is given; none if one is derived, which no other has.
        resource_type: CloudFormation's own type, if it is used.
    """
    stack = stack_of(scope)
    app, place = _app_of(scope), _place_of(stack)
    path = path_in(scope, construct_id)
    return [
        *_findings_of_region(scope, region_of_stack(stack), resource_type),
        *_findings_of_taken_name(app, place, kind, name, path),
        *_findings_of_quota(IN_REGION.get(kind), app.counts[place, kind] + 1, holder="a Region"),
    ]


def findings_of_member(order: DeletionOrder, rank: Rank) -> list[str]:
    """Return why a dataset group cannot have one more of a rank; its constructor asks this first.

    Args:
        order: The deletion order of the group.
        rank: The rank of what is to be defined.
    """
    quota = IN_DATASET_GROUP.get(rank.name.lower())
    return _findings_of_quota(quota, len(order.members_of(rank)) + 1, holder="a dataset group")


def declare(construct: Construct, kind: str, name: str) -> None:
    """Take up a resource that is defined here; its constructor calls this.

    Args:
        construct: The resource.
        kind: Its type as ARNs write it.
        name: What its ARN ends in, or may be no other's for another reason; may be a token.

    Raises:
        ValueError: If another resource has the name, or a quota that AWS raises for nobody is
            exceeded.
    """
    app, place = _app_of(construct), _place_of(stack_of(construct))
    path = path_of(construct)
    # A derived name that was given to another one is seen here alone.
    refuse(_findings_of_taken_name(app, place, kind, name, path))
    if not is_token(name):
        app.paths[place, kind, name] = path
    app.counts[place, kind] += 1
    if kind in IN_REGION:
        check_quota(construct, IN_REGION[kind], app.counts[place, kind], holder="a Region")


def check_quota(scope: IConstruct, quota: Quota, count: int, *, holder: str) -> None:
    """Refuse one more than a quota allows, or warn of it if AWS can raise the quota.

    Raises:
        ValueError: If AWS raises the quota for nobody.
    """
    refuse(_findings_of_quota(quota, count, holder=holder))
    finding = quota.finding(holder, count)
    if finding is None:
        return
    if count == quota.limit + 1:  # said once, and not again of each that follows
        words = quota.what.title().replace(" ", "")
        Annotations.of(scope).add_warning_v2(
            f"cdk-personalize:{words[0].lower()}{words[1:]}Quota", finding
        )


def deletion_order_of(scope: Construct, *arns: str) -> DeletionOrder:
    """Return the one deletion order of a dataset group, however often it is imported.

    Args:
        scope: The dataset group.
        arns: What its ARN is, as a token or composed.
    """
    orders = _app_of(scope).deletion_orders
    keys = [_identity(scope, arn) for arn in arns]
    order = next((orders[key] for key in keys if key in orders), None) or DeletionOrder()
    orders.update(dict.fromkeys(keys, order))
    return order


def _app_of(construct: IConstruct) -> _App:
    return _apps.setdefault(root_of(construct), _App())


def _place_of(stack: Stack) -> _Place:
    if is_token(account_of_stack(stack)) or is_token(region_of_stack(stack)):
        return (address_of(root_stack_of(stack)),)
    return account_of_stack(stack), region_of_stack(stack)


def _identity(scope: Construct, arn: str) -> tuple[str, ...]:
    """Return what two ARNs of one resource have in common."""
    if not arn.startswith("arn:"):
        return (arn,)  # one token, which stands for one value in all stacks
    known = arn.split(":")[3:]
    if any(is_token(each) for each in known):
        return address_of(root_stack_of(stack_of(scope))), arn
    return tuple(known)


def _findings_of_taken_name(
    app: _App, place: _Place, kind: str, name: str | None, path: str
) -> list[str]:
    if name is None or is_token(name):
        return []
    other = app.paths.get((place, kind, name), path)
    if other == path:
        return []
    return [
        f"no two resources of the type {kind} have one name in an account and Region,"
        f" got {name!r} for {other} and for {path}"
    ]


def _findings_of_quota(quota: Quota | None, count: int, *, holder: str) -> list[str]:
    finding = quota.finding(holder, count) if quota is not None and not quota.adjustable else None
    return [finding] if finding is not None else []


def _findings_of_region(scope: Construct, region: str, resource_type: str) -> list[str]:
    if is_token(region):
        return []
    more = context_of(scope, REGIONS_CONTEXT) or ()
    found = (finding_of_region(region, more), finding_of_type(resource_type, region))
    return [finding for finding in found if finding]
