"""The dataset construct."""

import json

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Match, Template

from cdk_personalize import (
    Dataset,
    DatasetGroup,
    DatasetType,
    Domain,
    IDataset,
    OnIncompatibleChange,
    Schema,
)
from tests.refusals import whole

DATASET = "Custom::PersonalizeDataset"
ARN = "arn:aws:personalize:us-east-1:111111111111:dataset/demo"


def imported(stack: cdk.Stack, kind: str = "INTERACTIONS") -> IDataset:
    return Dataset.from_dataset_arn(stack, "Dataset", f"{ARN}/{kind}")


def request_of(stack: cdk.Stack) -> dict[str, object]:
    """Return the request that the functions are told, with every token as text."""
    (resource,) = Template.from_stack(stack).find_resources(DATASET).values()
    separator, parts = resource["Properties"]["Request"]["Fn::Join"]
    text = separator.join(p if isinstance(p, str) else ".".join(p["Fn::GetAtt"]) for p in parts)
    request: dict[str, object] = json.loads(text)
    return request


def test_asks_for_what_the_api_takes(
    stack: cdk.Stack, dataset_group: DatasetGroup, interactions: Schema
) -> None:
    Dataset(
        stack, "D", dataset_group=dataset_group, schema=interactions, dataset_name="interactions"
    )

    schema_arn = ".".join(stack.resolve(interactions.schema_arn)["Fn::GetAtt"])
    group_arn = ".".join(stack.resolve(dataset_group.dataset_group_arn)["Fn::GetAtt"])
    assert request_of(stack) == {
        "name": "interactions",
        "schemaArn": schema_arn,
        "datasetGroupArn": group_arn,
        "datasetType": "Interactions",
    }


def test_is_not_the_type_of_cloudformation_that_deletes_data(
    stack: cdk.Stack, dataset_group: DatasetGroup, interactions: Schema
) -> None:
    Dataset(stack, "Interactions", dataset_group=dataset_group, schema=interactions)

    Template.from_stack(stack).resource_count_is("AWS::Personalize::Dataset", 0)


@pytest.mark.parametrize("dataset_type", list(DatasetType))
def test_has_an_arn_of_its_group_and_type(
    stack: cdk.Stack, dataset_group: DatasetGroup, dataset_type: DatasetType
) -> None:
    schema = Schema(stack, "Schema", dataset_type=dataset_type)

    dataset = Dataset(stack, "Dataset", dataset_group=dataset_group, schema=schema)

    partition = {"Ref": "AWS::Partition"}
    tail = f":personalize:us-east-1:111111111111:dataset/demo/{dataset_type.upper()}"
    assert stack.resolve(dataset.dataset_arn) == {"Fn::Join": ["", ["arn:", partition, tail]]}


def test_knows_its_schema_type_and_group(
    stack: cdk.Stack, dataset_group: DatasetGroup, items: Schema
) -> None:
    dataset = Dataset(stack, "Dataset", dataset_group=dataset_group, schema=items)

    assert dataset.schema is items
    assert dataset.dataset_group is dataset_group
    assert dataset.dataset_type is DatasetType.ITEMS


def test_refuses_a_second_one_of_its_type(
    stack: cdk.Stack, dataset_group: DatasetGroup, interactions: Schema
) -> None:
    Dataset(stack, "One", dataset_group=dataset_group, schema=interactions)

    with pytest.raises(
        ValueError,
        match=whole(
            "a dataset group has at most one dataset of Interactions, got another one beside"
            " Shop/One"
        ),
    ):
        Dataset(stack, "Two", dataset_group=dataset_group, schema=interactions)


def test_refuses_a_schema_for_another_domain(stack: cdk.Stack, dataset_group: DatasetGroup) -> None:
    schema = Schema(stack, "S", dataset_type=DatasetType.INTERACTIONS, domain=Domain.ECOMMERCE)

    with pytest.raises(
        ValueError,
        match=whole(
            "the schema of Interactions must be for the domain of the dataset group, which is"
            " None, got ECOMMERCE"
        ),
    ):
        Dataset(stack, "Dataset", dataset_group=dataset_group, schema=schema)


def test_takes_any_domain_in_a_group_whose_domain_is_not_known(stack: cdk.Stack) -> None:
    group = DatasetGroup.from_dataset_group_name(stack, "Imported", "demo")
    schema = Schema(stack, "S", dataset_type=DatasetType.INTERACTIONS, domain=Domain.ECOMMERCE)

    Dataset(stack, "Dataset", dataset_group=group, schema=schema)

    Template.from_stack(stack).resource_count_is(DATASET, 1)


def test_refuses_a_name_that_the_service_refuses(
    stack: cdk.Stack, dataset_group: DatasetGroup, interactions: Schema
) -> None:
    with pytest.raises(
        ValueError,
        match=whole(
            "dataset_name must be 1 to 63 letters, digits, hyphens and underscores, the first"
            " a letter or digit, got 'a b'"
        ),
    ):
        Dataset(stack, "D", dataset_group=dataset_group, schema=interactions, dataset_name="a b")


