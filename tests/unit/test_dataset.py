"""The dataset construct."""

import json

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Match, Template

from cdk_personalize import Dataset, DatasetGroup, DatasetType, Domain, IDataset, Schema

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
        ValueError, match="at most one dataset of Interactions, got another one beside Shop/One"
    ):
        Dataset(stack, "Two", dataset_group=dataset_group, schema=interactions)


def test_refuses_a_schema_for_another_domain(stack: cdk.Stack, dataset_group: DatasetGroup) -> None:
    schema = Schema(stack, "S", dataset_type=DatasetType.INTERACTIONS, domain=Domain.ECOMMERCE)

    with pytest.raises(ValueError, match=r"for the domain of the dataset group, .* got ECOMMERCE"):
        Dataset(stack, "Dataset", dataset_group=dataset_group, schema=schema)


def test_takes_any_domain_in_a_group_whose_domain_is_not_known(stack: cdk.Stack) -> None:
    group = DatasetGroup.from_dataset_group_name(stack, "Imported", "demo")
    schema = Schema(stack, "S", dataset_type=DatasetType.INTERACTIONS, domain=Domain.ECOMMERCE)

    Dataset(stack, "Dataset", dataset_group=group, schema=schema)

    Template.from_stack(stack).resource_count_is(DATASET, 1)


def test_refuses_a_name_that_the_service_refuses(
    stack: cdk.Stack, dataset_group: DatasetGroup, interactions: Schema
) -> None:
    with pytest.raises(ValueError, match="dataset_name must be"):
        Dataset(stack, "D", dataset_group=dataset_group, schema=interactions, dataset_name="a b")


GRANTS = [
    ("grant_describe", "INTERACTIONS", "personalize:DescribeDataset"),
    ("grant_put_items", "ITEMS", "personalize:PutItems"),
    ("grant_put_users", "USERS", "personalize:PutUsers"),
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


def test_grants_imports_on_itself_and_on_jobs(stack: cdk.Stack, role: iam.Role) -> None:
    imported(stack).grant_import(role)

    jobs = stack.format_arn(service="personalize", resource="dataset-import-job", resource_name="*")
    job_actions = ["personalize:CreateDatasetImportJob", "personalize:DescribeDatasetImportJob"]
    Template.from_stack(stack).has_resource_properties(
        "AWS::IAM::Policy",
        {
            "PolicyDocument": {
                "Statement": [
                    Match.object_like(
                        {"Action": job_actions[0], "Resource": f"{ARN}/INTERACTIONS"}
                    ),
                    Match.object_like({"Action": job_actions, "Resource": stack.resolve(jobs)}),
                ]
            }
        },
    )


@pytest.mark.parametrize("method", ["grant_put_items", "grant_put_users"])
def test_refuses_to_grant_what_its_type_does_not_take(
    stack: cdk.Stack, role: iam.Role, method: str
) -> None:
    with pytest.raises(ValueError, match=f"{method} is for a dataset of .* got one of Interact"):
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


METRICS = [
    ("metric_dataset_import_job_requests", "DatasetImportJobRequests", "Sum"),
    ("metric_dataset_import_job_error", "DatasetImportJobError", "Sum"),
    ("metric_dataset_import_job_execution_time", "DatasetImportJobExecutionTime", "Average"),
    ("metric_dataset_size", "DatasetSize", "Average"),
]


@pytest.mark.parametrize(("method", "name", "statistic"), METRICS)
def test_measures(stack: cdk.Stack, method: str, name: str, statistic: str) -> None:
    metric = getattr(imported(stack), method)()

    assert (metric.namespace, metric.metric_name) == ("AWS/Personalize", name)
    assert metric.dimensions == {"DatasetArn": f"{ARN}/INTERACTIONS"}
    assert metric.statistic == statistic
