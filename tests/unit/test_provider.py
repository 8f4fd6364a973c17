"""The custom resource provider, and what its functions may do."""

import json
import re
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Template
from constructs import Construct

from cdk_personalize import Campaign, Dataset, DatasetGroup, DatasetType, Recipe, Schema
from cdk_personalize._names import name_prefix
from cdk_personalize._provider import RETIRED_TAG, PersonalizeProvider
from resource_provider import retirement
from tests.dependencies import dependencies
from tests.everything import Everything
from tests.unit.apps import new_app

# IAM quotas, without white space: all inline policies of a role together, and a managed policy.
LARGEST_INLINE = 10_240
LARGEST_MANAGED = 6_144


def statements_of(policies: list[dict[str, Any]]) -> list[dict[str, Any]]:
    documents = [policy["Properties"]["PolicyDocument"] for policy in policies]
    return [statement for document in documents for statement in document["Statement"]]


def policies_of(stack: cdk.Stack, template: Template) -> list[dict[str, Any]]:
    """Return the policies of the role of the functions, the inline ones first."""
    return [*inline_policies_of(stack, template), *managed_policies_of(stack, template).values()]


def inline_policies_of(stack: cdk.Stack, template: Template) -> list[dict[str, Any]]:
    return list(_of_role(stack, template, "AWS::IAM::Policy").values())


def managed_policies_of(stack: cdk.Stack, template: Template) -> dict[str, dict[str, Any]]:
    return _of_role(stack, template, "AWS::IAM::ManagedPolicy")


def _of_role(stack: cdk.Stack, template: Template, kind: str) -> dict[str, dict[str, Any]]:
    role = stack.resolve(PersonalizeProvider.of(stack).role.role_name)
    found = template.find_resources(kind, {"Properties": {"Roles": [role]}})
    return {name: dict(policy) for name, policy in found.items()}


def size_of(policy: dict[str, Any]) -> int:
    """Return the characters of a policy, of a stack whose account and region are known."""
    text = json.dumps(policy["Properties"]["PolicyDocument"], separators=(",", ":"))
    arn = r'\{"Fn::Join":\["",\["arn:",\{"Ref":"AWS::Partition"\},"([^"]*)"\]\]\}'
    return len(re.sub(arn, r'"arn:aws-us-gov\1"', text))


def allowed(stack: cdk.Stack, template: Template, action: str) -> list[str]:
    """Return the ends of the ARNs that the functions may do something with."""
    ends = []
    for statement in statements_of(policies_of(stack, template)):
        actions = statement["Action"]
        if f"personalize:{action}" in ([actions] if isinstance(actions, str) else actions):
            resources = statement["Resource"]
            for each in resources if isinstance(resources, list) else [resources]:
                ends.append(each if isinstance(each, str) else each["Fn::Join"][1][-1])
    return [end.rpartition(":")[2] for end in ends]


def define_models(stack: cdk.Stack, group: DatasetGroup, count: int) -> None:
    group.add_dataset("D", schema=Schema(stack, "S", dataset_type=DatasetType.INTERACTIONS))
    for number in range(count):
        solution = group.add_solution(f"Model{number}", recipe=Recipe.SIMS)
        Campaign(stack, f"Campaign{number}", solution=solution)


def test_there_is_one_in_a_stack(stack: cdk.Stack) -> None:
    assert PersonalizeProvider.of(Construct(stack, "Part")) is PersonalizeProvider.of(stack)


def test_another_stack_has_another(stack: cdk.Stack) -> None:
    nested = cdk.NestedStack(stack, "Nested")

    assert PersonalizeProvider.of(nested) is not PersonalizeProvider.of(stack)


def test_waits_no_longer_than_cloudformation_does(stack: cdk.Stack) -> None:
    PersonalizeProvider.of(stack)

    machines = Template.from_stack(stack).find_resources("AWS::StepFunctions::StateMachine")
    (machine,) = machines.values()
    retry = re.search(
        r'"IntervalSeconds\\*":(\d+),\\*"MaxAttempts\\*":(\d+)',
        json.dumps(machine["Properties"]["DefinitionString"]).replace("\\", ""),
    )
    assert retry is not None
    assert int(retry[1]) * int(retry[2]) == 3600


