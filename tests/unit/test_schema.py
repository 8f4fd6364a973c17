"""The schema construct."""

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Capture, Match, Template

from cdk_personalize import DatasetGroup, DatasetType, Domain, Schema, SchemaField
from cdk_personalize.avro_schema import AvroSchema
from tests.refusals import whole
from tests.unit.apps import new_app

SCHEMA = "Custom::PersonalizeSchema"
COUNTRY = SchemaField.string("COUNTRY", categorical=True)
ARN = "arn:aws:personalize:us-east-1:111111111111:schema/demo"


def request_of(stack: cdk.Stack) -> dict[str, Any]:
    written = Capture()
    Template.from_stack(stack).has_resource_properties(SCHEMA, {"Request": written})
    request: dict[str, Any] = json.loads(written.as_string())
    return request


def test_holds_the_columns_as_avro(stack: cdk.Stack) -> None:
    schema = Schema(
        stack,
        "Schema",
        dataset_type=DatasetType.ITEMS,
        fields=[SchemaField.string("ITEM_ID"), SchemaField.string("GENRE", categorical=True)],
    )

    assert [field["name"] for field in json.loads(request_of(stack)["schema"])["fields"]] == [
        "ITEM_ID",
        "GENRE",
    ]
    assert schema.avro.columns == ("ITEM_ID", "GENRE")
    assert schema.dataset_type is DatasetType.ITEMS


def test_names_its_domain(stack: cdk.Stack) -> None:
    Schema(stack, "Schema", dataset_type=DatasetType.INTERACTIONS, domain=Domain.ECOMMERCE)

    assert request_of(stack)["domain"] == "ECOMMERCE"


def test_has_no_domain_by_default(stack: cdk.Stack) -> None:
    Schema(stack, "Schema", dataset_type=DatasetType.INTERACTIONS)

    assert set(request_of(stack)) == {"name", "schema"}


def test_takes_another_name_for_other_columns() -> None:
    def name(*fields: SchemaField) -> str:
        return Schema(
            cdk.Stack(new_app(), "Shop"), "Schema", dataset_type=DatasetType.USERS, fields=fields
        ).schema_name

    age = SchemaField.int("AGE")

    assert name(COUNTRY) == name(COUNTRY)
    assert name(COUNTRY) != name(COUNTRY, age)


def test_bears_the_name_that_it_is_given(stack: cdk.Stack) -> None:
    schema = Schema(stack, "Schema", dataset_type=DatasetType.USERS, schema_name="people")

    assert request_of(stack)["name"] == "people"
    assert schema.schema_name == "people"


def test_tells_the_function_how_the_names_begin_that_it_may_have_had(stack: cdk.Stack) -> None:
    schema = Schema(stack, "Schema", dataset_type=DatasetType.USERS)

    prefix = Capture()
    Template.from_stack(stack).has_resource_properties(SCHEMA, {"NamePrefix": prefix})
    assert schema.schema_name.startswith(prefix.as_string())


def test_one_with_a_given_name_has_had_no_other(stack: cdk.Stack) -> None:
    Schema(stack, "Schema", dataset_type=DatasetType.USERS, schema_name="people")

    Template.from_stack(stack).has_resource_properties(SCHEMA, {"NamePrefix": Match.absent()})


def test_whatever_has_its_arn_waits_for_it(stack: cdk.Stack) -> None:
    schema = Schema(stack, "Schema", dataset_type=DatasetType.USERS)

    (logical_id,) = Template.from_stack(stack).find_resources(SCHEMA)
    assert stack.resolve(schema.schema_arn) == {"Fn::GetAtt": [logical_id, "Arn"]}


def test_a_dataset_of_an_imported_group_waits_for_it(stack: cdk.Stack) -> None:
    group = DatasetGroup.from_dataset_group_name(stack, "Group", "shop")
    group.add_dataset("Users", schema=Schema(stack, "Schema", dataset_type=DatasetType.USERS))

    template = Template.from_stack(stack)
    (logical_id,) = template.find_resources(SCHEMA)
    (dataset,) = template.find_resources("Custom::PersonalizeDataset").values()
    assert logical_id in dataset["DependsOn"]