@pytest.mark.parametrize(
    "dataset_type", [DatasetType.ACTIONS, DatasetType.ACTION_INTERACTIONS], ids=str
)
def test_actions_are_for_a_group_of_no_domain(stack: cdk.Stack, dataset_type: DatasetType) -> None:
    group = DatasetGroup(stack, "Shops", domain=Domain.ECOMMERCE)
    schema = Schema(stack, "S", dataset_type=dataset_type)

    with pytest.raises(ValueError, match="a dataset group") as refusal:
        group.add_dataset("Dataset", schema=schema)
    assert str(refusal.value) == (
        "a dataset group of the domain ECOMMERCE has datasets of Interactions, Items, Users,"
        f" got {dataset_type}"
    )


def test_tells_all_that_is_wrong_at_once(stack: cdk.Stack, dataset_group: DatasetGroup) -> None:
    kind, domain = DatasetType.INTERACTIONS, Domain.ECOMMERCE
    Dataset(stack, "One", dataset_group=dataset_group, schema=Schema(stack, "A", dataset_type=kind))

    with pytest.raises(ValueError, match="dataset_name") as refusal:
        Dataset(
            stack,
            "Two",
            dataset_group=dataset_group,
            schema=Schema(stack, "B", dataset_type=kind, domain=domain),
            dataset_name="a b",
        )
    assert str(refusal.value) == (
        "dataset_name must be 1 to 63 letters, digits, hyphens and underscores, the first a letter"
        " or digit, got 'a b'; a dataset group has at most one dataset of Interactions, got another"
        " one beside Shop/One; the schema of Interactions must be for the domain of the dataset"
        " group, which is None, got ECOMMERCE"
    )


GRANTS = [
    ("grant_describe", "INTERACTIONS", "personalize:DescribeDataset"),
    ("grant_put_items", "ITEMS", "personalize:PutItems"),
    ("grant_put_users", "USERS", "personalize:PutUsers"),
    ("grant_put_actions", "ACTIONS", "personalize:PutActions"),
]


@pytest.mark.parametrize(("method", "kind", "action"), GRANTS)
@pytest.mark.parametrize("owned", [True, False], ids=["owned", "imported"])
def test_grants_on_itself_alone(
    *,
    stack: cdk.Stack,
    dataset_group: DatasetGroup,
    role: iam.Role,
    method: str,
    kind: str,
    action: str,
    owned: bool,
) -> None:
    dataset: IDataset = (
        dataset_group.add_dataset(
            "Dataset", schema=Schema(stack, "Schema", dataset_type=DatasetType.of(kind))
        )
        if owned
        else imported(stack, kind)
    )

    getattr(dataset, method)(role)

    statement = {
        "Action": action,
        "Effect": "Allow",
        "Resource": stack.resolve(dataset.dataset_arn),
    }
    Template.from_stack(stack).has_resource_properties(
        "AWS::IAM::Policy",
        {
            "Roles": [stack.resolve(role.role_name)],
            "PolicyDocument": {"Statement": [statement]},
        },
    )


@pytest.mark.parametrize(
    ("method", "kind"), [("grant_import", "Import"), ("grant_export", "Export")]
)
def test_grants_jobs_on_itself_and_on_the_jobs(
    stack: cdk.Stack, role: iam.Role, method: str, kind: str
) -> None:
    getattr(imported(stack), method)(role)

    jobs = stack.format_arn(
        service="personalize", resource=f"dataset-{kind.lower()}-job", resource_name="*"
    )
    job_actions = [f"personalize:{verb}Dataset{kind}Job" for verb in ("Create", "Describe")]
    statements = [
        Match.object_like({"Action": job_actions, "Resource": stack.resolve(jobs)}),
        Match.object_like({"Action": job_actions[0], "Resource": f"{ARN}/INTERACTIONS"}),
    ]
    Template.from_stack(stack).has_resource_properties(
        "AWS::IAM::Policy", {"PolicyDocument": {"Statement": statements}}
    )


def test_grants_to_send_action_interactions_to_any_dataset(
    stack: cdk.Stack, role: iam.Role
) -> None:
    imported(stack, "ACTION_INTERACTIONS").grant_put_action_interactions(role)

    statement = {"Action": "personalize:PutActionInteractions", "Resource": "*"}
    Template.from_stack(stack).has_resource_properties(
        "AWS::IAM::Policy", {"PolicyDocument": {"Statement": [Match.object_like(statement)]}}
    )


@pytest.mark.parametrize(
    ("method", "wanted"),
    [
        ("grant_put_items", "Items"),
        ("grant_put_users", "Users"),
        ("grant_put_actions", "Actions"),
        ("grant_put_action_interactions", "Action_Interactions"),
    ],
)
def test_refuses_to_grant_what_its_type_does_not_take(
    stack: cdk.Stack, role: iam.Role, method: str, wanted: str
) -> None:
    with pytest.raises(
        ValueError, match=f"^{method} is for a dataset of {wanted}, got one of Interactions$"
    ):
        getattr(imported(stack), method)(role)


