"""The state machine of the long jobs: one import, training, deployment or the like an execution.

Each has an execution of its own, so that the hours of polling are no part of the history of the
pipeline, which Step Functions ends at 25,000 events.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cdk_personalize.patterns._pipeline_tasks import (
    ALREADY_EXISTS,
    IN_USE,
    IN_USE_OR_QUEUED,
    NOT_FOUND,
    outcome,
    personalize_call,
    poll,
    poll_until_gone,
)
from cdk_personalize.patterns._state_language import Choice, Fail, Pass, State, chain, definition

# The end of a name that a job gives: the hash of the execution's ARN is unique, the same at each
# retry, and shorter than the name of an execution that EventBridge started (73 characters; 63 are
# allowed).
UNIQUE = "$substring($hash($states.context.Execution.Id, 'SHA-256'), 0, 20)"


@dataclass(frozen=True)
class FileJob:
    """A kind of jobs on files of a bucket, which all have a name, a role and a status.

    Attributes:
        job: What the input of the machine calls it.
        resource: What its ARNs call it.
        noun: What the states call it.
        done: The status of one that succeeded.
    """

    job: str
    resource: str
    noun: str
    done: str = "ACTIVE"

    @property
    def member(self) -> str:
        """The member of the API that describes one, in Pascal case."""
        return "".join(word.capitalize() for word in self.resource.split("-"))


FILE_JOBS = (
    FileJob("Import", "dataset-import-job", "import"),
    FileJob("Export", "dataset-export-job", "export"),
    FileJob("Delete", "data-deletion-job", "deletion", done="COMPLETED"),
    FileJob("Infer", "batch-inference-job", "inference"),
    FileJob("Segment", "batch-segment-job", "segmentation"),
)


def job_definition(*, arn_prefix: str, timeout_seconds: int) -> dict[str, Any]:
    """Return the definition of the job machine.

    Its input is one of
    `{"Job": "Import", "Name", "Request"}`, and so for each of `FILE_JOBS`,
    `{"Job": "Train", "Name", "SolutionArn", "TrainingMode"}`,
    `{"Job": "Deploy", "CampaignArn", "SolutionArn", "SolutionVersionArn", "Follows", "Request"}`
    and `{"Job": "Recommend", "RecommenderArn", "Request"}`.
    A name has at most 42 characters, and is the begin of that of what is made. The output holds
    the ARN of what was made. It fails with the service's own reason.

    Args:
        arn_prefix: What ARNs of the service begin with, up to the type of the resource.
        timeout_seconds: How long a job may take.
    """
    jobs = {
        **{job.job: _file_job(job, arn_prefix) for job in FILE_JOBS},
        "Train": _train(),
        "Deploy": _deploy(),
        "Recommend": _recommend(),
    }
    choice = Choice("Which job?")
    for job, begin in jobs.items():
        choice.when(f"$states.input.Job = '{job}'", begin)
    choice.otherwise(
        Fail(
            "Unknown job",
            error="UnknownJob",
            cause=f"{{% 'Job is {_one_of([*jobs])}, got ' & $string($states.input.Job) %}}",
        )
    )
    return definition(choice, timeout_seconds=timeout_seconds)


def _one_of(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}"


def _reason(*paths: str) -> str:
    """Return the JSONata of the first reason that is there; Assign takes no undefined value."""
    found = "".join(f"$states.result.{path} ? $states.result.{path} : " for path in paths)
    return f"{{% {found}'the service gave no reason' %}}"


def _file_job(job: FileJob, arn_prefix: str) -> State:
    remember = Pass(
        f"Remember the {job.noun} job",
        assign={
            "Request": "{% $states.input.Request %}",
            "JobName": f"{{% $states.input.Name & '-' & {UNIQUE} %}}",
        },
    )
    create = personalize_call(
        f"Create the {job.noun} job",
        f"create{job.member}",
        "{% $merge([$Request, {'JobName': $JobName}]) %}",
        assign={"JobArn": f"{{% $states.result.{job.member}Arn %}}"},
        wait_while=IN_USE_OR_QUEUED,
    )
    describe = personalize_call(
        f"Describe the {job.noun} job",
        f"describe{job.member}",
        {f"{job.member}Arn": "{% $JobArn %}"},
        assign={
            "Status": f"{{% $states.result.{job.member}.Status %}}",
            "Reason": _reason(f"{job.member}.FailureReason"),
        },
    )
    done = outcome(f"The {job.noun} is done", {f"{job.member}Arn": "{% $JobArn %}"})
    wait = poll(
        job.noun,
        describe,
        active=f"$Status = '{job.done}'",
        failed="$contains($Status, 'FAILED')",
        reason="$Reason",
        done=done,
    )
    # The name is this execution's own: what has it is what a first try made, whose answer was lost.
    made = Pass(
        f"The {job.noun} has begun already",
        assign={"JobArn": f"{{% '{arn_prefix}{job.resource}/' & $JobName %}}"},
    )
    create.catch(ALREADY_EXISTS, made)
    chain(made, wait)
    return chain(remember, create, wait)


def _train() -> State:
    create = personalize_call(
        "Create the solution version",
        "createSolutionVersion",
        {
            "Name": "{% $VersionName %}",
            "SolutionArn": "{% $Solution %}",
            "TrainingMode": "{% $Mode %}",
        },
        assign={"SolutionVersion": "{% $states.result.SolutionVersionArn %}"},
        wait_while=IN_USE_OR_QUEUED,
    )
    describe = personalize_call(
        "Describe the solution version",
        "describeSolutionVersion",
        {"SolutionVersionArn": "{% $SolutionVersion %}"},
        assign={
            "Status": "{% $states.result.SolutionVersion.Status %}",
            "Reason": _reason("SolutionVersion.FailureReason"),
        },
    )
    trained = outcome("Trained", {"SolutionVersionArn": "{% $SolutionVersion %}"})
    wait = poll(
        "training",
        describe,
        active="$Status = 'ACTIVE'",
        failed="$contains($Status, 'FAILED') or $contains($Status, 'STOPP')",
        reason="$Status & ': ' & $Reason",
        done=trained,
    )
    # How the ARN follows from the name is not documented; the version is the newest one.
    made = personalize_call(
        "Find the solution version",
        "describeSolution",
        {"SolutionArn": "{% $Solution %}"},
        assign={
            "SolutionVersion": "{% $states.result.Solution.LatestSolutionVersion"
            ".SolutionVersionArn %}"
        },
    )
    create.catch(ALREADY_EXISTS, made)
    chain(made, wait)
    remember = Pass(
        "Remember the solution",
        assign={
            "Solution": "{% $states.input.SolutionArn %}",
            "Mode": "{% $states.input.TrainingMode %}",
            "VersionName": f"{{% $states.input.Name & '-' & {UNIQUE} %}}",
        },
    )
    return chain(remember, create, wait)


def _deploy() -> State:
    deployed = outcome("Deployed", {"CampaignArn": "{% $Target.CampaignArn %}"})
    target = Pass("Remember the campaign", assign={"Target": "{% $states.input %}"})
    create = personalize_call(
        "Create the campaign",
        "createCampaign",
        "{% $merge([$Target.Request, {'SolutionVersionArn': $Target.SolutionVersionArn}]) %}",
        wait_while=IN_USE,
    )
    arn_and_version = (
        "{'CampaignArn': $Target.CampaignArn, 'SolutionVersionArn': $Target.SolutionVersionArn}"
    )
    # The provider gives a campaign its configuration, but for one that is to serve another solution
    # that has no model yet: what goes with that one's recipe may not go with the old one's. What is
    # not declared any longer is switched off; other members have no default that goes with every
    # recipe.
    config = (
        "($config := $merge([$each($Held, function($value, $member) {"
        " $value = true ? {$member: false} }), $Target.Request.CampaignConfig]);"
        " $Elsewhere and $count($keys($config)) > 0 ? {'CampaignConfig': $config})"
    )
    update = personalize_call(
        "Move the campaign",
        "updateCampaign",
        f"{{% $merge([{arn_and_version}, {config}]) %}}",
        wait_while=IN_USE,
    )
    find = personalize_call(
        "Find the campaign",
        "describeCampaign",
        {"CampaignArn": "{% $Target.CampaignArn %}"},
        assign={
            "Serves": "{% $states.result.Campaign.SolutionVersionArn %}",
            "Is": "{% $states.result.Campaign.Status %}",
            "Held": "{% $merge([$states.result.Campaign.CampaignConfig]) %}",
            "Elsewhere": "{% $not($contains($states.result.Campaign.SolutionVersionArn,"
            " $Target.SolutionArn & '/')) %}",
            "Update": "{% $states.result.Campaign.LatestCampaignUpdate.Status"
            " ? $states.result.Campaign.LatestCampaignUpdate.Status : 'ACTIVE' %}",
        },
    )
    describe = personalize_call(
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
        "deployment",
        describe,
        active="$count($Status[$ != 'ACTIVE']) = 0",
        # One whose creation failed stays so until the update that mends it is over.
        failed="$count($Status[$contains($, 'FAILED')]) > 0"
        " and $count($Status[$contains($, 'PENDING') or $contains($, 'PROGRESS')]) = 0",
        reason="$Reason",
        done=deployed,
    )
    up_to_date = (
        Choice("Does it serve this version?")
        .when(
            # One that follows its solution by itself is moved by the service, but for another
            # solution in the place of the old one.
            "($Target.Follows ? $Elsewhere : $Serves != $Target.SolutionVersionArn)"
            " or $contains($Is, 'FAILED')",
            update,
        )
        # An update that failed stays on record for good: it says nothing about this version.
        .when("$Is = 'ACTIVE' and $Update in ['ACTIVE', 'CREATE FAILED']", deployed)
        .otherwise(wait)
    )
    find.catch(NOT_FOUND, create)
    # The deployment of the stack may have been faster: then the campaign is there after all.
    create.catch(ALREADY_EXISTS, find)
    chain(update, wait)
    chain(create, wait)
    return chain(target, find, up_to_date)


def _recommend() -> State:
    """Create a recommender that is not there, and wait for one that is in the making.

    One whose creation failed, for too little data perhaps, is deleted and created anew: nothing
    else mends it.
    """
    target = Pass("Remember the recommender", assign={"Target": "{% $states.input %}"})
    arn = {"RecommenderArn": "{% $Target.RecommenderArn %}"}
    find = personalize_call(
        "Find the recommender",
        "describeRecommender",
        arn,
        assign={"Is": "{% $states.result.Recommender.Status %}"},
    )
    create = personalize_call(
        "Create the recommender",
        "createRecommender",
        "{% $Target.Request %}",
        wait_while=IN_USE,
    )
    describe = personalize_call(
        "Describe the recommender",
        "describeRecommender",
        arn,
        assign={
            "Status": "{% $states.result.Recommender.Status %}",
            "Reason": _reason("Recommender.FailureReason"),
        },
    )
    serving = outcome("Recommending", arn)
    # A recommender that was stopped is let be.
    settled = "['ACTIVE', 'INACTIVE']"
    wait = poll(
        "recommender",
        describe,
        active=f"$Status in {settled}",
        failed="$contains($Status, 'FAILED')",
        reason="$Reason",
        done=serving,
    )
    delete = personalize_call("Delete the recommender", "deleteRecommender", arn, wait_while=IN_USE)
    look = personalize_call("Is the recommender gone?", "describeRecommender", arn)
    gone = poll_until_gone("deletion of the recommender", look, then=create)
    is_there = (
        Choice("Is it there already?")
        .when(f"$Is in {settled}", serving)
        .when("$Is = 'CREATE FAILED'", delete)
        .when("$contains($Is, 'DELETE')", gone)
        .otherwise(wait)
    )
    find.catch(NOT_FOUND, create)
    # The deployment of the stack may have been faster.
    create.catch(ALREADY_EXISTS, wait)
    chain(create, wait)
    delete.catch(NOT_FOUND, create)
    chain(delete, gone)
    return chain(target, find, is_there)
