"""The filter construct."""

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Annotations, Template

from cdk_personalize import (
    Dataset,
    DatasetGroup,
    DatasetType,
    Filter,
    IFilter,
    Schema,
    SchemaField,
)
from tests.refusals import at_synth, whole
from tests.unit.apps import new_app

FILTER = "AWS::Personalize::Filter"
ARN = "arn:aws:personalize:us-east-1:111111111111:filter/demo"
NOT_BOUGHT = 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("Purchase")'


def by_column(*columns: str) -> str:
    return "INCLUDE ItemID WHERE " + " AND ".join(f"Items.{column} IN ($X)" for column in columns)


def items_with(stack: cdk.Stack, *columns: str) -> Schema:
    fields = [SchemaField.string(column, categorical=True) for column in columns]
    return Schema(
        stack,
        "Items",
        dataset_type=DatasetType.ITEMS,
        fields=[SchemaField.string("ITEM_ID"), *fields],
    )


def test_holds_its_expression(stack: cdk.Stack, dataset_group: DatasetGroup) -> None:
    dataset_group.add_dataset("D", schema=Schema(stack, "S", dataset_type=DatasetType.INTERACTIONS))

    the_filter = Filter(stack, "F", dataset_group=dataset_group, filter_expression=NOT_BOUGHT)

    Template.from_stack(stack).has_resource_properties(
        FILTER,
        {
            "Name": the_filter.filter_name,
            "DatasetGroupArn": stack.resolve(dataset_group.dataset_group_arn),
            "FilterExpression": NOT_BOUGHT,
        },
    )
    assert the_filter.expression == NOT_BOUGHT
    assert stack.resolve(the_filter.filter_arn)["Fn::GetAtt"][1] == "FilterArn"


def test_takes_another_name_for_another_expression_or_group() -> None:
    def name(expression: str, group_name: str) -> str:
        stack = cdk.Stack(new_app(), "Shop")
        group = DatasetGroup(stack, "Group", dataset_group_name=group_name)
        return Filter(stack, "F", dataset_group=group, filter_expression=expression).filter_name

    assert name(NOT_BOUGHT, "one") == name(NOT_BOUGHT, "one")
    assert len({name(NOT_BOUGHT, "one"), name(by_column("A"), "one"), name(NOT_BOUGHT, "two")}) == 3


def test_refuses_what_is_no_expression(stack: cdk.Stack, dataset_group: DatasetGroup) -> None:
    with pytest.raises(ValueError, match=whole("expected WHERE, got the end, at character 15")):
        Filter(stack, "F", dataset_group=dataset_group, filter_expression="EXCLUDE ItemID")


def test_refuses_a_broken_rule_with_its_place(
    stack: cdk.Stack, dataset_group: DatasetGroup
) -> None:
    expression = "EXCLUDE ItemID WHERE Interactions.PRICE IN ($PRICE)"

    with pytest.raises(
        ValueError,
        match=whole(
            "of Interactions, only EVENT_TYPE can be filtered by, got Interactions.PRICE, at"
            " character 22"
        ),
    ):
        Filter(stack, "F", dataset_group=dataset_group, filter_expression=expression)


def test_tells_all_that_is_wrong_at_once(stack: cdk.Stack, dataset_group: DatasetGroup) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the whole message is looked at
        Filter(
            stack,
            "F",
            dataset_group=dataset_group,
            filter_expression="EXCLUDE ItemID",
            filter_name="my filter",
        )

    assert str(refused.value) == (
        "filter_name must be 1 to 63 letters, digits, hyphens and underscores, the first a letter"
        " or digit, got 'my filter'; expected WHERE, got the end, at character 15"
    )


def test_warns_of_a_spelling_that_the_guide_does_not_have(stack: cdk.Stack) -> None:
    Filter(
        stack,
        "F",
        dataset_group=DatasetGroup.from_dataset_group_name(stack, "Imported", "demo"),
        filter_expression="include ItemID WHERE Item.PRICE < 5",
    )

    for place in ("INCLUDE, not include, at character 1", "Items, not Item, at character 22"):
        Annotations.from_stack(stack).has_warning(
            "/Shop/F", f"the guide writes {place} [ack: cdk-personalize:filterSpelling]"
        )


