"""What one app spreads over stacks, nested stacks and stages."""

import re
from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Annotations, Match, Template
from constructs import Construct

from cdk_personalize import (
    Campaign,
    Dataset,
    DatasetGroup,
    DatasetType,
    EventTracker,
    Filter,
    IDatasetGroup,
    Recipe,
    Schema,
    Solution,
)
from cdk_personalize.patterns import (
    DataStore,
    EventIngestion,
    ExistingResources,
    RecommendationApi,
    RecommendationService,
    TrainingPipeline,
)
from tests.unit.apps import new_app

HERE = cdk.Environment(account="111111111111", region="us-east-1")
NOT_BOUGHT = 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("Purchase")'
FILTER = "AWS::Personalize::Filter"
NESTED = "AWS::CloudFormation::Stack"


# The properties that hold names of an account and Region, or the request with the name.
_NAMES = {"Name", "StateMachineName", "StageName", "LogGroupName", "Request"}


def a_dataset(scope: Construct, group: IDatasetGroup) -> Dataset:
    schema = Schema(scope, "Schema", dataset_type=DatasetType.INTERACTIONS)
    return Dataset(scope, "Dataset", dataset_group=group, schema=schema)


def a_filter(scope: Construct, group: IDatasetGroup) -> Filter:
    return Filter(scope, "Filter", dataset_group=group, filter_expression=NOT_BOUGHT)


def a_tracker(scope: Construct, group: IDatasetGroup) -> EventTracker:
    return EventTracker(scope, "Tracker", dataset_group=group)


def a_solution(scope: Construct, group: IDatasetGroup) -> Solution:
    return Solution(scope, "Solution", dataset_group=group, recipe=Recipe.SIMS)


def a_campaign(scope: Construct, group: IDatasetGroup) -> Campaign:
    return Campaign(scope, "Campaign", solution=a_solution(scope, group))


Define = Callable[[Construct, IDatasetGroup], Construct]
WHAT_LOOKS_AT_DATA: list[Define] = [a_filter, a_tracker, a_solution, a_campaign]


def stacks(*names: str, env: cdk.Environment | None = HERE) -> list[cdk.Stack]:
    app = new_app()
    return [cdk.Stack(app, name, env=env) for name in names]


def app_of(stack: cdk.Stack) -> cdk.Stage:
    app = cdk.Stage.of(stack)
    assert app is not None
    return app


def synthesise(stack: cdk.Stack) -> None:
    app_of(stack).synth()


@pytest.mark.parametrize("define", WHAT_LOOKS_AT_DATA)
def test_what_looks_at_data_goes_before_the_stack_of_the_data(define: Define) -> None:
    group_stack, data, models = stacks("Group", "Data", "Models")
    group = DatasetGroup(group_stack, "Group")
    define(models, group)

    a_dataset(data, group)
    synthesise(data)

    assert data in models.dependencies
    assert models not in data.dependencies


@pytest.mark.parametrize("define", WHAT_LOOKS_AT_DATA)
@pytest.mark.parametrize("dataset_first", [True, False], ids=["dataset first", "dataset last"])
def test_refuses_what_looks_at_data_below_the_stack_of_the_data(
    define: Define, dataset_first: bool
) -> None:
    below, above = stacks("Below", "Above")
    group = DatasetGroup(below, "Group")
    steps: list[Callable[[], object]] = [
        lambda: define(below, group),
        lambda: a_dataset(above, group),
    ]
    first, last = reversed(steps) if dataset_first else steps
    first()

    with pytest.raises(
        ValueError,
        match=r"^Below/\w+ must be deleted before Above/Dataset, but the stack Above depends on the"
        r" stack Below and is deleted first: define the two in one stack$",
    ):
        last()


