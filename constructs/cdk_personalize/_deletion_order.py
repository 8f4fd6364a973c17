"""The one order in which Amazon Personalize lets the resources of a dataset group go.

Most of them refer to the dataset group alone, so CloudFormation would see no order among them:
it would delete a dataset while a filter still holds it, and fail. Each resource therefore
depends on all resources of the next lower rank, and so on those of all lower ranks. CloudFormation
deletes in reverse, which is the order that AWS recommends (DG: deleting-resources).

Between stacks, the stack that depends on the other is deleted first. There, only what the service
insists on counts, and an arrangement of stacks that cannot meet it is refused.
"""

from collections.abc import Callable, Iterator
from enum import IntEnum

from aws_cdk import Annotations, Stack, Stage
from constructs import Construct, IConstruct

from cdk_personalize._tree import address_of, default_child_of, node_of, path_of, stack_of


class Rank(IntEnum):
    """When a resource is deleted: the highest rank goes first."""

    SCHEMA = 0
    DATASET_GROUP = 1
    DATASET = 2
    FILTER = 3
    METRIC_ATTRIBUTION = 4
    EVENT_TRACKER = 5
    SOLUTION = 6
    CAMPAIGN = 7
    RECOMMENDER = 8

    def blocks(self, other: "Rank") -> bool:
        """Whether the service keeps what is of the rank `other` while something of this is there.

        A dataset is kept by all that looks at data, the group by all that belongs to it
        (DG: deleting-resources, delete-dataset). A schema is kept by its own datasets alone, and a
        solution by its own campaigns: these refer to it.
        """
        return other in {Rank.DATASET_GROUP, Rank.DATASET} and self > other


class DeletionOrder:
    """What belongs to one dataset group, in the order of definition and in ranks of deletion."""

    def __init__(self) -> None:
        """Start with nothing."""
        self._members: list[tuple[Construct, Rank]] = []
        self._observers: list[Callable[[Construct], None]] = []
        self._placed: list[tuple[IConstruct, Rank, Stack]] = []
        self._resources: dict[Stack, dict[Rank, list[IConstruct]]] = {}
        # What is deleted before what, of what is deployed as one beside another.
        self._before: dict[str, list[IConstruct]] = {}

    @property
    def members(self) -> tuple[Construct, ...]:
        """Everything added so far, in the order of definition."""
        return tuple(construct for construct, _ in self._members)

    def members_of(self, rank: Rank) -> tuple[Construct, ...]:
        """Everything of one rank added so far, in the order of definition."""
        return tuple(construct for construct, its_rank in self._members if its_rank is rank)

    def add(self, construct: Construct, rank: Rank) -> None:
        """Make `construct` a member, with its place in the order, and tell those who asked.

        Raises:
            ValueError: If the stacks cannot be deleted in the order.
        """
        self.place(construct, rank)
        self._members.append((construct, rank))
        for observer in self._observers:
            observer(construct)

    def on_add(self, observer: Callable[[Construct], None]) -> None:
        """Call `observer` for each member, those to come included."""
        for construct in self.members:
            observer(construct)
        self._observers.append(observer)

    def place(self, construct: IConstruct, rank: Rank) -> None:
        """Let `construct` be deleted before everything of a lower rank, also what comes later.

        Raises:
            ValueError: If the stacks cannot be deleted in the order.
        """
        resource = resource_of(construct)
        if resource is construct:
            return  # an import, which is not deleted
        stack = stack_of(construct)
        self._place_in_stack(resource, rank, stack)
        for other, its_rank, its_stack in self._placed:
            if its_stack is stack:
                continue
            if rank.blocks(its_rank):
                self.delete_before(construct, other)
            elif its_rank.blocks(rank):
                self.delete_before(other, construct)
        self._placed.append((construct, rank, stack))

    def _place_in_stack(self, resource: IConstruct, rank: Rank, stack: Stack) -> None:
        """Let `resource` depend on the next lower rank there is, and the next higher one on it.

        So each rank depends on all lower ones, by way of those between them.
        """
        ranks = self._resources.setdefault(stack, {})
        if lower := [each for each in ranks if each < rank]:
            node_of(resource).add_dependency(*ranks[max(lower)])
        if higher := [each for each in ranks if each > rank]:
            for other in ranks[min(higher)]:
                node_of(other).add_dependency(resource)
        ranks.setdefault(rank, []).append(resource)

    def delete_before(self, first: IConstruct, then: IConstruct) -> None:
        """Let `first` be deleted before `then`, whatever stacks they are in.

        Raises:
            ValueError: If the stack of `then` is deleted before that of `first`.
        """
        if stack_of(first) is stack_of(then):
            node_of(resource_of(first)).add_dependency(resource_of(then))
            return
        if Stage.of(first) is not Stage.of(then):
            Annotations.of(first).add_warning_v2(
                "cdk-personalize:deletionOrder",
                f"{path_of(first)} must be deleted before {path_of(then)}, which is in another"
                " stage: nothing but you sees to it",
            )
            return
        one, other = _apart(first, then)
        if self._is_deleted_before(other, one):
            msg = (
                f"{path_of(first)} must be deleted before {path_of(then)}, but"
                f" {_described(other)} depends on {_described(one)} and is deleted first:"
                " define the two in one stack"
            )
            raise ValueError(msg)
        if other in self._before.setdefault(address_of(one), []):
            return
        self._before[address_of(one)].append(other)
        # The CDK makes it a dependency of what is deployed side by side.
        node_of(resource_of(first)).add_dependency(resource_of(then))

    def _is_deleted_before(self, one: IConstruct, other: IConstruct) -> bool:
        seen: set[str] = set()
        waiting = [one]
        while waiting:
            found = waiting.pop()
            if found is other:
                return True
            if address_of(found) not in seen:
                seen.add(address_of(found))
                waiting += self._after(found)
        return False

    def _after(self, unit: IConstruct) -> list[IConstruct]:
        dependencies = unit.dependencies if isinstance(unit, Stack) else []
        return [*self._before.get(address_of(unit), []), *dependencies]


def resource_of(construct: IConstruct) -> IConstruct:
    """Return the one resource that an L2 is about, or the L2 itself if it is an import.

    Depending on an L2 would mean everything within it: a dataset group holds its own datasets.
    """
    return default_child_of(construct) or construct


def _apart(one: IConstruct, other: IConstruct) -> tuple[IConstruct, IConstruct]:
    """Return what of two resources is deployed side by side: stacks, nested ones, or themselves."""
    return next((a, b) for a, b in zip(_units(one), _units(other), strict=False) if a is not b)


def _units(construct: IConstruct) -> Iterator[IConstruct]:
    """Yield what `construct` is deployed with, from the outermost stack to itself."""
    stacks = [stack_of(construct)]
    while (parent := stacks[-1].nested_stack_parent) is not None:
        stacks.append(parent)
    yield from reversed(stacks)
    yield construct


def _described(unit: IConstruct) -> str:
    return f"the stack {path_of(unit)}" if isinstance(unit, Stack) else path_of(unit)