def test_refuses_a_column_that_no_schema_has(stack: cdk.Stack, dataset_group: DatasetGroup) -> None:
    Filter(stack, "F", dataset_group=dataset_group, filter_expression=by_column("COLOUR"))
    # Defined later, and looked at all the same.
    dataset_group.add_dataset("Items", schema=items_with(stack, "GENRE"))

    with pytest.raises(
        RuntimeError,
        match=at_synth(
            "Shop/F",
            "the schema of Items has no column COLOUR, only ITEM_ID, GENRE, at character 22",
        ),
    ):
        Template.from_stack(stack)


def test_refuses_a_dataset_that_the_group_lacks(
    stack: cdk.Stack, dataset_group: DatasetGroup, interactions: Schema
) -> None:
    Dataset(stack, "Interactions", dataset_group=dataset_group, schema=interactions)
    Filter(stack, "F", dataset_group=dataset_group, filter_expression=by_column("GENRE"))

    with pytest.raises(
        RuntimeError,
        match=at_synth(
            "Shop/F", "the dataset group has no data set Items, got Items.GENRE, at character 22"
        ),
    ):
        Template.from_stack(stack)


def test_takes_a_column_of_an_imported_schema(
    stack: cdk.Stack, dataset_group: DatasetGroup
) -> None:
    schema = Schema.from_schema_name(stack, "S", "demo", dataset_type=DatasetType.ITEMS)
    Dataset(stack, "Items", dataset_group=dataset_group, schema=schema)
    Filter(stack, "F", dataset_group=dataset_group, filter_expression=by_column("GENRE"))

    Template.from_stack(stack).resource_count_is(FILTER, 1)


def test_takes_a_column_of_an_imported_group(stack: cdk.Stack) -> None:
    group = DatasetGroup.from_dataset_group_name(stack, "Imported", "demo")
    Filter(stack, "F", dataset_group=group, filter_expression=by_column("GENRE"))

    Template.from_stack(stack).resource_count_is(FILTER, 1)


def test_takes_an_expression_that_is_known_only_at_deployment(
    stack: cdk.Stack, dataset_group: DatasetGroup
) -> None:
    parameter = cdk.CfnParameter(stack, "Expression")

    the_filter = Filter(
        stack, "F", dataset_group=dataset_group, filter_expression=parameter.value_as_string
    )

    assert the_filter.parsed_expression is None
    Template.from_stack(stack).has_resource_properties(
        FILTER, {"FilterExpression": {"Ref": "Expression"}}
    )


@pytest.mark.parametrize(("columns", "fits"), [(20, True), (21, False)])
def test_counts_the_columns_of_all_filters_of_a_group(
    stack: cdk.Stack, dataset_group: DatasetGroup, columns: int, fits: bool
) -> None:
    names = [f"C{number}" for number in range(columns)]
    dataset_group.add_dataset("Items", schema=items_with(stack, *names))
    for number, chunk in enumerate((names[:8], names[8:16], names[16:])):
        Filter(
            stack, f"F{number}", dataset_group=dataset_group, filter_expression=by_column(*chunk)
        )

    if fits:
        Template.from_stack(stack).resource_count_is(FILTER, 3)
    else:
        with pytest.raises(
            RuntimeError,
            match=at_synth(
                "Shop/F2", "the filters of a dataset group use at most 20 distinct columns, got 21"
            ),
        ):
            Template.from_stack(stack)


@pytest.mark.parametrize("owned", [True, False], ids=["owned", "imported"])
def test_grants_reading_it(stack: cdk.Stack, role: iam.Role, owned: bool) -> None:
    group = DatasetGroup.from_dataset_group_name(stack, "Imported", "demo")
    the_filter: IFilter = (
        Filter(stack, "F", dataset_group=group, filter_expression=NOT_BOUGHT)
        if owned
        else Filter.from_filter_arn(stack, "F", ARN)
    )

    the_filter.grant_describe(role)

    statement = {
        "Action": "personalize:DescribeFilter",
        "Effect": "Allow",
        "Resource": stack.resolve(the_filter.filter_arn),
    }
    Template.from_stack(stack).has_resource_properties(
        "AWS::IAM::Policy", {"PolicyDocument": {"Statement": [statement]}}
    )


def test_an_import_by_name_is_of_this_account_and_region(stack: cdk.Stack) -> None:
    the_filter = Filter.from_filter_name(stack, "F", "demo")

    assert "us-east-1:111111111111:filter/demo" in str(stack.resolve(the_filter.filter_arn))
