"""The training pipeline: what starts it, what it may do, and in which order it goes."""

import json

import aws_cdk as cdk
import pytest
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Match, Template

from cdk_personalize import Campaign, DataDeletionJob, Recipe, SchemaField, Solution
from tests.unit.patterns.declared_pipeline import (
    MACHINE,
    Declared,
    Tree,
    actions,
    definition,
    plan,
    resources,
    statements,
)
from tests.unit.patterns.pipeline_machines import states_of


@pytest.fixture(scope="module")
def declared() -> Declared:
    return Declared(schedule=events.Schedule.rate(cdk.Duration.days(7)))


@pytest.fixture(scope="module")
def template(declared: Declared) -> Tree:
    read: Tree = Template.from_stack(declared.stack).to_json()
    return read


def test_imports_a_dataset_that_was_declared_after_the_pipeline(template: Tree) -> None:
    (dataset,) = plan(template)["Datasets"]

    assert dataset["Type"] == "INTERACTIONS"
    assert dataset["Prefix"] == "import/interactions/"
    request = dataset["Request"]
    assert request["DataSource"]["DataLocation"].endswith("/import/interactions/")
    assert request["ImportMode"] == "FULL"


def test_carries_the_request_of_a_solution_in_pascal_case(template: Tree) -> None:
    (model,) = plan(template)["Models"]

    assert model["Request"]["PerformAutoTraining"] is False
    assert model["Request"]["SolutionConfig"] == {
        "AlgorithmHyperParameters": {"apply_recency_bias": "false"}
    }


def test_deploys_the_campaigns_of_a_solution(template: Tree) -> None:
    (model,) = plan(template)["Models"]
    (campaign,) = model["Campaigns"]

    assert campaign["CampaignArn"].endswith(f"campaign/{campaign['Request']['Name']}")
    assert campaign["Request"]["MinProvisionedTPS"] == 2


def test_leaves_the_campaign_of_another_apps_solution_alone() -> None:
    other = Declared()
    imported = Solution.from_solution_name(other.stack, "Imported", "of-another-app")
    Campaign(other.stack, "Foreign", solution=imported)

    (model,) = plan(Template.from_stack(other.stack).to_json())["Models"]

    assert len(model["Campaigns"]) == 1


def test_starts_on_an_upload_under_import_and_on_no_other(
    declared: Declared, template: Tree
) -> None:
    rule = next(
        rule["Properties"]
        for rule in resources(template, "AWS::Events::Rule").values()
        if "EventPattern" in rule["Properties"]
    )

    assert rule["EventPattern"] == {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {
            "bucket": {"name": [declared.stack.resolve(declared.store.bucket.bucket_name)]},
            "object": {"key": [{"prefix": "import/"}]},
        },
    }


def test_a_schedule_trains_without_new_data(template: Tree) -> None:
    rule = next(
        rule["Properties"]
        for rule in resources(template, "AWS::Events::Rule").values()
        if "ScheduleExpression" in rule["Properties"]
    )

    assert rule["ScheduleExpression"] == "rate(7 days)"
    assert json.loads(rule["Targets"][0]["Input"])["Retrain"] is True


def test_has_no_schedule_by_default() -> None:
    rules = resources(Template.from_stack(Declared().stack).to_json(), "AWS::Events::Rule")

    assert not [rule for rule in rules.values() if "ScheduleExpression" in rule["Properties"]]


def test_waits_for_a_minute_by_default_and_for_what_it_is_told(template: Tree) -> None:
    other = Declared(quiet_period=cdk.Duration.minutes(10))
    name = "Wait for the rest of an upload"

    changed = definition(Template.from_stack(other.stack).to_json(), "Rounds")

    assert definition(template, "Rounds")["States"][name]["Seconds"] == 60
    assert changed["States"][name]["Seconds"] == 600


def depends_on(template: Tree, logical_id: str) -> set[str]:
    """Everything that has to be there before a resource, directly or not."""
    known: set[str] = set()
    waiting = [logical_id]
    while waiting:
        resource = template["Resources"][waiting.pop()]
        named = resource.get("DependsOn", [])
        found = set(named if isinstance(named, list) else [named])
        text = json.dumps(resource.get("Properties", {}))
        found |= {each for each in template["Resources"] if f'"{each}"' in text}
        waiting += found - known
        known |= found
    return known


