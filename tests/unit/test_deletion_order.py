"""CloudFormation deletes a dataset group in the one order that the service takes."""

import itertools
from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk.assertions import Template

from cdk_personalize import (
    Campaign,
    DatasetGroup,
    DatasetType,
    Filter,
    MetricAttribute,
    Recipe,
    Schema,
)
from tests.dependencies import dependencies
from tests.unit.apps import new_app

# The order that the developer guide recommends (deleting-resources), as types of resources.
ORDER = [
    "Custom::PersonalizeCampaign",
    "Custom::PersonalizeSolution",
    "Custom::PersonalizeEventTracker",
    "Custom::PersonalizeMetricAttribution",
    "AWS::Personalize::Filter",
    "Custom::PersonalizeDataset",
    "AWS::Personalize::DatasetGroup",
    "Custom::PersonalizeSchema",
]
CLICKS = MetricAttribute.count(metric_name="Clicks", event_type="Click")
NOT_BOUGHT = 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("Purchase")'


def shop(order: tuple[str, ...], *, nested: bool) -> dict[str, Any]:
    """Return the template of a stack whose resources are defined in some order."""
    stack = cdk.Stack(new_app(), "Shop")
    group = DatasetGroup(stack, "Group", encryption_key=kms.Key(stack, "Key"))
    scope = group if nested else stack

    def dataset(dataset_type: DatasetType) -> None:
        schema = Schema(scope, f"{dataset_type}Schema", dataset_type=dataset_type)
        group.add_dataset(dataset_type, schema=schema)

    def model() -> None:
        solution = group.add_solution("ForYou", recipe=Recipe.USER_PERSONALIZATION_V2)
        Campaign(scope, "Campaign", solution=solution)

    define: dict[str, Callable[[], object]] = {
        "interactions": lambda: dataset(DatasetType.INTERACTIONS),
        "items": lambda: dataset(DatasetType.ITEMS),
        "filter": lambda: group.add_filter("NotBought", filter_expression=NOT_BOUGHT),
        "tracker": lambda: group.add_event_tracker("Tracker"),
        "attribution": lambda: group.add_metric_attribution("Attribution", metrics=[CLICKS]),
        "model": model,
    }
    for each in order:
        define[each]()
    return dict(Template.from_stack(stack).to_json())


FORWARDS = ("interactions", "items", "filter", "attribution", "tracker", "model")
ORDERS = [
    FORWARDS,
    FORWARDS[::-1],
    ("model", "interactions", "tracker", "filter", "items", "attribution"),
    ("attribution", "filter", "items", "model", "interactions", "tracker"),
]


@pytest.mark.parametrize("nested", [False, True], ids=["beside", "within"])
@pytest.mark.parametrize("order", ORDERS, ids="-".join)
def test_deletes_in_the_order_of_the_guide(order: tuple[str, ...], nested: bool) -> None:
    template = shop(order, nested=nested)

    depends_on = dependencies(template)
    of_type: dict[str, list[str]] = {}
    for logical_id, resource in template["Resources"].items():
        of_type.setdefault(resource["Type"], []).append(logical_id)
    for earlier, later in itertools.combinations(ORDER, 2):
        for first, second in itertools.product(of_type[earlier], of_type[later]):
            assert second in depends_on[first], f"{first} may be deleted after {second}"


@pytest.mark.parametrize("nested", [False, True], ids=["beside", "within"])
def test_nothing_depends_on_itself(nested: bool) -> None:
    depends_on = dependencies(shop(FORWARDS, nested=nested))

    assert [each for each, others in depends_on.items() if each in others] == []


def test_resources_of_an_imported_group_are_in_order_too() -> None:
    stack = cdk.Stack(new_app(), "Shop")
    group = DatasetGroup.from_dataset_group_name(stack, "Group", "demo")
    group.add_filter("NotBought", filter_expression=NOT_BOUGHT)
    group.add_dataset("D", schema=Schema(stack, "S", dataset_type=DatasetType.INTERACTIONS))

    template = Template.from_stack(stack)
    (dataset,) = template.find_resources("Custom::PersonalizeDataset")
    (the_filter,) = template.find_resources("AWS::Personalize::Filter")
    assert dataset in dependencies(dict(template.to_json()))[the_filter]


def test_a_group_in_another_stack_is_no_cycle() -> None:
    app = new_app()
    data, models = cdk.Stack(app, "Data"), cdk.Stack(app, "Models")
    group = DatasetGroup(data, "Group")
    group.add_dataset("D", schema=Schema(data, "S", dataset_type=DatasetType.INTERACTIONS))
    solution = group.add_solution("ForYou", recipe=Recipe.SIMS)
    Campaign(models, "Campaign", solution=solution)
    Filter(models, "NotBought", dataset_group=group, filter_expression=NOT_BOUGHT)

    app.synth()

    assert models.dependencies == [data]