def test_a_resource_depends_on_the_functions_and_their_policy(
    stack: cdk.Stack, dataset_group: DatasetGroup, interactions: Schema
) -> None:
    Dataset(stack, "D", dataset_group=dataset_group, schema=interactions)

    template = dict(Template.from_stack(stack).to_json())
    resources = template["Resources"]
    (dataset,) = (name for name in resources if resources[name]["Type"].endswith("Dataset"))
    provider = {name for name in resources if name.startswith("PersonalizeProvider")}
    assert provider <= dependencies(template)[dataset]


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        ("DeleteCampaign", "campaign"),
        ("DescribeDataset", "dataset"),
        ("DescribeSolutionVersion", "solution"),
        ("UpdateSolution", "solution"),
        ("StopSolutionVersionCreation", "solution"),
    ],
)
def test_the_functions_may_work_on_what_is_named_after_the_stack(
    stack: cdk.Stack, action: str, kind: str
) -> None:
    PersonalizeProvider.of(stack)

    assert allowed(stack, Template.from_stack(stack), action) == [f"{kind}/{name_prefix(stack)}*"]


@pytest.mark.parametrize(
    "stack_name", ["Shop", "my-shop", "a-stack-of-a-name-that-is-longer-than-a-prefix"]
)
def test_names_derived_deep_within_a_stack_are_named_after_it(stack_name: str) -> None:
    stack = cdk.Stack(new_app(), stack_name)
    scope = Construct(stack, "ADepartmentOfTheShop")
    for number in range(5):
        scope = Construct(scope, f"AndOneOfItsOwnDepartments{number}")
    group = DatasetGroup(scope, "Group")
    solution = group.add_solution("Solution", recipe=Recipe.SIMS)
    Campaign(scope, "Campaign", solution=solution)
    group.add_dataset("D", schema=Schema(scope, "S", dataset_type=DatasetType.INTERACTIONS))

    # All is covered by the one policy: none has one of its own.
    assert len(policies_of(stack, Template.from_stack(stack))) == 1


def test_deletes_what_the_stack_retired_whatever_its_name(stack: cdk.Stack) -> None:
    PersonalizeProvider.of(stack)

    statements = statements_of(policies_of(stack, Template.from_stack(stack)))
    (retired,) = [each for each in statements if "Condition" in each]
    assert retired["Condition"] == {
        "StringEquals": {"aws:ResourceTag/cdk-personalize:retired-by": {"Ref": "AWS::StackName"}}
    }
    assert retired["Action"] == [
        "personalize:DeleteSolution",
        "personalize:DescribeSolution",
        "personalize:ListTagsForResource",
    ]


def test_knows_what_was_retired_by_the_tag_that_the_functions_give() -> None:
    assert RETIRED_TAG == retirement.TAG


def test_asks_how_its_own_stack_is_and_no_other(stack: cdk.Stack) -> None:
    PersonalizeProvider.of(stack)

    statements = statements_of(policies_of(stack, Template.from_stack(stack)))
    (asks,) = [each for each in statements if each["Action"] == "cloudformation:DescribeStacks"]
    assert asks["Resource"] == {"Ref": "AWS::StackId"}


def test_has_room_for_all_that_a_group_can_hold(stack: cdk.Stack) -> None:
    define_models(stack, DatasetGroup(stack, "Group"), count=10)

    statements = statements_of(policies_of(stack, Template.from_stack(stack)))
    # What is known only at deployment is longer in the template than it will be.
    assert len(json.dumps(statements, separators=(",", ":"))) < LARGEST_INLINE / 2


def test_has_room_for_everything_with_names_of_ones_own() -> None:
    env = cdk.Environment(account="123456789012", region="us-east-1")
    stack = Everything(new_app(), "Everything", env=env)

    template = Template.from_stack(stack)
    assert sum(map(size_of, inline_policies_of(stack, template))) < LARGEST_INLINE
    managed = managed_policies_of(stack, template).values()
    # An update has the old ones beside the new ones, and a role at most ten.
    assert 1 <= len(managed) <= 5
    assert all(size_of(each) < LARGEST_MANAGED for each in managed)


def test_a_name_of_ones_own_is_in_a_policy_that_its_resource_depends_on(stack: cdk.Stack) -> None:
    group = DatasetGroup(stack, "Group", dataset_group_name="demo")
    group.add_dataset("D", schema=Schema(stack, "S", dataset_type=DatasetType.INTERACTIONS))
    group.add_solution("ForYou", recipe=Recipe.SIMS, solution_name="for-you")

    template = Template.from_stack(stack)
    (policy,) = managed_policies_of(stack, template)
    (solution,) = template.find_resources("Custom::PersonalizeSolution").values()
    assert policy in solution["DependsOn"]  # it outlives what it is for
    assert {"solution/for-you", "solution/for-you/*"} <= set(
        allowed(stack, template, "DeleteSolution")
    )
    assert "dataset-group/demo" in allowed(stack, template, "CreateSolution")
    assert "dataset/demo/INTERACTIONS" in allowed(stack, template, "DeleteDataset")


