"""What the stacks of an app define in one account and Region.

Names and quotas are those of an account and a Region, whatever the stack or the stage. Where the
account or the Region of a stack is known at deployment only, nothing tells what else is there, so
the stack is looked at for itself.
"""

from collections import Counter
from weakref import WeakKeyDictionary

from aws_cdk import Annotations, CfnResource, Stack, Token
from constructs import Construct, IConstruct

from cdk_personalize._deletion_order import DeletionOrder
from cdk_personalize.quotas import IN_REGION, Quota
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


def declare(construct: Construct, kind: str, name: str) -> None:
    """Take up a resource that is defined here; its constructor calls this.

    Args:
        construct: The resource, with what is deployed for it as its default child.
        kind: Its type as ARNs write it.
        name: What its ARN ends in, or may be no other's for another reason; may be a token.

    Raises:
        ValueError: If the Region lacks the service or the type, another resource has the name,
            or a quota that AWS raises for nobody is exceeded.
    """
    stack = Stack.of(construct)
    if findings := _findings_of_region(construct, stack.region):
        raise ValueError("; ".join(findings))
    app, place = _app_of(construct), _place_of(stack)
    path = construct.node.path
    if not Token.is_unresolved(name):
        other = app.paths.setdefault((place, kind, name), path)
        if other != path:
            msg = (
                f"no two resources of the type {kind} have one name in an account and Region,"
                f" got {name!r} for {other} and for {path}"
            )
            raise ValueError(msg)
    app.counts[place, kind] += 1
    if kind in IN_REGION:
        check_quota(construct, IN_REGION[kind], app.counts[place, kind], holder="a Region")


def check_quota(scope: IConstruct, quota: Quota, count: int, *, holder: str) -> None:
    """Refuse one more than a quota allows, or warn of it if AWS can raise the quota.

    Raises:
        ValueError: If AWS raises the quota for nobody.
    """
    finding = quota.finding(holder, count)
    if finding is None:
        return
    if not quota.adjustable:
        raise ValueError(finding)
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
    return _apps.setdefault(construct.node.root, _App())


def _place_of(stack: Stack) -> _Place:
    if Token.is_unresolved(stack.account) or Token.is_unresolved(stack.region):
        return (_deployed_with(stack).node.addr,)
    return stack.account, stack.region


def _deployed_with(stack: Stack) -> Stack:
    """Return the stack that a nested one is deployed with."""
    parent = stack.nested_stack_parent
    return stack if parent is None else _deployed_with(parent)


def _identity(scope: Construct, arn: str) -> tuple[str, ...]:
    """Return what two ARNs of one resource have in common."""
    if not arn.startswith("arn:"):
        return (arn,)  # one token, which stands for one value in all stacks
    known = arn.split(":")[3:]
    if any(Token.is_unresolved(each) for each in known):
        return _deployed_with(Stack.of(scope)).node.addr, arn
    return tuple(known)


def _findings_of_region(construct: Construct, region: str) -> list[str]:
    if Token.is_unresolved(region):
        return []
    deployed = construct.node.default_child
    resource_type = deployed.cfn_resource_type if isinstance(deployed, CfnResource) else ""
    more = construct.node.try_get_context(REGIONS_CONTEXT) or ()
    found = (finding_of_region(region, more), finding_of_type(resource_type, region))
    return [finding for finding in found if finding]
