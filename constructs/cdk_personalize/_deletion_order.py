"""The one order in which Amazon Personalize lets the resources of a dataset group go.

Most of them refer to the dataset group alone, so CloudFormation would see no order among them:
it would delete a dataset while a filter still holds it, and fail. Each resource therefore
depends on all resources of the lower ranks, and CloudFormation deletes in reverse, which is the
order that AWS recommends (DG: deleting-resources).
"""

from enum import IntEnum

from aws_cdk import Stack
from constructs import Construct, DependencyGroup, IConstruct


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


class DeletionOrder:
    """What belongs to one dataset group, in the order of definition and in ranks of deletion."""

    def __init__(self) -> None:
        """Start with nothing."""
        self._members: list[tuple[Construct, Rank]] = []
        self._ranks: dict[tuple[str, Rank], DependencyGroup] = {}

    @property
    def members(self) -> tuple[Construct, ...]:
        """Everything added so far, in the order of definition."""
        return tuple(construct for construct, _ in self._members)

    def members_of(self, rank: Rank) -> tuple[Construct, ...]:
        """Everything of one rank added so far, in the order of definition."""
        return tuple(construct for construct, its_rank in self._members if its_rank is rank)

    def add(self, construct: Construct, rank: Rank) -> None:
        """Make `construct` a member, with its place in the order."""
        self.place(construct, rank)
        self._members.append((construct, rank))

    def place(self, construct: IConstruct, rank: Rank) -> None:
        """Let `construct` be deleted before everything of a lower rank, also what comes later.

        Dependencies reach as far as the stack of `construct`: between stacks the order is that of
        the stacks, and a dependency against it would be a cycle.
        """
        resource = resource_of(construct)
        for lower in Rank:
            if lower < rank:
                resource.node.add_dependency(self._group(construct, lower))
        self._group(construct, rank).add(resource)

    def _group(self, construct: IConstruct, rank: Rank) -> DependencyGroup:
        key = (Stack.of(construct).node.addr, rank)
        if key not in self._ranks:
            self._ranks[key] = DependencyGroup()
        return self._ranks[key]


def resource_of(construct: IConstruct) -> IConstruct:
    """Return the one resource that an L2 is about, or the L2 itself if it is an import.

    Depending on an L2 would mean everything within it: a dataset group holds its own datasets.
    """
    return construct.node.default_child or construct
