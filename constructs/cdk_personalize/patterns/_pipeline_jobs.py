"""The state machine of the long jobs: one import, one training, or one deployment an execution.

Each has an execution of its own, so that the hours of polling are no part of the history of the
pipeline, which Step Functions ends at 25,000 events.
"""

from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from cdk_personalize.patterns._pipeline_tasks import (
    ALREADY_EXISTS,
    NOT_FOUND,
    personalize_call,
    poll,
)

# A name that a job gives: the hash of the execution's ARN is unique, the same at each retry, and
# shorter than the name of an execution that EventBridge started (73 characters; 63 are allowed).
UNIQUE = "$substring($hash($states.context.Execution.Id, 'SHA-256'), 0, 20)"


def job_definition(
    scope: Construct, *, name_prefix: str, import_job_arn_prefix: str
) -> sfn.IChainable:
    """Return the states of the job machine.

    Its input is one of
    `{"Job": "Import", "DatasetArn", "DataLocation", "RoleArn"}`,
    `{"Job": "Train", "SolutionArn"}` and
    `{"Job": "Deploy", "CampaignArn", "SolutionVersionArn", "Request"}`;
    its output holds the ARN of what was made. It fails with the service's own reason.

    Args:
        scope: The construct of the state machine.
        name_prefix: What the names of imports and solution versions begin with, at most 42
            characters.
        import_job_arn_prefix: What the ARNs of imports begin with, up to their names.
    """
    return (
        sfn.Choice.jsonata(scope, "Which job?")
        .when(_job_is("Import"), _import(scope, name_prefix, import_job_arn_prefix))
        .when(_job_is("Train"), _train(scope, name_prefix))
        .when(_job_is("Deploy"), _deploy(scope))
        .otherwise(
            sfn.Fail.jsonata(
                scope,
                "Unknown job",
                error="UnknownJob",
                cause="{% 'Job is Import, Train or Deploy, got ' & $string($states.input.Job) %}",
            )
        )
    )


def _job_is(job: str) -> sfn.Condition:
    return sfn.Condition.jsonata(f"{{% $states.input.Job = '{job}' %}}")


def _reason(*paths: str) -> str:
    """Return the JSONata of the first reason that is there; Assign takes no undefined value."""
    found = "".join(f"$states.result.{path} ? $states.result.{path} : " for path in paths)
    return f"{{% {found}'the service gave no reason' %}}"


def _import(scope: Construct, name_prefix: str, arn_prefix: str) -> sfn.IChainable:
    name = f"'{name_prefix}-' & {UNIQUE}"
    create = personalize_call(
        scope,
        "Create the import job",
        "createDatasetImportJob",
        {
            "JobName": f"{{% {name} %}}",
            "DatasetArn": "{% $states.input.DatasetArn %}",
            "DataSource": {"DataLocation": "{% $states.input.DataLocation %}"},
            "RoleArn": "{% $states.input.RoleArn %}",
            "ImportMode": "FULL",
        },
        assign={"ImportJob": "{% $states.result.DatasetImportJobArn %}"},
        wait_while_busy=True,
    )
    describe = personalize_call(
        scope,
        "Describe the import job",
        "describeDatasetImportJob",
        {"DatasetImportJobArn": "{% $ImportJob %}"},
        assign={
            "Status": "{% $states.result.DatasetImportJob.Status %}",
            "Reason": _reason("DatasetImportJob.FailureReason"),
        },
    )
    imported = sfn.Pass.jsonata(
        scope, "Imported", outputs={"DatasetImportJobArn": "{% $ImportJob %}"}
    )
    wait = poll(
        scope,
        "import",
        describe,
        active="$Status = 'ACTIVE'",
        failed="$contains($Status, 'FAILED')",
        reason="$Reason",
        done=imported,
    )
    # The name is this execution's own: what has it is what a first try made, whose answer was lost.
    made = sfn.Pass.jsonata(
        scope, "It has begun already", assign={"ImportJob": f"{{% '{arn_prefix}' & {name} %}}"}
    )
    create.add_catch(made, errors=[ALREADY_EXISTS])
    made.next(wait)
    return create.next(wait)


