"""The types of Amazon Personalize in CloudFormation, with the semantics of its registry."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime

import pytest
from botocore.exceptions import ClientError

from tests.local.services.cloud import Cloud, eventually
from tests.local.services.templates import GROUP, ROLE_OF_THE_SERVICE, resource, schema, shop


def names(cloud: Cloud, operation: str, key: str) -> list[str]:
    answer = getattr(cloud.client("personalize"), operation)()
    return sorted(found["name"] for found in answer[key])


@pytest.fixture(scope="module")
def deployed(cloud: Cloud) -> Iterator[Mapping[str, str]]:
    yield cloud.deploy(shop("types"), "types")
    cloud.delete("types")


def test_the_physical_id_is_the_arn(deployed: Mapping[str, str]) -> None:
    assert deployed["Group"] == "arn:aws:personalize:us-east-1:123456789012:dataset-group/types"
    assert deployed["Dataset"].endswith(":dataset/types/INTERACTIONS")


@pytest.mark.parametrize(
    ("logical_id", "noun", "member"),
    [
        ("Group", "dataset_group", "datasetGroup"),
        ("Dataset", "dataset", "dataset"),
        ("Tracker", "event_tracker", "eventTracker"),
        ("Filter", "filter", "filter"),
        ("Solution", "solution", "solution"),
    ],
)
def test_a_stack_that_is_complete_has_resources_that_are_active(
    cloud: Cloud, deployed: Mapping[str, str], logical_id: str, noun: str, member: str
) -> None:
    describe = getattr(cloud.client("personalize"), f"describe_{noun}")

    answer = describe(**{f"{member}Arn": deployed[logical_id]})

    assert answer[member]["status"] == "ACTIVE"


def test_a_tracker_has_its_tracking_id_as_an_attribute(cloud: Cloud) -> None:
    resources = {
        "Group": resource("DatasetGroup", Name="tracked"),
        "Tracker": resource("EventTracker", Name="tracked", DatasetGroupArn=GROUP),
        "Parameter": {
            "Type": "AWS::SSM::Parameter",
            "Properties": {
                "Name": "tracking-id",
                "Type": "String",
                "Value": {"Fn::GetAtt": ["Tracker", "TrackingId"]},
            },
        },
    }
    made = cloud.deploy(resources, "tracked")
    kept = cloud.client("ssm").get_parameter(Name="tracking-id")["Parameter"]["Value"]

    tracker = cloud.client("personalize").describe_event_tracker(eventTrackerArn=made["Tracker"])
    assert tracker["eventTracker"]["trackingId"] == kept
    cloud.delete("tracked")


def test_deleting_the_stack_leaves_nothing(cloud: Cloud) -> None:
    cloud.deploy(shop("gone"), "gone")

    assert cloud.delete("gone") == "DELETE_COMPLETE"

    for operation, key in (
        ("list_schemas", "schemas"),
        ("list_dataset_groups", "datasetGroups"),
        ("list_datasets", "datasets"),
        ("list_event_trackers", "eventTrackers"),
        ("list_filters", "Filters"),
        ("list_solutions", "solutions"),
    ):
        assert "gone" not in names(cloud, operation, key)


def test_a_new_name_replaces_a_schema(cloud: Cloud) -> None:
    cloud.deploy({"Schema": schema("first")}, "renamed")

    cloud.deploy({"Schema": schema("second", "CATEGORY")}, "renamed")

    found = names(cloud, "list_schemas", "schemas")
    assert ("second" in found, "first" in found) == (True, False)
    cloud.delete("renamed")


def test_a_replacement_under_the_same_name_is_refused_and_rolled_back(cloud: Cloud) -> None:
    cloud.deploy({"Schema": schema("kept")}, "kept")

    with pytest.raises(AssertionError, match="HandlerErrorCode: AlreadyExists"):
        cloud.deploy({"Schema": schema("kept", "CATEGORY")}, "kept")

    assert cloud.settled("kept") == "UPDATE_ROLLBACK_COMPLETE"
    assert "kept" in names(cloud, "list_schemas", "schemas")
    cloud.delete("kept")


def test_another_schema_deletes_a_dataset_before_it_creates_it_anew(cloud: Cloud) -> None:
    resources = {name: shop("swap")[name] for name in ("Schema", "Group", "Dataset")}
    made = cloud.deploy(resources, "swap")
    personalize = cloud.client("personalize")
    before = personalize.describe_dataset(datasetArn=made["Dataset"])["dataset"]

    cloud.deploy(resources | {"Schema": schema("swap-2", "CATEGORY")}, "swap")

    after = personalize.describe_dataset(datasetArn=made["Dataset"])["dataset"]
    assert after["schemaArn"].endswith(":schema/swap-2")
    assert after["creationDateTime"] > before["creationDateTime"]
    cloud.delete("swap")


def test_new_tags_are_set_on_a_filter_in_place(cloud: Cloud, deployed: Mapping[str, str]) -> None:
    changed = shop("types")
    changed["Filter"]["Properties"]["Tags"] = [{"Key": "team", "Value": "shop"}]

    assert cloud.deploy(changed, "types")["Filter"] == deployed["Filter"]

    answer = cloud.client("personalize").list_tags_for_resource(resourceArn=deployed["Filter"])
    assert {"tagKey": "team", "tagValue": "shop"} in answer["tags"]


def test_a_property_that_the_type_has_not_is_refused(cloud: Cloud) -> None:
    solution = resource("Solution", Name="s", DatasetGroupArn="arn", PerformAutoTraining=False)

    with pytest.raises(AssertionError, match=r"extraneous key \[PerformAutoTraining\]"):
        cloud.deploy({"Solution": solution}, "extra")


def test_a_nested_property_that_the_type_has_not_is_refused_with_its_place(cloud: Cloud) -> None:
    config = {"AutoTrainingConfig": {"SchedulingExpression": "rate(1 day)"}}
    solution = resource("Solution", Name="s", DatasetGroupArn="arn", SolutionConfig=config)

    with pytest.raises(AssertionError, match=r"#/SolutionConfig: extraneous key"):
        cloud.deploy({"Solution": solution}, "nested")


def test_a_type_of_dataset_that_cloudformation_does_not_know_is_refused(cloud: Cloud) -> None:
    properties = {"Name": "d", "DatasetGroupArn": "arn", "SchemaArn": "arn"}
    dataset = resource("Dataset", DatasetType="Actions", **properties)

    with pytest.raises(AssertionError, match="Actions is not a valid enum value"):
        cloud.deploy({"Dataset": dataset}, "actions")


def test_a_metric_attribution_reads_back_in_upper_case(cloud: Cloud) -> None:
    resources = {name: shop("reported")[name] for name in ("Schema", "Group", "Dataset")}
    metric = {"EventType": "Watch", "MetricName": "Watched", "Expression": "SAMPLECOUNT()"}
    attribution = resource(
        "MetricAttribution",
        Name="reported",
        DatasetGroupArn=GROUP,
        Metrics=[metric],
        MetricsOutputConfig={"RoleArn": {"Fn::GetAtt": ["Role", "Arn"]}},
    )
    resources |= {"Role": ROLE_OF_THE_SERVICE, "Reported": attribution | {"DependsOn": ["Dataset"]}}
    made = cloud.deploy(resources, "reported")

    (found,) = cloud.client("personalize").list_metric_attribution_metrics(
        metricAttributionArn=made["Reported"]
    )["metrics"]
    assert (found["eventType"], found["metricName"]) == ("WATCH", "WATCHED")
    cloud.delete("reported")


def test_a_filter_has_its_times_as_attributes(cloud: Cloud) -> None:
    resources = {name: shop("timed")[name] for name in ("Schema", "Group", "Dataset", "Filter")}
    attribute = {"Fn::GetAtt": ["Filter", "CreationDateTime"]}
    resources["Created"] = {
        "Type": "AWS::SSM::Parameter",
        "Properties": {"Name": "created", "Type": "String", "Value": attribute},
    }
    cloud.deploy(resources, "timed")
    created = cloud.client("ssm").get_parameter(Name="created")["Parameter"]["Value"]

    assert datetime.fromisoformat(created).tzinfo is not None
    cloud.delete("timed")


def test_a_refused_create_says_why_and_leaves_nothing(cloud: Cloud) -> None:
    bad = resource("Filter", Name="bad", DatasetGroupArn=GROUP, FilterExpression="EXCLUDE all")
    resources = {"Group": resource("DatasetGroup", Name="refused"), "Filter": bad}

    with pytest.raises(AssertionError, match="HandlerErrorCode: InvalidRequest"):
        cloud.deploy(resources, "refused")

    assert cloud.settled("refused") == "ROLLBACK_COMPLETE"
    assert "refused" not in names(cloud, "list_dataset_groups", "datasetGroups")


def test_deleting_what_is_gone_already_succeeds(cloud: Cloud) -> None:
    made = cloud.deploy({"Schema": schema("lost")}, "lost")
    cloud.client("personalize").delete_schema(schemaArn=made["Schema"])

    assert cloud.delete("lost") == "DELETE_COMPLETE"


def test_what_others_rest_on_is_not_deleted_and_the_stack_says_so(
    cloud: Cloud, deployed: Mapping[str, str]
) -> None:
    cloud.deploy({"Group": resource("DatasetGroup", Name="busy")}, "busy")
    group = "arn:aws:personalize:us-east-1:123456789012:dataset-group/busy"
    personalize = cloud.client("personalize")
    tracker = personalize.create_event_tracker(name="busy", datasetGroupArn=group)

    assert cloud.delete("busy") == "DELETE_FAILED"

    personalize.delete_event_tracker(eventTrackerArn=tracker["eventTrackerArn"])
    eventually(lambda: not names(cloud, "list_event_trackers", "eventTrackers").count("busy"))
    assert cloud.delete("busy") == "DELETE_COMPLETE"


def test_the_rest_of_local_aws_answers_while_a_type_waits(standing_cloud: Cloud) -> None:
    """A create that waited on the event loop would keep every other request waiting."""
    cloudformation = standing_cloud.client("cloudformation")
    body = json.dumps({"Resources": {"Group": resource("DatasetGroup", Name="meanwhile")}})
    cloudformation.create_stack(StackName="meanwhile", TemplateBody=body)
    personalize = standing_cloud.client("personalize")
    eventually(lambda: personalize.list_dataset_groups()["datasetGroups"])

    # The group is being created and will be for a day: whatever answers, answers meanwhile.
    assert standing_cloud.client("s3").list_buckets()["Buckets"] == []
    assert standing_cloud.settled("meanwhile") is None
    (group,) = personalize.list_dataset_groups()["datasetGroups"]
    assert group["status"].startswith("CREATE ")


def test_an_unknown_type_of_the_namespace_is_refused(cloud: Cloud) -> None:
    with pytest.raises(ClientError, match="Unrecognized resource types"):
        cloud.deploy({"Recommender": resource("Recommender", Name="r")}, "unknown")
