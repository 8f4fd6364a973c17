"""Solutions that were replaced or removed while a campaign still served them.

The service deletes no solution that a campaign is based on, and the campaign moves only when the
pipeline has trained the new one, long after CloudFormation wants the old one gone. So the old one
is retired: it trains no more and bears a tag with the name of its stack, which the policy of the
functions knows, and is deleted when nothing serves it any longer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from personalize_runtime.observability import logger
from resource_provider.control_plane import (
    code_of,
    is_being_deleted,
    is_busy,
    stop_training,
    unless_missing,
)

if TYPE_CHECKING:
    from mypy_boto3_personalize import PersonalizeClient

TAG = "cdk-personalize:retired-by"


def campaigns_of(personalize: PersonalizeClient, solution_arn: str) -> list[dict[str, Any]]:
    """Return the campaigns that are based on a solution, those that are going away as well."""
    pages = personalize.get_paginator("list_campaigns").paginate(solutionArn=solution_arn)
    found = unless_missing(lambda: [c for page in pages for c in page["campaigns"]])
    return [dict(campaign) for campaign in found or []]


def retire(
    personalize: PersonalizeClient, solution_arn: str, stack: str, *, auto_training: bool
) -> None:
    """Let a solution be, until nothing serves it any longer."""
    stop_training(personalize, solution_arn)
    if auto_training:
        personalize.update_solution(solutionArn=solution_arn, performAutoTraining=False)
    personalize.tag_resource(resourceArn=solution_arn, tags=[{"tagKey": TAG, "tagValue": stack}])
    logger.warning("retired: a campaign still serves the solution", arn=solution_arn)


def is_retired(personalize: PersonalizeClient, solution_arn: str, stack: str) -> bool:
    """Tell whether a solution was retired by a stack."""
    try:
        answer = unless_missing(
            lambda: personalize.list_tags_for_resource(resourceArn=solution_arn)
        )
    except ClientError as error:
        # The policy lets the functions read the tags of what this stack retired, and no other.
        if code_of(error) == "AccessDeniedException":
            return False
        raise
    return answer is not None and {"tagKey": TAG, "tagValue": stack} in answer["tags"]


def reinstate(personalize: PersonalizeClient, solution_arn: str) -> None:
    """Take a retired solution back: the stack declares it again."""
    personalize.untag_resource(resourceArn=solution_arn, tagKeys=[TAG])


def delete_solution(personalize: PersonalizeClient, solution_arn: str) -> str | None:
    """Go on with the deletion of a solution; return what it waits for, if for anything."""
    answer = unless_missing(lambda: personalize.describe_solution(solutionArn=solution_arn))
    if answer is None:
        return None
    solution = answer["solution"]
    for status in (solution["status"], solution.get("latestSolutionUpdate", {}).get("status", "")):
        if is_being_deleted(status) or is_busy(status):
            return f"the solution {solution_arn} is {status}"
    if waiting := stop_training(personalize, solution_arn):
        return waiting
    unless_missing(lambda: personalize.delete_solution(solutionArn=solution_arn))
    return f"the solution {solution_arn} is being deleted"


def delete_retired(
    personalize: PersonalizeClient, dataset_group_arn: str, stack: str
) -> str | None:
    """Delete what a stack retired and nothing serves; return what that waits for, if anything."""
    pages = personalize.get_paginator("list_solutions").paginate(datasetGroupArn=dataset_group_arn)
    solutions = unless_missing(lambda: [s for page in pages for s in page["solutions"]]) or []
    waiting = None
    for solution in solutions:
        arn = solution["solutionArn"]
        if is_retired(personalize, arn, stack) and not campaigns_of(personalize, arn):
            waiting = delete_solution(personalize, arn) or waiting
    return waiting