def _train(scope: Construct, name_prefix: str) -> sfn.IChainable:
    create = personalize_call(
        scope,
        "Create the solution version",
        "createSolutionVersion",
        {
            "Name": f"{{% '{name_prefix}-' & {UNIQUE} %}}",
            "SolutionArn": "{% $Solution %}",
            "TrainingMode": "FULL",
        },
        assign={"SolutionVersion": "{% $states.result.SolutionVersionArn %}"},
        wait_while_busy=True,
    )
    describe = personalize_call(
        scope,
        "Describe the solution version",
        "describeSolutionVersion",
        {"SolutionVersionArn": "{% $SolutionVersion %}"},
        assign={
            "Status": "{% $states.result.SolutionVersion.Status %}",
            "Reason": _reason("SolutionVersion.FailureReason"),
        },
    )
    trained = sfn.Pass.jsonata(
        scope, "Trained", outputs={"SolutionVersionArn": "{% $SolutionVersion %}"}
    )
    wait = poll(
        scope,
        "training",
        describe,
        active="$Status = 'ACTIVE'",
        failed="$contains($Status, 'FAILED') or $contains($Status, 'STOPP')",
        reason="$Status & ': ' & $Reason",
        done=trained,
    )
    # How the ARN follows from the name is not documented; the version is the newest one.
    made = personalize_call(
        scope,
        "Find the solution version",
        "describeSolution",
        {"SolutionArn": "{% $Solution %}"},
        assign={
            "SolutionVersion": "{% $states.result.Solution.LatestSolutionVersion"
            ".SolutionVersionArn %}"
        },
    )
    create.add_catch(made, errors=[ALREADY_EXISTS])
    made.next(wait)
    create.next(wait)
    remember = sfn.Pass.jsonata(
        scope, "Remember the solution", assign={"Solution": "{% $states.input.SolutionArn %}"}
    )
    return remember.next(create)


def _deploy(scope: Construct) -> sfn.IChainable:
    deployed = sfn.Pass.jsonata(
        scope, "Deployed", outputs={"CampaignArn": "{% $Target.CampaignArn %}"}
    )
    target = sfn.Pass.jsonata(
        scope, "Remember the campaign", assign={"Target": "{% $states.input %}"}
    )
    create = personalize_call(
        scope,
        "Create the campaign",
        "createCampaign",
        "{% $merge([$Target.Request, {'SolutionVersionArn': $Target.SolutionVersionArn}]) %}",
        wait_while_busy=True,
    )
    update = personalize_call(
        scope,
        "Move the campaign",
        "updateCampaign",
        {
            "CampaignArn": "{% $Target.CampaignArn %}",
            "SolutionVersionArn": "{% $Target.SolutionVersionArn %}",
        },
        wait_while_busy=True,
    )
    find = personalize_call(
        scope,
        "Find the campaign",
        "describeCampaign",
        {"CampaignArn": "{% $Target.CampaignArn %}"},
        assign={
            "Serves": "{% $states.result.Campaign.SolutionVersionArn %}",
            "Is": "{% $states.result.Campaign.Status %}",
            "Update": "{% $states.result.Campaign.LatestCampaignUpdate.Status"
            " ? $states.result.Campaign.LatestCampaignUpdate.Status : 'ACTIVE' %}",
        },
    )
    describe = personalize_call(
        scope,
        "Describe the campaign",
        "describeCampaign",
        {"CampaignArn": "{% $Target.CampaignArn %}"},
        # An update leaves the status of the campaign as it is: both have to be looked at.
        assign={
            "Status": "{% $append($states.result.Campaign.Status,"
            " $states.result.Campaign.LatestCampaignUpdate.Status) %}",
            "Reason": _reason(
                "Campaign.LatestCampaignUpdate.FailureReason", "Campaign.FailureReason"
            ),
        },
    )
    wait = poll(
        scope,
        "deployment",
        describe,
        active="$count($Status[$ != 'ACTIVE']) = 0",
        failed="$count($Status[$contains($, 'FAILED')]) > 0",
        reason="$Reason",
        done=deployed,
    )
    up_to_date = (
        sfn.Choice.jsonata(scope, "Does it serve this version?")
        .when(
            sfn.Condition.jsonata(
                "{% $Serves != $Target.SolutionVersionArn or $contains($Is, 'FAILED') %}"
            ),
            update,
        )
        # An update that failed stays on record for good: it says nothing about this version.
        .when(
            sfn.Condition.jsonata(
                "{% $Is = 'ACTIVE' and $Update in ['ACTIVE', 'CREATE FAILED'] %}"
            ),
            deployed,
        )
        .otherwise(wait)
    )
    find.add_catch(create, errors=[NOT_FOUND])
    # The deployment of the stack may have been faster: then the campaign is there after all.
    create.add_catch(find, errors=[ALREADY_EXISTS])
    target.next(find)
    find.next(up_to_date)
    update.next(wait)
    create.next(wait)
    return target
