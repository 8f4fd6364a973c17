"""What belongs to a dataset group, as far as this app defines it."""

from typing import TYPE_CHECKING, Protocol, cast

from cdk_personalize._deletion_order import DeletionOrder, Rank

if TYPE_CHECKING:
    from cdk_personalize.campaign import Campaign
    from cdk_personalize.dataset import Dataset
    from cdk_personalize.event_tracker import EventTracker
    from cdk_personalize.filters import Filter
    from cdk_personalize.metric_attribution import MetricAttribution
    from cdk_personalize.recommender import Recommender
    from cdk_personalize.solution import Solution


class IDatasetGroupMembers(Protocol):
    """What can be asked of what belongs to a dataset group."""

    @property
    def deletion_order(self) -> DeletionOrder:
        """The order in which the resources of the group are deleted."""
        ...

    @property
    def datasets(self) -> "tuple[Dataset, ...]":
        """The datasets of the group, in the order of definition."""
        ...

    @property
    def filters(self) -> "tuple[Filter, ...]":
        """The filters of the group, in the order of definition."""
        ...

    @property
    def event_trackers(self) -> "tuple[EventTracker, ...]":
        """The event trackers of the group: one at most."""
        ...

    @property
    def metric_attributions(self) -> "tuple[MetricAttribution, ...]":
        """The metric attributions of the group: one at most."""
        ...

    @property
    def solutions(self) -> "tuple[Solution, ...]":
        """The solutions of the group, in the order of definition."""
        ...

    @property
    def campaigns(self) -> "tuple[Campaign, ...]":
        """The campaigns of the group's solutions, in the order of definition."""
        ...

    @property
    def recommenders(self) -> "tuple[Recommender, ...]":
        """The recommenders of the group, in the order of definition."""
        ...


class DatasetGroupMembers:
    """The same, for a dataset group that has a deletion order."""

    _deletion_order: DeletionOrder

    @property
    def deletion_order(self) -> DeletionOrder:
        """The order in which the resources of the group are deleted."""
        return self._deletion_order

    @property
    def datasets(self) -> "tuple[Dataset, ...]":
        """The datasets of the group, in the order of definition."""
        return cast("tuple[Dataset, ...]", self._deletion_order.members_of(Rank.DATASET))

    @property
    def filters(self) -> "tuple[Filter, ...]":
        """The filters of the group, in the order of definition."""
        return cast("tuple[Filter, ...]", self._deletion_order.members_of(Rank.FILTER))

    @property
    def event_trackers(self) -> "tuple[EventTracker, ...]":
        """The event trackers of the group: one at most."""
        return cast("tuple[EventTracker, ...]", self._deletion_order.members_of(Rank.EVENT_TRACKER))

    @property
    def metric_attributions(self) -> "tuple[MetricAttribution, ...]":
        """The metric attributions of the group: one at most."""
        return cast(
            "tuple[MetricAttribution, ...]",
            self._deletion_order.members_of(Rank.METRIC_ATTRIBUTION),
        )

    @property
    def solutions(self) -> "tuple[Solution, ...]":
        """The solutions of the group, in the order of definition."""
        return cast("tuple[Solution, ...]", self._deletion_order.members_of(Rank.SOLUTION))

    @property
    def campaigns(self) -> "tuple[Campaign, ...]":
        """The campaigns of the group's solutions, in the order of definition."""
        return cast("tuple[Campaign, ...]", self._deletion_order.members_of(Rank.CAMPAIGN))

    @property
    def recommenders(self) -> "tuple[Recommender, ...]":
        """The recommenders of the group, in the order of definition."""
        return cast("tuple[Recommender, ...]", self._deletion_order.members_of(Rank.RECOMMENDER))