def test_a_dependency_of_the_app_counts_too() -> None:
    group_stack, data, models = stacks("Group", "Data", "Models")
    group = DatasetGroup(group_stack, "Group")
    a_dataset(data, group)
    between = cdk.Stack(app_of(data), "Between", env=HERE)
    data.add_dependency(between)
    between.add_dependency(models)

    with pytest.raises(
        ValueError,
        match=r"^Models/Filter must be deleted before Data/Dataset, but the stack Data"
        r" depends on the stack Models and is deleted first: define the two in one"
        r" stack$",
    ):
        a_filter(models, group)


def test_stacks_that_do_not_look_at_each_other_do_not_depend_on_each_other() -> None:
    data, one, two = stacks("Data", "One", "Two")
    group = DatasetGroup(data, "Group")
    a_dataset(data, group)
    a_campaign(one, group)
    a_campaign(two, group)

    synthesise(data)

    assert (one.dependencies, two.dependencies) == ([data], [data])


def test_imports_of_one_group_are_in_order() -> None:
    data, models = stacks("Data", "Models")
    a_filter(models, DatasetGroup.from_dataset_group_name(models, "Group", "demo"))

    a_dataset(data, DatasetGroup.from_dataset_group_name(data, "Group", "demo"))
    synthesise(data)

    assert models.dependencies == [data]


def test_refuses_imports_of_one_group_that_wait_for_each_other() -> None:
    one, two = stacks("One", "Two")
    here = DatasetGroup.from_dataset_group_name(one, "Group", "demo")
    there = DatasetGroup.from_dataset_group_name(two, "Group", "demo")
    a_dataset(one, here)
    a_tracker(two, there)
    items = Schema(two, "Items", dataset_type=DatasetType.ITEMS)
    there.add_dataset("Items", schema=items)

    with pytest.raises(
        ValueError,
        match=r"^One/Filter must be deleted before Two/Group/Items, but the stack Two depends on"
        r" the stack One and is deleted first: define the two in one stack$",
    ):
        a_filter(one, here)


def test_warns_that_nothing_orders_stages() -> None:
    app = new_app()
    data = cdk.Stack(cdk.Stage(app, "Data", env=HERE), "Shop")
    models = cdk.Stack(cdk.Stage(app, "Models", env=HERE), "Shop")
    a_dataset(data, DatasetGroup.from_dataset_group_name(data, "Group", "demo"))

    a_filter(models, DatasetGroup.from_dataset_group_name(models, "Group", "demo"))

    Annotations.from_stack(models).has_warning(
        "/Models/Shop/Filter",
        "Models/Shop/Filter must be deleted before Data/Shop/Dataset, which is in another stage:"
        " nothing but you sees to it [ack: cdk-personalize:deletionOrder]",
    )


# Nested stacks


def nest(name: str = "Inner") -> tuple[cdk.Stack, cdk.NestedStack]:
    (stack,) = stacks("Outer")
    return stack, cdk.NestedStack(stack, name)


def depends_on(stack: cdk.Stack, resource: dict[str, Any], resource_type: str) -> bool:
    found = Template.from_stack(stack).find_resources(resource_type)
    return set(found) <= set(resource.get("DependsOn", []))


def only(stack: cdk.Stack, resource_type: str) -> dict[str, Any]:
    (resource,) = Template.from_stack(stack).find_resources(resource_type).values()
    return dict(resource)


def test_a_filter_goes_before_the_nested_stack_of_the_data() -> None:
    outer, inner = nest()
    group = DatasetGroup(outer, "Group")
    a_dataset(inner, group)
    a_filter(outer, group)

    assert depends_on(outer, only(outer, FILTER), NESTED)


def test_a_nested_stack_of_models_goes_before_the_data() -> None:
    outer, inner = nest()
    group = DatasetGroup(outer, "Group")
    a_filter(inner, group)
    a_campaign(inner, group)
    a_dataset(outer, group)

    assert depends_on(outer, only(outer, NESTED), "Custom::PersonalizeDataset")


