"""An event tracker: what events of a dataset group are sent to."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol, Unpack

from aws_cdk import IResource, RemovalPolicy, Resource
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk_personalize._actions import EVENT_TRACKER_DESCRIBE, EVENT_TRACKER_PUT_EVENTS
from cdk_personalize._declarations import declare, findings_of_declaration
from cdk_personalize._deletion_order import Rank
from cdk_personalize._event_metrics import EventMetrics, IEventMetrics
from cdk_personalize._imported import imported_arn
from cdk_personalize._metrics import MetricOptions, metric
from cdk_personalize._names import derived_name, findings_of_name
from cdk_personalize._places import findings_of_place
from cdk_personalize._provider import PersonalizeProvider, managed_request
from cdk_personalize._removal import RemovableResource
from cdk_personalize._request import refuse
from cdk_personalize._tags import TaggedResource
from cdk_personalize._tokens import known_reference
from cdk_personalize.dataset_group import IDatasetGroup


class IEventTracker(IResource, IEventMetrics, Protocol):
    """An event tracker, defined in this app or imported."""

    @property
    def event_tracker_arn(self) -> str:
        """The ARN of the event tracker."""
        ...

    @property
    def tracking_id(self) -> str:
        """The id that events are sent with."""
        ...

    def grant(self, grantee: iam.IGrantable, *actions: str) -> iam.Grant:
        """Grant `actions` on this event tracker to `grantee`."""
        ...

    def grant_describe(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant `grantee` to read what this event tracker is."""
        ...

    def grant_put_events(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant `grantee` to send events, to this event tracker and to any other."""
        ...

    def metric(self, metric_name: str, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return a metric of this event tracker (default: average over 5 minutes)."""
        ...


class _EventTrackerBase(Resource, EventMetrics):
    """What owned and imported event trackers share; it rests on `event_tracker_arn` alone."""

    @property
    @abstractmethod
    def event_tracker_arn(self) -> str: ...

    def grant(self, grantee: iam.IGrantable, *actions: str) -> iam.Grant:
        """Grant `actions` on this event tracker to `grantee`."""
        return iam.Grant.add_to_principal(
            grantee=grantee, actions=list(actions), resource_arns=[self.event_tracker_arn]
        )

    def grant_describe(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant `grantee` to read what this event tracker is."""
        return self.grant(grantee, *EVENT_TRACKER_DESCRIBE)

    def grant_put_events(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant `grantee` to send events, to this event tracker and to any other."""
        # IAM knows no resource for this action (Service Authorization Reference).
        return iam.Grant.add_to_principal(
            grantee=grantee, actions=list(EVENT_TRACKER_PUT_EVENTS), resource_arns=["*"]
        )

    def metric(self, metric_name: str, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return a metric of this event tracker (default: average over 5 minutes)."""
        return metric(self, metric_name, {"EventTrackerArn": self.event_tracker_arn}, **options)


class EventTracker(_EventTrackerBase, RemovableResource, TaggedResource):
    """Define the event tracker of a dataset group, which can have no other.

    With another name it is replaced: the old one is deleted first, whatever its removal policy,
    and events that are sent meanwhile are refused, as are all that are sent with the old tracking
    id. CloudFormation's own type creates the new one first, which the service refuses, so this
    one is managed by a function.

    Example:
        ```python
        tracker = EventTracker(self, "Tracker", dataset_group=group)
        tracker.grant_put_events(web_shop)
        ```
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        dataset_group: IDatasetGroup,
        event_tracker_name: str | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.DESTROY,
    ) -> None:
        """Define an event tracker.

        Args:
            scope: The construct to define the event tracker in.
            construct_id: The id of the event tracker within `scope`.
            dataset_group: The group that the events belong to.
            event_tracker_name: The name (default: derived from the construct path and the group).
            removal_policy: What becomes of it when it is removed from the stack, or the stack is
                deleted (default: DESTROY).

        Raises:
            ValueError: If the group has an event tracker, or the name is refused or taken; all
                that is wrong is in the message.
        """
        refuse(
            [
                *_findings_of_another(dataset_group),
                *findings_of_name("event_tracker_name", event_tracker_name),
                *findings_of_place(scope, dataset_group=dataset_group),
                *findings_of_declaration(scope, construct_id, "event-tracker", event_tracker_name),
            ]
        )
        super().__init__(scope, construct_id, physical_name=event_tracker_name)
        self._dataset_group = dataset_group
        # Two groups, two names: in another group, the new one is there before the old one is gone.
        self._event_tracker_name = event_tracker_name or derived_name(
            self, {"datasetGroup": dataset_group.dataset_group_name}
        )
        request = {
            "name": self._event_tracker_name,
            "datasetGroupArn": dataset_group.dataset_group_arn,
        }
        resource = PersonalizeProvider.of(self).custom_resource(
            self,
            "Resource",
            resource_type="Custom::PersonalizeEventTracker",
            properties={"Request": managed_request(self, request)},
            tags=self.cdk_tag_manager,
            touches=[
                ("event-tracker", "*"),
                ("dataset-group", dataset_group.dataset_group_name),
            ],
        )
        # The ARN ends in an id and not in the name, so that only the service can tell it.
        self._event_tracker_arn = known_reference(resource.get_att_string("Arn"))
        self._tracking_id = known_reference(resource.get_att_string("TrackingId"))
        declare(self, "event-tracker", self._event_tracker_name)
        dataset_group.declare(self, Rank.EVENT_TRACKER)
        self.apply_removal_policy(removal_policy)

    @property
    def event_tracker_arn(self) -> str:
        """The ARN of the event tracker."""
        return self._event_tracker_arn

    @property
    def event_tracker_name(self) -> str:
        """The name of the event tracker."""
        return self._event_tracker_name

    @property
    def tracking_id(self) -> str:
        """The id that events are sent with."""
        return self._tracking_id

    @property
    def dataset_group(self) -> IDatasetGroup:
        """The group that the events belong to."""
        return self._dataset_group

    @property
    def _arn(self) -> str:
        return self._event_tracker_arn

    @property
    def _rests_on(self) -> Sequence[object]:
        return (self._dataset_group, *self._dataset_group.datasets)

    @classmethod
    def from_event_tracker_attributes(
        cls, scope: Construct, construct_id: str, *, event_tracker_arn: str, tracking_id: str
    ) -> IEventTracker:
        """Import an event tracker by its ARN and its tracking id; neither tells the other."""
        return _ImportedEventTracker(scope, construct_id, event_tracker_arn, tracking_id)


class _ImportedEventTracker(_EventTrackerBase):
    def __init__(
        self, scope: Construct, construct_id: str, event_tracker_arn: str, tracking_id: str
    ) -> None:
        arn = imported_arn("event-tracker", event_tracker_arn)
        super().__init__(scope, construct_id, environment_from_arn=arn)
        self._event_tracker_arn = event_tracker_arn
        self._tracking_id = tracking_id

    @property
    def event_tracker_arn(self) -> str:
        return self._event_tracker_arn

    @property
    def tracking_id(self) -> str:
        return self._tracking_id


def _findings_of_another(dataset_group: IDatasetGroup) -> list[str]:
    return [
        f"a dataset group has at most one event tracker, got another one beside {each.node.path}"
        for each in dataset_group.event_trackers
    ]
