"""The event tracker construct."""

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Match, Template

from cdk_personalize import DatasetGroup, EventTracker, IEventTracker, Schema
from cdk_personalize.regions import REGIONS
from tests.unit.apps import new_app
from tests.unit.custom_resources import request_of

TRACKER = "Custom::PersonalizeEventTracker"
ARN = "arn:aws:personalize:us-east-1:111111111111:event-tracker/1234"


def imported(stack: cdk.Stack) -> IEventTracker:
    return EventTracker.from_event_tracker_attributes(
        stack, "Tracker", event_tracker_arn=ARN, tracking_id="5678"
    )


def test_belongs_to_its_group(stack: cdk.Stack, dataset_group: DatasetGroup) -> None:
    tracker = EventTracker(stack, "Tracker", dataset_group=dataset_group)

    assert request_of(stack, TRACKER) == {
        "name": tracker.event_tracker_name,
        "datasetGroupArn": "GroupC77FDACD.DatasetGroupArn",
    }
    assert tracker.dataset_group is dataset_group


def test_tells_the_arn_and_the_tracking_id_that_the_service_gives_it(
    stack: cdk.Stack, dataset_group: DatasetGroup
) -> None:
    tracker = EventTracker(stack, "Tracker", dataset_group=dataset_group)

    assert stack.resolve(tracker.event_tracker_arn)["Fn::GetAtt"][1] == "Arn"
    assert stack.resolve(tracker.tracking_id)["Fn::GetAtt"][1] == "TrackingId"


def test_bears_the_tags_of_the_stack(stack: cdk.Stack, dataset_group: DatasetGroup) -> None:
    EventTracker(stack, "Tracker", dataset_group=dataset_group)
    cdk.Tags.of(stack).add("team", "search")

    Template.from_stack(stack).has_resource_properties(TRACKER, {"Tags": {"team": "search"}})


def test_the_functions_may_create_and_delete_it(
    stack: cdk.Stack, dataset_group: DatasetGroup
) -> None:
    EventTracker(stack, "Tracker", dataset_group=dataset_group)

    arn = {
        "Fn::Join": [
            "",
            [
                "arn:",
                {"Ref": "AWS::Partition"},
                ":personalize:us-east-1:111111111111:event-tracker/*",
            ],
        ]
    }
    statement = {
        "Action": [
            "personalize:CreateEventTracker",
            "personalize:DeleteEventTracker",
            "personalize:DescribeEventTracker",
            "personalize:TagResource",
            "personalize:UntagResource",
        ],
        "Effect": "Allow",
        "Resource": arn,
    }
    Template.from_stack(stack).has_resource_properties(
        "AWS::IAM::ManagedPolicy", {"PolicyDocument": {"Statement": Match.array_with([statement])}}
    )


def test_a_stack_without_one_may_touch_none(stack: cdk.Stack, interactions: Schema) -> None:
    DatasetGroup(stack, "Group").add_dataset("Interactions", schema=interactions)

    template = Template.from_stack(stack)
    assert template.find_resources("AWS::IAM::ManagedPolicy") == {}
    assert "event-tracker" not in str(template.find_resources("AWS::IAM::Policy"))


def test_takes_another_name_in_another_group() -> None:
    def name(group_name: str) -> str:
        stack = cdk.Stack(new_app(), "Shop")
        group = DatasetGroup(stack, "Group", dataset_group_name=group_name)
        return EventTracker(stack, "Tracker", dataset_group=group).event_tracker_name

    assert name("one") == name("one")
    assert name("one") != name("two")


def test_bears_the_name_that_it_is_given(stack: cdk.Stack, dataset_group: DatasetGroup) -> None:
    EventTracker(stack, "Tracker", dataset_group=dataset_group, event_tracker_name="clicks")

    assert request_of(stack, TRACKER)["name"] == "clicks"


def test_refuses_a_second_one_in_a_group(stack: cdk.Stack, dataset_group: DatasetGroup) -> None:
    EventTracker(stack, "One", dataset_group=dataset_group)

    with pytest.raises(
        ValueError,
        match=r"^a dataset group has at most one event tracker, got another one beside Shop/One$",
    ):
        EventTracker(stack, "Two", dataset_group=dataset_group)


def test_tells_all_that_is_wrong_at_once(stack: cdk.Stack, dataset_group: DatasetGroup) -> None:
    dataset_group.add_event_tracker("One")
    abroad = cdk.Stack(
        cdk.App.of(stack),
        "Abroad",
        env=cdk.Environment(account="111111111111", region="eu-north-1"),
    )

    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the whole message is looked at
        EventTracker(abroad, "Two", dataset_group=dataset_group, event_tracker_name="x" * 64)

    assert str(refused.value).split("; ") == [
        "a dataset group has at most one event tracker, got another one beside Shop/Group/One",
        "event_tracker_name must be 1 to 63 letters, digits, hyphens and underscores, the first a"
        f" letter or digit, got '{'x' * 64}'",
        "dataset_group must be of the account and Region of the stack, 111111111111 eu-north-1, got"
        " one of 111111111111 us-east-1",
        f"Amazon Personalize is in the Regions {', '.join(REGIONS)}, got eu-north-1",
    ]


@pytest.mark.parametrize(
    ("method", "action"),
    [
        ("grant_describe", "personalize:DescribeEventTracker"),
        ("grant_put_events", "personalize:PutEvents"),
    ],
)
@pytest.mark.parametrize("owned", [True, False], ids=["owned", "imported"])
def test_grants(
    *,
    stack: cdk.Stack,
    dataset_group: DatasetGroup,
    role: iam.Role,
    method: str,
    action: str,
    owned: bool,
) -> None:
    tracker: IEventTracker = (
        EventTracker(stack, "Tracker", dataset_group=dataset_group) if owned else imported(stack)
    )

    getattr(tracker, method)(role)

    # IAM knows no resource for PutEvents.
    resource = "*" if method == "grant_put_events" else stack.resolve(tracker.event_tracker_arn)
    Template.from_stack(stack).has_resource_properties(
        "AWS::IAM::Policy",
        {
            "PolicyDocument": {
                "Statement": [{"Action": action, "Effect": "Allow", "Resource": resource}]
            }
        },
    )


def test_an_import_tells_its_tracking_id(stack: cdk.Stack) -> None:
    assert imported(stack).tracking_id == "5678"


METRICS = [
    ("metric_put_events_requests", "PutEventsRequests", "Sum"),
    ("metric_put_events_4xx_errors", "PutEvents4xxErrors", "Sum"),
    ("metric_put_events_5xx_errors", "PutEvents5xxErrors", "Sum"),
    ("metric_put_event_latency", "PutEventLatency", "Average"),
]


@pytest.mark.parametrize(("method", "name", "statistic"), METRICS)
def test_measures(stack: cdk.Stack, method: str, name: str, statistic: str) -> None:
    metric = getattr(imported(stack), method)()

    assert (metric.namespace, metric.metric_name) == ("AWS/Personalize", name)
    assert metric.dimensions == {"EventTrackerArn": ARN}
    assert metric.statistic == statistic