def test_a_nested_stack_of_models_goes_before_that_of_the_data() -> None:
    outer, data = nest("Data")
    models = cdk.NestedStack(outer, "Models")
    group = DatasetGroup(data, "Group")
    a_dataset(data, group)
    a_campaign(models, group)

    found = Template.from_stack(outer).find_resources(NESTED)
    (before,) = (name for name in found if name.startswith("Models"))
    (after,) = (name for name in found if name.startswith("Data"))
    assert after in found[before]["DependsOn"]


def test_refuses_a_nested_filter_below_its_data() -> None:
    outer, inner = nest()
    group = DatasetGroup(inner, "Group")
    a_filter(inner, group)

    with pytest.raises(
        ValueError,
        match=r"^Outer/Inner/Filter must be deleted before Outer/Dataset, but Outer/Dataset depends"
        r" on the stack Outer/Inner and is deleted first: define the two in one stack$",
    ):
        a_dataset(outer, group)


def test_each_stack_has_a_provider_of_its_own() -> None:
    outer, inner = nest()
    group = DatasetGroup(outer, "Group")
    a_dataset(outer, group)
    a_solution(inner, group)

    for stack in (outer, inner):
        provider = stack.node.find_child("PersonalizeProvider")
        tokens = [
            each["Properties"]["ServiceToken"]
            for each in (
                *Template.from_stack(stack).find_resources("Custom::PersonalizeDataset").values(),
                *Template.from_stack(stack).find_resources("Custom::PersonalizeSolution").values(),
            )
        ]
        assert [token["Fn::GetAtt"][0].startswith(provider.node.id) for token in tokens] == [True]


def test_a_provider_manages_what_is_named_after_its_nested_stack() -> None:
    outer, inner = nest()
    group = DatasetGroup(outer, "Group")
    a_dataset(outer, group)
    solution = a_solution(inner, group)

    policies = Template.from_stack(inner).find_resources("AWS::IAM::Policy")
    allowed = re.findall(r":solution/([\w-]+)\*", str(policies))
    assert allowed
    assert all(solution.solution_name.startswith(prefix) for prefix in allowed)


def test_a_whole_service_can_be_nested() -> None:
    _, inner = nest()
    RecommendationService(inner, "Service", models={"similar": Recipe.SIMS})

    Template.from_stack(inner).resource_count_is("Custom::PersonalizePipeline", 1)


# Patterns


@pytest.mark.parametrize("env", [HERE, None], ids=["known", "unknown"])
def test_data_models_serving_and_pipeline_can_be_stacks_of_their_own(
    env: cdk.Environment | None,
) -> None:
    data, models, serving, training = stacks("Data", "Models", "Serving", "Training", env=env)
    store = DataStore(data, "Store")
    group = DatasetGroup(data, "Group", encryption_key=store.key, role=store.role)
    a_dataset(data, group)
    solution, the_filter = a_solution(models, group), a_filter(models, group)
    tracker = a_tracker(serving, group)
    campaign = Campaign(serving, "Campaign", solution=solution)
    RecommendationApi(
        serving,
        "Api",
        models={"similar": campaign},
        filters={"new": the_filter},
        encryption_key=store.key,
    )
    EventIngestion(serving, "Ingestion", event_tracker=tracker, encryption_key=store.key)
    TrainingPipeline(training, "Pipeline", dataset_group=group, data_store=store)

    synthesise(data)

    assert [set(stack.dependencies) for stack in (data, models, serving, training)] == [
        set(),
        {data},
        {data, models},
        {data, models, serving},
    ]


def test_refuses_a_pipeline_below_what_it_realises() -> None:
    data, models = stacks("Data", "Models")
    group = DatasetGroup(data, "Group")
    TrainingPipeline(data, "Pipeline", dataset_group=group, data_store=DataStore(data, "Store"))

    with pytest.raises(
        ValueError,
        match=r"^Data/Pipeline/Lifecycle must be deleted before Models/Solution, but the stack"
        r" Models depends on the stack Data and is deleted first: define the two in one stack$",
    ):
        a_solution(models, group)


