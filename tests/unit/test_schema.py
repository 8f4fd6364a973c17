"""The schema construct."""

import json

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Capture, Match, Template

from cdk_personalize import DatasetType, Domain, Schema, SchemaField

SCHEMA = "AWS::Personalize::Schema"
ARN = "arn:aws:personalize:us-east-1:111111111111:schema/demo"


def test_holds_the_columns_as_avro(stack: cdk.Stack) -> None:
    schema = Schema(
        stack,
        "Schema",
        dataset_type=DatasetType.ITEMS,
        fields=[SchemaField.string("ITEM_ID"), SchemaField.string("GENRE", categorical=True)],
    )

    written = Capture()
    Template.from_stack(stack).has_resource_properties(SCHEMA, {"Schema": written})
    assert [field["name"] for field in json.loads(written.as_string())["fields"]] == [
        "ITEM_ID",
        "GENRE",
    ]
    assert schema.avro.columns == ("ITEM_ID", "GENRE")
    assert schema.dataset_type is DatasetType.ITEMS


def test_names_its_domain(stack: cdk.Stack) -> None:
    Schema(stack, "Schema", dataset_type=DatasetType.INTERACTIONS, domain=Domain.ECOMMERCE)

    Template.from_stack(stack).has_resource_properties(SCHEMA, {"Domain": "ECOMMERCE"})


def test_has_no_domain_by_default(stack: cdk.Stack) -> None:
    Schema(stack, "Schema", dataset_type=DatasetType.INTERACTIONS)

    Template.from_stack(stack).has_resource_properties(SCHEMA, {"Domain": Match.absent()})


def test_takes_another_name_for_other_columns() -> None:
    def name(*fields: SchemaField) -> str:
        return Schema(
            cdk.Stack(cdk.App(), "Shop"), "Schema", dataset_type=DatasetType.USERS, fields=fields
        ).schema_name

    country = SchemaField.string("COUNTRY", categorical=True)
    age = SchemaField.int("AGE")

    assert name(country) == name(country)
    assert name(country) != name(country, age)
    assert len(name(country)) <= 63


def test_bears_the_name_that_it_is_given(stack: cdk.Stack) -> None:
    schema = Schema(stack, "Schema", dataset_type=DatasetType.USERS, schema_name="people")

    Template.from_stack(stack).has_resource_properties(SCHEMA, {"Name": "people"})
    assert schema.schema_name == "people"


def test_is_known_by_its_attribute_and_not_by_ref(stack: cdk.Stack) -> None:
    schema = Schema(stack, "Schema", dataset_type=DatasetType.USERS)

    assert stack.resolve(schema.schema_arn)["Fn::GetAtt"][1] == "SchemaArn"


def test_refuses_a_name_that_the_service_refuses(stack: cdk.Stack) -> None:
    with pytest.raises(ValueError, match=r"schema_name must be 1 to 63 letters.*got 'my schema'"):
        Schema(stack, "Schema", dataset_type=DatasetType.USERS, schema_name="my schema")


def test_tells_every_finding_about_the_columns_at_once(stack: cdk.Stack) -> None:
    fields = [SchemaField.string("A B", categorical=True), SchemaField.string("USER_ID")]

    with pytest.raises(ValueError, match="A B") as refused:
        Schema(stack, "Schema", dataset_type=DatasetType.ITEMS, fields=[*fields, fields[0]])

    assert "; " in str(refused.value)


def test_bears_no_tags_of_the_stack(stack: cdk.Stack) -> None:
    Schema(stack, "Schema", dataset_type=DatasetType.USERS)
    cdk.Tags.of(stack).add("team", "shop", priority=1000)

    Template.from_stack(stack).has_resource_properties(SCHEMA, {"Tags": Match.absent()})


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
