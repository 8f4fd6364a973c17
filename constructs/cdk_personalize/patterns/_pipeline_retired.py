"""The part of a round that deletes solutions which the stack has replaced and nothing serves.

A replaced solution that a campaign still served bears a tag with the name of its stack; by now the
campaign may have moved. What goes wrong here is no failure of the round: the next one, the next
deployment and the deletion of the stack look again.
"""

from aws_cdk import Aws
from aws_cdk import aws_stepfunctions as sfn

from cdk_personalize._provider import RETIRED_TAG
from cdk_personalize.patterns._pipeline_steps import PipelineSteps
from cdk_personalize.patterns._pipeline_tasks import condition, personalize_call

_MOST_SOLUTIONS = 100  # of a page; a dataset group has ten


def delete_retired(steps: PipelineSteps, then: sfn.IChainable) -> sfn.IChainable:
    """Return the states that delete what is retired and serves no more, and then go on."""
    scope = steps.scope
    find = personalize_call(
        scope,
        "Find the solutions",
        "listSolutions",
        {"DatasetGroupArn": "{% $Plan.DatasetGroupArn %}", "MaxResults": _MOST_SOLUTIONS},
        assign={
            "Undeclared": "{% [$states.result.Solutions.SolutionArn"
            "[$not($ in $Plan.Models.SolutionArn)]] %}"
        },
    )
    each = steps.for_each(
        "undeclared solution",
        "{% $Undeclared %}",
        variable="SolutionArn",
        at_once=1,
    )
    each.item_processor(_solution(steps))
    for step in (find, each):
        step.add_catch(then, errors=["States.ALL"])
    return find.next(each).next(then)


def _solution(steps: PipelineSteps) -> sfn.IChainable:
    scope = steps.scope
    remember = sfn.Pass.jsonata(
        scope, "Remember the old solution", assign={"Old": "{% $states.input.SolutionArn %}"}
    )
    # The policy lets the tags of what this stack retired be read, and of no other solution: that
    # is refused with the error that throttling has, so nothing is tried again.
    tags = personalize_call(
        scope,
        "Was it retired?",
        "listTagsForResource",
        {"ResourceArn": "{% $Old %}"},
        assign={
            "Retired": "{% $count($states.result.Tags[TagKey = "
            f"'{RETIRED_TAG}' and TagValue = '{Aws.STACK_NAME}']) > 0 %}}"
        },
        try_again=False,
    )
    campaigns = personalize_call(
        scope,
        "Does it serve?",
        "listCampaigns",
        {"SolutionArn": "{% $Old %}"},
        assign={"Serving": "{% $count($states.result.Campaigns) > 0 %}"},
    )
    delete = personalize_call(
        scope, "Delete the old solution", "deleteSolution", {"SolutionArn": "{% $Old %}"}
    )
    kept = sfn.Pass.jsonata(scope, "Kept", outputs={"SolutionArn": "{% $Old %}"})
    for step in (tags, campaigns, delete):
        step.add_catch(kept, errors=["States.ALL"])
    remember.next(tags).next(
        sfn.Choice.jsonata(scope, "Is it ours to delete?")
        .when(condition("$Retired"), campaigns)
        .otherwise(kept)
    )
    campaigns.next(
        sfn.Choice.jsonata(scope, "Can it go?").when(condition("$Serving"), kept).otherwise(delete)
    )
    delete.next(sfn.Pass.jsonata(scope, "Let go"))
    return remember