def test_another_stack_uses_a_whole_service_by_grants() -> None:
    shop, web = stacks("Shop", "Web")
    service = RecommendationService(shop, "Service", models={"similar": Recipe.SIMS})
    role = iam.Role(web, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))

    service.api.grant_invoke(role)
    service.ingestion.grant_write(role)
    service.campaigns["similar"].grant_query(role)
    service.pipeline.grant_start(role)
    synthesise(shop)

    assert (shop.dependencies, web.dependencies) == ([], [shop])


def existing_of(stack: cdk.Stack, *names: str) -> ExistingResources:
    key = kms.Key(stack, "Key")
    made: dict[str, Any] = {
        "bucket": lambda: s3.Bucket(stack, "Bucket", encryption_key=key),
        "encryption_key": lambda: key,
        "role": lambda: iam.Role(
            stack, "Role", assumed_by=iam.ServicePrincipal("personalize.amazonaws.com")
        ),
        "stream": lambda: kinesis.Stream(stack, "Stream", encryption_key=key),
    }
    return ExistingResources(**{name: made[name]() for name in names})


@pytest.mark.parametrize(
    "names",
    [
        ["bucket"],
        ["encryption_key"],
        ["role"],
        ["stream"],
        ["bucket", "encryption_key", "role", "stream"],
    ],
    ids="+".join,
)
def test_a_service_uses_what_another_stack_defines(names: list[str]) -> None:
    base, shop = stacks("Base", "Shop")
    RecommendationService(
        shop, "Service", models={"similar": Recipe.SIMS}, existing=existing_of(base, *names)
    )

    synthesise(base)

    assert (base.dependencies, shop.dependencies) == ([], [base])


def test_the_role_of_another_stack_is_allowed_here_what_it_needs_here() -> None:
    base, shop = stacks("Base", "Shop")
    role = iam.Role(base, "Role", assumed_by=iam.ServicePrincipal("personalize.amazonaws.com"))

    DataStore(shop, "Data", role=role)

    read = {"Action": ["s3:GetObject", "s3:ListBucket"], "Effect": "Allow"}
    Template.from_stack(shop).has_resource_properties(
        "AWS::IAM::Policy",
        {
            "PolicyDocument": {"Statement": Match.array_with([Match.object_like(read)])},
            "Roles": [Match.object_like({"Fn::ImportValue": Match.any_value()})],
        },
    )


def test_a_key_of_another_stack_admits_the_account_and_the_role_says_the_rest() -> None:
    base, shop = stacks("Base", "Shop")
    key = kms.Key(base, "Key")

    DatasetGroup(shop, "Group", encryption_key=key)

    Template.from_stack(shop).has_resource_properties(
        "AWS::IAM::Policy",
        {
            "PolicyDocument": {
                "Statement": [Match.object_like({"Action": Match.array_with(["kms:CreateGrant"])})]
            }
        },
    )
    admitted = only(base, "AWS::KMS::Key")["Properties"]["KeyPolicy"]["Statement"]
    assert "Shop" not in str(admitted)


def test_stages_of_one_account_have_names_of_their_own() -> None:
    app = new_app()
    for name in ("Test", "Prod"):
        stack = cdk.Stack(cdk.Stage(app, name, env=HERE), "Shop")
        RecommendationService(stack, "Service", models={"similar": Recipe.SIMS})

    names = [
        {
            str(resource["Properties"][key])
            for template in stage.nested_assembly.stacks
            for resource in template.template["Resources"].values()
            for key in _NAMES & resource["Properties"].keys()
        }
        for stage in app.synth().nested_assemblies
    ]
    assert len(names) == 2
    assert names[0] & names[1] == {"$default"}  # the one name of a stage of an API
