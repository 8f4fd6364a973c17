"""The custom resource provider, and what its functions may do."""

import json
import re
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template
from constructs import Construct

from cdk_personalize import Campaign, Dataset, DatasetGroup, DatasetType, Recipe, Schema
from cdk_personalize._names import name_prefix
from cdk_personalize._provider import PersonalizeProvider
from tests.dependencies import dependencies

# The sum of all policies that IAM takes inline in a role, without white space (IAM quotas).
LARGEST = 10_240


def statements_of(policies: list[dict[str, Any]]) -> list[dict[str, Any]]:
    documents = [policy["Properties"]["PolicyDocument"] for policy in policies]
    return [statement for document in documents for statement in document["Statement"]]


def policies_of(stack: cdk.Stack, template: Template) -> list[dict[str, Any]]:
    """Return the policies of the role of the functions."""
    role = stack.resolve(PersonalizeProvider.of(stack).role.role_name)
    found = template.find_resources("AWS::IAM::Policy", {"Properties": {"Roles": [role]}})
    return [dict(policy) for policy in found.values()]


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
    stack = cdk.Stack(cdk.App(), stack_name)
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


def test_asks_how_its_own_stack_is_and_no_other(stack: cdk.Stack) -> None:
    PersonalizeProvider.of(stack)

    statements = statements_of(policies_of(stack, Template.from_stack(stack)))
    (asks,) = [each for each in statements if each["Action"] == "cloudformation:DescribeStacks"]
    assert asks["Resource"] == {"Ref": "AWS::StackId"}


def test_has_room_for_all_that_a_group_can_hold(stack: cdk.Stack) -> None:
    define_models(stack, DatasetGroup(stack, "Group"), count=10)

    statements = statements_of(policies_of(stack, Template.from_stack(stack)))
    # What is known only at deployment is longer in the template than it will be.
    assert len(json.dumps(statements, separators=(",", ":"))) < LARGEST / 2


def test_a_name_of_ones_own_gets_a_policy_of_its_own(stack: cdk.Stack) -> None:
    group = DatasetGroup(stack, "Group", dataset_group_name="demo")
    group.add_dataset("D", schema=Schema(stack, "S", dataset_type=DatasetType.INTERACTIONS))
    group.add_solution("ForYou", recipe=Recipe.SIMS, solution_name="for-you")

    template = Template.from_stack(stack)
    (solution,) = template.find_resources("Custom::PersonalizeSolution").values()
    own = [each for each in solution["DependsOn"] if "ForYouAccess" in each]
    assert len(own) == 1  # it outlives what it is for
    assert {"solution/for-you", "solution/for-you/*"} <= set(
        allowed(stack, template, "DeleteSolution")
    )
    assert "dataset-group/demo" in allowed(stack, template, "CreateSolution")
    assert "dataset/demo/INTERACTIONS" in allowed(stack, template, "DeleteDataset")


def test_another_name_gets_another_policy_beside_the_old_one() -> None:
    def policy_of(solution_name: str) -> str:
        stack = cdk.Stack(cdk.App(), "Shop")
        group = DatasetGroup.from_dataset_group_name(stack, "Group", "demo")
        group.add_solution("ForYou", recipe=Recipe.SIMS, solution_name=solution_name)
        policies = Template.from_stack(stack).find_resources("AWS::IAM::Policy")
        (own,) = [each for each in policies if "ForYouAccess" in each]
        return own

    assert policy_of("one") == policy_of("one")
    assert policy_of("one") != policy_of("two")


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