def test_refuses_a_name_that_the_service_refuses(stack: cdk.Stack) -> None:
    with pytest.raises(
        ValueError,
        match=whole(
            "schema_name must be 1 to 63 letters, digits, hyphens and underscores, the first a"
            " letter or digit, got 'my schema'"
        ),
    ):
        Schema(stack, "Schema", dataset_type=DatasetType.USERS, schema_name="my schema")


def test_tells_every_finding_about_the_columns_at_once(stack: cdk.Stack) -> None:
    fields = [SchemaField.string("A B", categorical=True), SchemaField.string("USER_ID")]

    with pytest.raises(ValueError, match="A B") as refused:
        Schema(stack, "Schema", dataset_type=DatasetType.ITEMS, fields=[*fields, fields[0]])

    assert str(refused.value).split("; ") == [
        "a column name is made of letters, digits and underscores, got 'A B'",
        "a column name is made of letters, digits and underscores, got 'A B'",
        "the column A B is there 2 times",
    ]


def test_bears_no_tags_of_the_stack(stack: cdk.Stack) -> None:
    Schema(stack, "Schema", dataset_type=DatasetType.USERS)
    cdk.Tags.of(stack).add("team", "shop", priority=1000)

    Template.from_stack(stack).has_resource_properties(SCHEMA, {"Tags": Match.absent()})


@pytest.mark.parametrize("length", [10_000, 20_000])
def test_takes_as_many_characters_as_the_api(stack: cdk.Stack, length: int) -> None:
    room = length - len(AvroSchema.of(DatasetType.USERS, [COUNTRY]).to_json()) + len("COUNTRY")
    fields = [SchemaField.string("C" * room, categorical=True)]

    Schema(stack, "Schema", dataset_type=DatasetType.USERS, fields=fields)

    assert len(request_of(stack)["schema"]) == length


def test_refuses_more_characters_than_the_api_takes(stack: cdk.Stack) -> None:
    fields = [SchemaField.string("C" * 20_000, categorical=True)]
    length = len(AvroSchema.of(DatasetType.USERS, fields).to_json())

    with pytest.raises(ValueError, match="characters") as refused:
        Schema(stack, "Schema", dataset_type=DatasetType.USERS, fields=fields)

    assert str(refused.value) == (f"a schema has at most 20000 characters, got {length} as JSON")


@pytest.mark.parametrize("owned", [True, False], ids=["owned", "imported"])
def test_grants_reading_it(stack: cdk.Stack, role: iam.Role, owned: bool) -> None:
    schema = (
        Schema(stack, "Schema", dataset_type=DatasetType.USERS)
        if owned
        else Schema.from_schema_arn(stack, "Schema", ARN, dataset_type=DatasetType.USERS)
    )

    schema.grant_describe(role)

    statement = {
        "Action": "personalize:DescribeSchema",
        "Effect": "Allow",
        "Resource": stack.resolve(schema.schema_arn),
    }
    Template.from_stack(stack).has_resource_properties(
        "AWS::IAM::Policy", {"PolicyDocument": {"Statement": [statement]}}
    )


def test_an_import_knows_its_name_type_and_no_columns(stack: cdk.Stack) -> None:
    schema = Schema.from_schema_arn(stack, "Schema", ARN, dataset_type=DatasetType.USERS)

    assert schema.schema_name == "demo"
    assert schema.dataset_type is DatasetType.USERS
    assert schema.avro is None


def test_an_import_by_name_is_of_this_account_and_region(stack: cdk.Stack) -> None:
    schema = Schema.from_schema_name(stack, "Schema", "demo", dataset_type=DatasetType.USERS)

    resolved = json.dumps(stack.resolve(schema.schema_arn))
    assert "us-east-1:111111111111:schema/demo" in resolved
