"""What never changes in the tree of constructs, asked of the CDK once.

The CDK runs in a process of its own, so each question costs a message there and back; an app of
two hundred resources would ask these some three thousand times.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from aws_cdk import IResource, Stack
from constructs import IConstruct, Node

_T = TypeVar("_T")
_C = TypeVar("_C", bound=IConstruct)

# Kept at the construct itself: a table of all of them would keep each stack for ever, by what is
# known of its own resources.
_ANSWERS = "_cdk_personalize_answers"

DEFAULT_CHILD = "Resource"
"""The id of the child that a construct is about; the CDK calls it the default child."""


def once(construct: _C, question: str, ask: Callable[[_C], _T]) -> _T:
    """Return the answer to a question about a construct, which is asked the first time only."""
    answers = _answers_of(construct)
    if question not in answers:
        answers[question] = ask(construct)
    answer: _T = answers[question]
    return answer


def remember_scope(construct: IConstruct, scope: IConstruct, construct_id: str) -> None:
    """Remember where a construct was just defined, which tells its stack, root and path."""
    _answers_of(construct)["scope"] = scope, construct_id


def stack_of(construct: IConstruct) -> Stack:
    """Return the stack of a construct."""

    def ask(each: IConstruct) -> Stack:
        known = _scope_of(each)
        return Stack.of(each) if known is None else stack_of(known[0])

    return once(construct, "stack", ask)


def node_of(construct: IConstruct) -> Node:
    """Return the node of a construct."""
    return once(construct, "node", lambda each: each.node)


def root_of(construct: IConstruct) -> IConstruct:
    """Return the root of the tree, the app."""

    def ask(each: IConstruct) -> IConstruct:
        known = _scope_of(each)
        return node_of(each).root if known is None else root_of(known[0])

    return once(construct, "root", ask)


def path_of(construct: IConstruct) -> str:
    """Return the path of a construct."""

    def ask(each: IConstruct) -> str:
        known = _scope_of(each)
        return node_of(each).path if known is None else path_in(*known)

    return once(construct, "path", ask)


def path_in(scope: IConstruct, construct_id: str) -> str:
    """Return the path that a construct has, or will have, in its scope."""
    return "/".join(filter(None, (path_of(scope), construct_id.replace("/", "--"))))


def context_of(construct: IConstruct, key: str) -> Any:  # noqa: ANN401 - any JSON
    """Return what the context says, which does not change once something is in the construct."""
    return once(construct, f"context {key}", lambda each: node_of(each).try_get_context(key))


def address_of(construct: IConstruct) -> str:
    """Return the address of a construct, which no other has and which never changes."""
    return once(construct, "address", lambda each: node_of(each).addr)


def root_stack_of(stack: Stack) -> Stack:
    """Return the stack that a nested one is deployed with, which is itself if it is not nested."""

    def ask(each: Stack) -> Stack:
        parent = each.nested_stack_parent
        return each if parent is None else root_stack_of(parent)

    return once(stack, "root stack", ask)


def account_of_stack(stack: Stack) -> str:
    """Return the account of a stack, which may be a token."""
    return once(stack, "account", lambda each: each.account)


def region_of_stack(stack: Stack) -> str:
    """Return the Region of a stack, which may be a token."""
    return once(stack, "region", lambda each: each.region)


def partition_of_stack(stack: Stack) -> str:
    """Return the partition of a stack, which may be a token."""
    return once(stack, "partition", lambda each: each.partition)


def environment_of(resource: IResource) -> tuple[str, str]:
    """Return the account and the Region of a resource; those of an import may be its own."""

    def ask(each: IResource) -> tuple[str, str]:
        env = each.env
        return env.account, env.region

    return once(resource, "environment", ask)


def remember_default_child(construct: IConstruct, child: IConstruct) -> None:
    """Remember the default child of a construct, which was just defined."""
    _answers_of(construct)["default child"] = child


def default_child_of(construct: IConstruct) -> IConstruct | None:
    """Return the default child of a construct, once it has one."""
    answers = _answers_of(construct)
    if answers.get("default child") is None:
        answers["default child"] = node_of(construct).default_child
    child: IConstruct | None = answers["default child"]
    return child


def _answers_of(construct: IConstruct) -> dict[str, Any]:
    answers: dict[str, Any] = construct.__dict__.setdefault(_ANSWERS, {})
    return answers


def _scope_of(construct: IConstruct) -> tuple[IConstruct, str] | None:
    known: tuple[IConstruct, str] | None = _answers_of(construct).get("scope")
    return known