@pytest.mark.parametrize(
    "touched",
    [
        "Custom::PersonalizeDataset",
        "Custom::PersonalizeSolution",
        "Custom::PersonalizeCampaign",
        "AWS::StepFunctions::StateMachine",
        "AWS::DynamoDB::Table",
        "AWS::S3::BucketPolicy",
    ],
)
def test_everything_that_the_pipeline_touches_is_deleted_after_the_lifecycle_resource(
    template: Tree, touched: str
) -> None:
    (lifecycle,) = resources(template, "Custom::PersonalizePipeline")
    before = depends_on(template, lifecycle)

    mine = [each for each in resources(template, touched) if "LogBucket" not in each]
    assert mine
    assert set(mine) - before == set() or touched == MACHINE
    if touched == MACHINE:
        assert {each for each in mine if "Pipeline" in each} <= before


def test_every_trigger_is_deleted_before_the_lifecycle_resource(template: Tree) -> None:
    (lifecycle,) = resources(template, "Custom::PersonalizePipeline")
    rules = resources(template, "AWS::Events::Rule")

    assert len(rules) == 2
    assert all(lifecycle in depends_on(template, rule) for rule in rules)


def digest(of: Tree) -> str:
    (lifecycle,) = resources(of, "Custom::PersonalizePipeline").values()
    plan_digest: str = lifecycle["Properties"]["Plan"]
    return plan_digest


def test_starts_anew_after_a_deployment_that_changed_what_it_works_on(
    template: Tree,
) -> None:
    more = Declared()
    Solution(more.stack, "More", dataset_group=more.group, recipe=Recipe.SIMILAR_ITEMS)
    changed = Template.from_stack(more.stack).to_json()

    assert digest(Template.from_stack(Declared().stack).to_json()) == digest(template)
    assert digest(changed) != digest(template)


def test_starts_anew_after_a_deployment_with_another_schema(template: Tree) -> None:
    """The dataset may have been replaced for it, under the same ARN."""
    changed = Declared(fields=[SchemaField.float("RATING")])

    assert digest(Template.from_stack(changed.stack).to_json()) != digest(template)


def test_does_not_start_anew_for_another_tag(template: Tree) -> None:
    tagged = Declared()
    cdk.Tags.of(tagged.stack).add("team", "shop")

    assert digest(Template.from_stack(tagged.stack).to_json()) == digest(template)


def test_stops_the_trainings_of_its_solutions_before_it_is_deleted(
    declared: Declared, template: Tree
) -> None:
    (lifecycle,) = resources(template, "Custom::PersonalizePipeline").values()

    assert lifecycle["Properties"]["SolutionArns"] == [
        declared.stack.resolve(declared.solution.solution_arn)
    ]


def test_tells_its_own_runs_by_the_names_that_it_gives_them(template: Tree) -> None:
    (lifecycle,) = resources(template, "Custom::PersonalizePipeline").values()

    assert lifecycle["Properties"]["RunNames"] == [plan(template)["Name"]]


def test_tells_its_own_runs_by_the_names_of_jobs_too() -> None:
    declared = Declared()
    declared.pipeline.add_job(DataDeletionJob(dataset_group=declared.group, job_name="forget"))

    template = Template.from_stack(declared.stack).to_json()
    (lifecycle,) = resources(template, "Custom::PersonalizePipeline").values()
    assert lifecycle["Properties"]["RunNames"] == [plan(template)["Name"], "forget"]


def test_may_look_when_its_datasets_were_created(declared: Declared, template: Tree) -> None:
    looking = [
        statement["Resource"]
        for statement in statements(template, "PipelineRoundsMachineRole")
        if "personalize:DescribeDataset" in actions(statement)
    ]

    assert looking == [declared.stack.resolve(declared.dataset.dataset_arn)]


@pytest.mark.parametrize(("machine", "what"), [("Rounds", "solution"), ("Jobs", "campaign")])
def test_may_tag_what_it_creates_and_nothing_else(
    declared: Declared, template: Tree, machine: str, what: str
) -> None:
    tagging = [
        statement["Resource"]
        for statement in statements(template, f"Pipeline{machine}MachineRole")
        if "personalize:TagResource" in actions(statement)
    ]

    arns = {"solution": declared.solution.solution_arn, "campaign": declared.campaign.campaign_arn}
    assert tagging == [declared.stack.resolve(arns[what])]


def test_passes_the_role_to_personalize_alone(declared: Declared, template: Tree) -> None:
    (passing,) = [
        statement
        for statement in statements(template, "PipelineJobsMachineRole")
        if actions(statement) == ["iam:PassRole"]
    ]

    assert passing["Resource"] == declared.stack.resolve(declared.store.role.role_arn)
    assert passing["Condition"] == {
        "StringEquals": {"iam:PassedToService": "personalize.amazonaws.com"}
    }