def test_a_name_of_ones_own_allows_no_more_than_its_kind_needs(stack: cdk.Stack) -> None:
    group = DatasetGroup.from_dataset_group_name(stack, "Group", "demo")
    solution = group.add_solution("ForYou", recipe=Recipe.SIMS, solution_name="for-you")
    Campaign(stack, "Campaign", solution=solution, campaign_name="for-you")

    template = Template.from_stack(stack)
    own = f"campaign/{name_prefix(stack)}*"
    assert allowed(stack, template, "DeleteCampaign") == [own, "campaign/for-you"]


def test_another_name_gets_another_policy_and_the_old_one_stays_to_the_end() -> None:
    def template_of(solution_name: str) -> dict[str, Any]:
        stack = cdk.Stack(new_app(), "Shop")
        group = DatasetGroup.from_dataset_group_name(stack, "Group", "demo")
        group.add_solution("ForYou", recipe=Recipe.SIMS, solution_name=solution_name)
        return dict(Template.from_stack(stack).to_json()["Resources"])

    def policy_of(resources: dict[str, Any]) -> str:
        (policy,) = [n for n, each in resources.items() if each["Type"].endswith("ManagedPolicy")]
        (solution,) = [each for each in resources.values() if each["Type"].endswith("Solution")]
        assert policy in solution["DependsOn"]
        return policy

    before, after = template_of("one"), template_of("two")
    assert template_of("one") == before
    assert policy_of(before) not in after  # so it is deleted, and that at the end of the update
    assert policy_of(after) not in before


def test_the_order_of_definition_makes_no_other_policy() -> None:
    def policies_of(*names: str) -> dict[str, Any]:
        stack = cdk.Stack(new_app(), "Shop")
        group = DatasetGroup.from_dataset_group_name(stack, "Group", "demo")
        for name in names:
            group.add_solution(name, recipe=Recipe.SIMS, solution_name=name)
        return managed_policies_of(stack, Template.from_stack(stack))

    assert policies_of("one", "two") == policies_of("two", "one")


def test_what_a_statement_is_on_may_depend_on_a_resource_with_a_name_of_its_own(
    stack: cdk.Stack,
) -> None:
    group = DatasetGroup.from_dataset_group_name(stack, "Group", "demo")
    schema = Schema(stack, "S", dataset_type=DatasetType.INTERACTIONS, schema_name="mine")
    topic = sns.Topic(stack, "T", display_name=schema.schema_arn)
    statement = iam.PolicyStatement(actions=["sns:Publish"], resources=[topic.topic_arn])
    PersonalizeProvider.of(stack).custom_resource(
        stack,
        "R",
        resource_type="Custom::PersonalizeAnnouncement",
        properties={},
        touches=[("dataset-group", group.dataset_group_name)],
        statements=[statement],
    )

    depends_on = dependencies(dict(Template.from_stack(stack).to_json()))
    assert not [each for each, others in depends_on.items() if each in others]


def test_a_policy_may_be_on_what_another_stack_defines() -> None:
    app = new_app()
    key = kms.Key(cdk.Stack(app, "Keys"), "Key")
    stack = cdk.Stack(app, "Shop")
    PersonalizeProvider.of(stack).custom_resource(
        stack,
        "R",
        resource_type="Custom::PersonalizeAnnouncement",
        properties={},
        statements=[iam.PolicyStatement(actions=["kms:Decrypt"], resources=[key.key_arn])],
    )

    (policy,) = managed_policies_of(stack, Template.from_stack(stack)).values()
    (statement,) = statements_of([policy])
    assert "Fn::ImportValue" in statement["Resource"]


def test_more_names_than_policies_have_room_for_are_refused(stack: cdk.Stack) -> None:
    for number in range(40):
        PersonalizeProvider.of(stack).custom_resource(
            stack,
            f"R{number}",
            resource_type="Custom::PersonalizeSolution",
            properties={},
            touches=[("solution", f"{number:_>60}{each}") for each in range(4)],
        )

    with pytest.raises(RuntimeError) as refusal:
        Template.from_stack(stack)
    assert (
        "[Shop/PersonalizeProvider/Access] what is named otherwise than after the stack takes 7"
        " policies of 6,144 characters; a role has at most 10, and an update has the old ones"
        " beside the new ones, so at most 5 are possible: leave names to be derived, or define a"
        " dataset group in another stack"
    ) in str(refusal.value)


def test_may_do_nothing_but_manage(stack: cdk.Stack) -> None:
    define_models(stack, DatasetGroup(stack, "Group"), count=1)

    for statement in statements_of(policies_of(stack, Template.from_stack(stack))):
        actions = statement["Action"]
        for action in [actions] if isinstance(actions, str) else actions:
            assert "*" not in action
            assert not action.startswith(("personalize:Put", "personalize:Get", "iam:"))
            # Only what IAM knows no resources for is allowed on all of them.
            if statement["Resource"] == "*":
                assert action.startswith(("personalize:List", "xray:"))