def test_grants_anything_on_an_import_whose_type_is_not_known(
    stack: cdk.Stack, role: iam.Role
) -> None:
    parameter = cdk.CfnParameter(stack, "Arn")
    dataset = Dataset.from_dataset_arn(stack, "Dataset", parameter.value_as_string)

    dataset.grant_put_items(role)

    assert dataset.dataset_type is None
    Template.from_stack(stack).resource_count_is("AWS::IAM::Policy", 1)


def test_imports_the_dataset_of_a_type(stack: cdk.Stack, dataset_group: DatasetGroup) -> None:
    dataset = Dataset.from_dataset_type(
        stack, "Dataset", DatasetType.ITEMS, dataset_group=dataset_group
    )

    assert dataset.dataset_type is DatasetType.ITEMS
    assert "dataset/demo/ITEMS" in str(stack.resolve(dataset.dataset_arn))


def test_action_interactions_are_sent_with_an_id_of_their_own(
    stack: cdk.Stack, dataset_group: DatasetGroup
) -> None:
    schema = Schema(stack, "S", dataset_type=DatasetType.ACTION_INTERACTIONS)
    dataset = dataset_group.add_dataset("Taken", schema=schema)

    (logical_id,) = Template.from_stack(stack).find_resources(DATASET)
    assert stack.resolve(dataset.tracking_id) == {"Fn::GetAtt": [logical_id, "TrackingId"]}


def test_no_other_dataset_has_such_an_id(
    stack: cdk.Stack, dataset_group: DatasetGroup, items: Schema
) -> None:
    assert dataset_group.add_dataset("Items", schema=items).tracking_id is None


def test_imports_action_interactions_with_their_id(stack: cdk.Stack) -> None:
    dataset = Dataset.from_dataset_attributes(
        stack, "D", dataset_arn=f"{ARN}/ACTION_INTERACTIONS", tracking_id="a-b-c"
    )

    assert (dataset.tracking_id, dataset.dataset_type) == (
        "a-b-c",
        DatasetType.ACTION_INTERACTIONS,
    )


@pytest.mark.parametrize("choice", OnIncompatibleChange)
def test_says_what_becomes_of_it_when_a_schema_does_not_fit(
    stack: cdk.Stack, dataset_group: DatasetGroup, items: Schema, choice: OnIncompatibleChange
) -> None:
    dataset_group.add_dataset("Items", schema=items, on_incompatible_change=choice)

    Template.from_stack(stack).has_resource_properties(
        DATASET, {"OnIncompatibleChange": choice.value}
    )


def test_loses_no_data_unless_it_is_said(
    stack: cdk.Stack, dataset_group: DatasetGroup, items: Schema
) -> None:
    dataset_group.add_dataset("Items", schema=items)

    Template.from_stack(stack).has_resource_properties(DATASET, {"OnIncompatibleChange": "REFUSE"})


METRICS = [
    ("metric_dataset_import_job_requests", "DatasetImportJobRequests", "Sum", "INTERACTIONS"),
    ("metric_dataset_import_job_error", "DatasetImportJobError", "Sum", "INTERACTIONS"),
    (
        "metric_dataset_import_job_execution_time",
        "DatasetImportJobExecutionTime",
        "Average",
        "INTERACTIONS",
    ),
    ("metric_dataset_size", "DatasetSize", "Average", "INTERACTIONS"),
    ("metric_put_items_requests", "PutItemsRequests", "Sum", "ITEMS"),
    ("metric_put_items_4xx_errors", "PutItems4xxErrors", "Sum", "ITEMS"),
    ("metric_put_items_5xx_errors", "PutItems5xxErrors", "Sum", "ITEMS"),
    ("metric_put_items_latency", "PutItemsLatency", "Average", "ITEMS"),
    ("metric_put_users_requests", "PutUsersRequests", "Sum", "USERS"),
    ("metric_put_users_4xx_errors", "PutUsers4xxErrors", "Sum", "USERS"),
    ("metric_put_users_5xx_errors", "PutUsers5xxErrors", "Sum", "USERS"),
    ("metric_put_users_latency", "PutUsersLatency", "Average", "USERS"),
]


@pytest.mark.parametrize(("method", "name", "statistic", "kind"), METRICS)
def test_measures(stack: cdk.Stack, method: str, name: str, statistic: str, kind: str) -> None:
    metric = getattr(imported(stack, kind), method)()

    assert (metric.namespace, metric.metric_name) == ("AWS/Personalize", name)
    assert metric.dimensions == {"DatasetArn": f"{ARN}/{kind}"}
    assert metric.statistic == statistic


def test_does_not_measure_what_its_type_does_not_take(stack: cdk.Stack) -> None:
    with pytest.raises(
        ValueError,
        match=r"^metric_put_items_latency is for a dataset of Items, got one of Interactions$",
    ):
        imported(stack).metric_put_items_latency()
