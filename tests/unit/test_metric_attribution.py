"""The metric attribution construct."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Match, Template

from cdk_personalize import (
    DatasetGroup,
    DatasetType,
    IMetricAttribution,
    MetricAttribute,
    MetricAttribution,
    Schema,
    SchemaField,
)
from tests.refusals import at_synth, whole
from tests.unit.custom_resources import request_of

ATTRIBUTION = "Custom::PersonalizeMetricAttribution"
ARN = "arn:aws:personalize:us-east-1:111111111111:metric-attribution/demo"
CLICKS = MetricAttribute.count(metric_name="Clicks", event_type="Click")


def revenue(
    column: str = "PRICE", dataset_type: DatasetType = DatasetType.ITEMS
) -> MetricAttribute:
    return MetricAttribute.sum(
        metric_name="Revenue", event_type="Purchase", dataset_type=dataset_type, column=column
    )


@pytest.fixture
def shop(dataset_group: DatasetGroup, interactions: Schema, items: Schema) -> DatasetGroup:
    dataset_group.add_dataset("Interactions", schema=interactions)
    dataset_group.add_dataset("Items", schema=items)
    return dataset_group


def statements(stack: cdk.Stack, action: str) -> list[dict[str, Any]]:
    """Return the statements of roles that allow an action."""
    template = Template.from_stack(stack)
    return [
        statement
        for kind in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")
        for policy in template.find_resources(kind).values()
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if action in ([action] if statement["Action"] == action else statement["Action"])
    ]


def test_asks_for_what_the_api_takes(stack: cdk.Stack, shop: DatasetGroup) -> None:
    attribution = MetricAttribution(
        stack,
        "A",
        dataset_group=shop,
        metrics=[CLICKS, revenue("EVENT_VALUE", DatasetType.INTERACTIONS)],
    )

    assert request_of(stack, ATTRIBUTION) == {
        "name": attribution.metric_attribution_name,
        "datasetGroupArn": "GroupC77FDACD.DatasetGroupArn",
        "metrics": [
            {"metricName": "Clicks", "eventType": "Click", "expression": "SAMPLECOUNT()"},
            {
                "metricName": "Revenue",
                "eventType": "Purchase",
                "expression": "SUM(Interactions.EVENT_VALUE)",
            },
        ],
        "metricsOutputConfig": {
            "roleArn": ".".join(stack.resolve(attribution.role.role_arn)["Fn::GetAtt"])
        },
    }


def test_is_not_the_type_of_cloudformation_that_cannot_change_metrics(
    stack: cdk.Stack, shop: DatasetGroup
) -> None:
    shop.add_metric_attribution("A", metrics=[CLICKS])

    Template.from_stack(stack).resource_count_is("AWS::Personalize::MetricAttribution", 0)


def test_has_a_name_and_an_arn_before_it_is_there(stack: cdk.Stack, shop: DatasetGroup) -> None:
    attribution = shop.add_metric_attribution(
        "A", metrics=[CLICKS], metric_attribution_name="sales"
    )

    assert request_of(stack, ATTRIBUTION)["name"] == "sales"
    assert "111111111111:metric-attribution/sales" in str(
        stack.resolve(attribution.metric_attribution_arn)
    )
    assert shop.metric_attributions == (attribution,)


def test_its_role_may_write_figures_and_nothing_else(stack: cdk.Stack, shop: DatasetGroup) -> None:
    attribution = shop.add_metric_attribution("A", metrics=[CLICKS])

    Template.from_stack(stack).has_resource_properties(
        "AWS::IAM::Policy",
        {
            "PolicyDocument": {
                "Statement": [
                    {"Action": "cloudwatch:PutMetricData", "Effect": "Allow", "Resource": "*"}
                ]
            },
            "Roles": [{"Ref": stack.resolve(attribution.role.role_name)["Ref"]}],
        },
    )


def test_the_functions_may_hand_its_role_to_the_service_alone(
    stack: cdk.Stack, shop: DatasetGroup
) -> None:
    attribution = shop.add_metric_attribution("A", metrics=[CLICKS])

    assert statements(stack, "iam:PassRole") == [
        {
            "Action": "iam:PassRole",
            "Condition": {"StringEquals": {"iam:PassedToService": "personalize.amazonaws.com"}},
            "Effect": "Allow",
            "Resource": stack.resolve(attribution.role.role_arn),
        }
    ]


def test_reports_imports_to_a_folder_of_a_bucket_with_its_key(
    stack: cdk.Stack, shop: DatasetGroup
) -> None:
    key = kms.Key(stack, "Key")
    bucket = s3.Bucket(stack, "Bucket", encryption_key=key)

    shop.add_metric_attribution("A", metrics=[CLICKS], bucket=bucket)

    bucket_id = stack.resolve(bucket.bucket_name)["Ref"]
    assert request_of(stack, ATTRIBUTION)["metricsOutputConfig"]["s3DataDestination"] == {
        "path": f"s3://{bucket_id}/metric-attribution/",
        "kmsKeyArn": ".".join(stack.resolve(key.key_arn)["Fn::GetAtt"]),
    }


def test_writes_to_the_folder_alone_by_the_policies_of_both_sides(
    stack: cdk.Stack, shop: DatasetGroup
) -> None:
    bucket = s3.Bucket(stack, "Bucket")
    shop.add_metric_attribution("A", metrics=[CLICKS], bucket=bucket, prefix="reports/metrics/")

    resources = stack.resolve([bucket.bucket_arn, bucket.arn_for_objects("reports/metrics/*")])
    allowed = {
        "Action": ["s3:PutObject", "s3:ListBucket"],
        "Effect": "Allow",
        "Resource": resources,
    }
    template = Template.from_stack(stack)
    template.has_resource_properties(
        "AWS::IAM::Policy", {"PolicyDocument": {"Statement": Match.array_with([allowed])}}
    )
    by_service = {**allowed, "Principal": {"Service": "personalize.amazonaws.com"}}
    template.has_resource_properties(
        "AWS::S3::BucketPolicy",
        {"PolicyDocument": {"Statement": Match.array_with([Match.object_like(by_service)])}},
    )


def test_the_functions_may_use_the_key_through_the_service_alone(
    stack: cdk.Stack, shop: DatasetGroup
) -> None:
    key = kms.Key(stack, "Key")
    shop.add_metric_attribution(
        "A", metrics=[CLICKS], bucket=s3.Bucket(stack, "Bucket"), encryption_key=key
    )

    service = f"personalize.{cdk.Aws.REGION}.{cdk.Aws.URL_SUFFIX}"
    (statement,) = statements(stack, "kms:CreateGrant")
    assert statement["Condition"] == {"StringEquals": {"kms:ViaService": stack.resolve(service)}}
    assert statement["Resource"] == stack.resolve(key.key_arn)


def test_waits_for_the_policies_of_both_sides(stack: cdk.Stack, shop: DatasetGroup) -> None:
    key = kms.Key(stack, "Key")
    shop.add_metric_attribution(
        "A", metrics=[CLICKS], bucket=s3.Bucket(stack, "Bucket", encryption_key=key)
    )

    template = Template.from_stack(stack)
    (resource,) = template.find_resources(ATTRIBUTION).values()
    depends_on = resource["DependsOn"]
    assert {*template.find_resources("AWS::S3::BucketPolicy")} <= {*depends_on}
    assert {*template.find_resources("AWS::KMS::Key")} <= {*depends_on}
    assert any(each.startswith("GroupARoleDefaultPolicy") for each in depends_on)
    assert any(each.startswith("PersonalizeProviderAccessMetricAttribution") for each in depends_on)


def test_allows_the_role_that_it_is_given(
    stack: cdk.Stack, shop: DatasetGroup, role: iam.Role
) -> None:
    attribution = shop.add_metric_attribution("A", metrics=[CLICKS], role=role)

    assert attribution.role is role
    assert len(statements(stack, "cloudwatch:PutMetricData")) == 1
    assert shop.node.find_child("A").node.try_find_child("Role") is None


def test_bears_no_tags_of_the_stack(stack: cdk.Stack, shop: DatasetGroup) -> None:
    shop.add_metric_attribution("A", metrics=[CLICKS])
    cdk.Tags.of(stack).add("team", "search")

    Template.from_stack(stack).has_resource_properties(ATTRIBUTION, {"Tags": Match.absent()})


def test_is_kept_if_it_is_asked_for(stack: cdk.Stack) -> None:
    group = DatasetGroup.from_dataset_group_name(stack, "Imported", "demo")

    group.add_metric_attribution("A", metrics=[CLICKS], removal_policy=cdk.RemovalPolicy.RETAIN)

    template = Template.from_stack(stack)
    template.has_resource(ATTRIBUTION, {"DeletionPolicy": "Retain"})
    (output,) = template.find_outputs("*").values()
    assert "metric-attribution/" in str(output["Value"])


def test_says_all_that_is_wrong_at_once(stack: cdk.Stack, shop: DatasetGroup) -> None:
    shop.add_metric_attribution("One", metrics=[CLICKS])
    key = kms.Key.from_key_arn(stack, "Alias", "arn:aws:kms:us-east-1:111111111111:alias/reports")

    with pytest.raises(ValueError, match="at most one") as refused:
        shop.add_metric_attribution(
            "Two",
            metrics=[CLICKS] * 11,
            prefix="/reports",
            encryption_key=key,
            metric_attribution_name="no name",
        )

    assert str(refused.value) == (
        "a dataset group has at most one metric attribution, got another one beside"
        " Shop/Group/One;"
        " metric_attribution_name must be 1 to 63 letters, digits, hyphens and underscores,"
        " the first a letter or digit, got 'no name';"
        " a metric attribution has at most 10 metrics, got 11;"
        " the metrics of a metric attribution have different names, got Clicks more than once;"
        " prefix is for reports in a bucket, got no bucket;"
        " encryption_key is for reports in a bucket, got no bucket;"
        " prefix must be a folder of the bucket with a slash at its end and none at its begin,"
        " at most 187 characters, got '/reports';"
        " encryption_key must be a key and no alias,"
        " got 'arn:aws:kms:us-east-1:111111111111:alias/reports'"
    )


def test_refuses_a_folder_that_no_location_has_room_for(
    stack: cdk.Stack, shop: DatasetGroup
) -> None:
    prefix = f"{'r' * 187}/"

    with pytest.raises(
        ValueError,
        match=f"^prefix must be a folder of the bucket .*, at most 187 characters, got '{prefix}'$",
    ):
        shop.add_metric_attribution(
            "A", metrics=[CLICKS], bucket=s3.Bucket(stack, "Bucket"), prefix=prefix
        )


def test_refuses_to_report_nothing(shop: DatasetGroup) -> None:
    with pytest.raises(ValueError, match=r"^metrics must hold at least one metric, got none$"):
        shop.add_metric_attribution("A", metrics=[])


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ("WEIGHT", "the schema of Items has no column WEIGHT, only ITEM_ID, "),
        ("CATEGORY_L1", "SUM adds up numbers, got Items.CATEGORY_L1 of type string"),
    ],
)
def test_refuses_a_column_that_it_cannot_add_up(
    stack: cdk.Stack, dataset_group: DatasetGroup, interactions: Schema, column: str, message: str
) -> None:
    MetricAttribution(stack, "A", dataset_group=dataset_group, metrics=[revenue(column)])
    # Defined later, and looked at all the same.
    fields = [SchemaField.string("CATEGORY_L1", categorical=True)]
    schema = Schema(stack, "Items", dataset_type=DatasetType.ITEMS, fields=fields)
    dataset_group.add_dataset("Items", schema=schema)
    dataset_group.add_dataset("Interactions", schema=interactions)

    with pytest.raises(RuntimeError) as refused:
        Template.from_stack(stack)
    assert message in str(refused.value)


def test_refuses_a_group_without_interactions(
    stack: cdk.Stack, dataset_group: DatasetGroup
) -> None:
    dataset_group.add_metric_attribution("A", metrics=[CLICKS])

    with pytest.raises(
        RuntimeError,
        match=at_synth(
            "Shop/Group/A",
            "a metric attribution needs a dataset Interactions with the column EVENT_TYPE",
        ),
    ):
        Template.from_stack(stack)


def test_takes_columns_of_an_imported_group(stack: cdk.Stack) -> None:
    group = DatasetGroup.from_dataset_group_name(stack, "Imported", "demo")
    MetricAttribution(stack, "A", dataset_group=group, metrics=[revenue("WEIGHT")])

    Template.from_stack(stack).resource_count_is(ATTRIBUTION, 1)


def test_takes_values_that_are_known_only_at_deployment(
    stack: cdk.Stack, shop: DatasetGroup
) -> None:
    def parameter(name: str) -> str:
        return cdk.CfnParameter(stack, name).value_as_string

    metrics = [
        MetricAttribute.count(metric_name=parameter("One"), event_type=parameter("Type")),
        revenue(parameter("Column")),
    ]
    shop.add_metric_attribution(
        "A", metrics=metrics, bucket=s3.Bucket(stack, "Bucket"), prefix=parameter("Prefix")
    )

    request = request_of(stack, ATTRIBUTION)
    assert [metric["metricName"] for metric in request["metrics"]] == ["One", "Revenue"]
    assert request["metrics"][1]["expression"] == "SUM(Items.Column)"


@pytest.mark.parametrize(
    "dataset_type", [DatasetType.USERS, DatasetType.ACTIONS, DatasetType.ACTION_INTERACTIONS]
)
def test_adds_up_columns_of_interactions_and_items_alone(dataset_type: DatasetType) -> None:
    with pytest.raises(ValueError, match="dataset_type") as refused:
        revenue("VALUE", dataset_type)

    assert str(refused.value) == (
        f"dataset_type must be one of Interactions, Items, got {dataset_type}"
    )


def test_a_metric_says_all_that_is_wrong_with_it() -> None:
    with pytest.raises(ValueError, match="metric_name") as refused:
        MetricAttribute.count(metric_name="", event_type="x" * 257)

    assert str(refused.value) == (
        "event_type must have 1 to 256 characters, got 257;"
        " metric_name must have 1 to 256 characters, got 0"
    )


def test_a_metric_adds_up_a_column_by_its_name() -> None:
    with pytest.raises(
        ValueError,
        match=whole(
            "an expression must be SUM(Interactions.COLUMN), SUM(Items.COLUMN) or"
            " SAMPLECOUNT(), got SUM(Items.THE PRICE)"
        ),
    ):
        revenue("THE PRICE")


@pytest.mark.parametrize("owned", [True, False], ids=["owned", "imported"])
def test_grants_reading_it(
    stack: cdk.Stack, shop: DatasetGroup, role: iam.Role, owned: bool
) -> None:
    attribution: IMetricAttribution = (
        shop.add_metric_attribution("A", metrics=[CLICKS])
        if owned
        else MetricAttribution.from_metric_attribution_arn(stack, "A", ARN)
    )

    attribution.grant_describe(role)

    statement = {
        "Action": "personalize:DescribeMetricAttribution",
        "Effect": "Allow",
        "Resource": stack.resolve(attribution.metric_attribution_arn),
    }
    Template.from_stack(stack).has_resource_properties(
        "AWS::IAM::Policy", {"PolicyDocument": {"Statement": [statement]}}
    )


def test_an_import_by_name_is_of_this_account_and_region(stack: cdk.Stack) -> None:
    attribution = MetricAttribution.from_metric_attribution_name(stack, "A", "demo")

    assert "us-east-1:111111111111:metric-attribution/demo" in str(
        stack.resolve(attribution.metric_attribution_arn)
    )