@pytest.mark.parametrize("machine", ["Jobs", "Rounds"])
def test_may_do_nothing_in_personalize_on_everything(template: Tree, machine: str) -> None:
    ours = [
        statement
        for statement in statements(template, f"Pipeline{machine}MachineRole")
        if any(action.startswith("personalize:") for action in actions(statement))
    ]

    assert ours
    # IAM knows no resources for lists.
    everywhere = [
        action
        for statement in ours
        if statement["Resource"] == "*"
        for action in actions(statement)
    ]
    assert all(action.startswith("personalize:List") for action in everywhere)
    assert not [action for statement in ours for action in actions(statement) if "*" in action]


_ACTIONS = {
    "dynamodb:getItem": "dynamodb:GetItem",
    "dynamodb:updateItem": "dynamodb:UpdateItem",
    "aws-sdk:s3:listObjectsV2": "s3:ListBucket",
    "aws-sdk:sfn:describeExecution": "states:DescribeExecution",
    "aws-sdk:sfn:startExecution": "states:StartExecution",
    "states:startExecution.sync:2": "states:StartExecution",
}


def test_may_do_what_its_states_do_with_other_services(template: Tree) -> None:
    called = {
        state["Resource"].partition(":states:::")[2]
        for _, state in states_of(dict(definition(template, "Rounds")))
        if state["Type"] == "Task" and "personalize" not in state["Resource"]
    }
    allowed = {
        action
        for statement in statements(template, "PipelineRoundsMachineRole")
        if statement["Resource"] != "*"
        for action in actions(statement)
    }

    assert called == set(_ACTIONS)
    assert {_ACTIONS[operation] for operation in called} <= allowed


@pytest.mark.parametrize("action", ["StartExecution", "DescribeExecution", "StopExecution"])
def test_may_run_a_job_to_its_end_or_stop_it(
    declared: Declared, template: Tree, action: str
) -> None:
    jobs = declared.stack.resolve(declared.pipeline.job_state_machine.state_machine_arn)

    assert [
        statement
        for statement in statements(template, "PipelineRoundsMachineRole")
        if f"states:{action}" in actions(statement) and str(jobs) in str(statement["Resource"])
    ]


def test_may_use_the_key_for_its_table_and_for_reading_how_a_job_ended(
    declared: Declared, template: Tree
) -> None:
    """DynamoDB and Step Functions use the key in the name of the caller."""
    key = declared.stack.resolve(declared.store.key.key_arn)
    jobs = declared.stack.resolve(declared.pipeline.job_state_machine.state_machine_arn)
    ours = [
        statement
        for statement in statements(template, "PipelineRoundsMachineRole")
        if "kms:Decrypt" in actions(statement)
    ]

    conditions = [each["Condition"]["StringEquals"] for each in ours]
    assert all(each["Resource"] == key for each in ours)
    assert [each for each in conditions if "kms:ViaService" in each]
    assert {"kms:EncryptionContext:aws:states:stateMachineArn": jobs} in conditions


def test_gives_up_a_job_that_never_ends(template: Tree) -> None:
    assert definition(template, "Jobs")["TimeoutSeconds"] == 60 * 3600


def test_logs_traces_and_encrypts_both_machines(declared: Declared, template: Tree) -> None:
    machines = [
        resource["Properties"]
        for logical_id, resource in resources(template, MACHINE).items()
        if "Pipeline" in logical_id
    ]

    assert len(machines) == 2
    for machine in machines:
        assert machine["TracingConfiguration"] == {"Enabled": True}
        assert machine["LoggingConfiguration"]["Level"] == "ALL"
        # The input of an execution holds no data, but its output may one day.
        assert machine["LoggingConfiguration"]["IncludeExecutionData"] is False
        assert machine["EncryptionConfiguration"]["KmsKeyId"] == declared.stack.resolve(
            declared.store.key.key_arn
        )


def test_can_be_started_by_whom_it_is_granted() -> None:
    other = Declared()
    role = iam.Role(other.stack, "Starter", assumed_by=iam.ServicePrincipal("ecs.amazonaws.com"))

    other.pipeline.grant_start(role)

    Template.from_stack(other.stack).has_resource_properties(
        "AWS::IAM::Policy",
        {
            "PolicyDocument": {
                "Statement": Match.array_with(
                    [
                        Match.object_like(
                            {
                                "Action": "states:StartExecution",
                                "Resource": other.stack.resolve(
                                    other.pipeline.state_machine.state_machine_arn
                                ),
                            }
                        )
                    ]
                )
            },
            "Roles": [other.stack.resolve(role.role_name)],
        },
    )
