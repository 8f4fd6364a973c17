"""The part of a round that deletes solutions which the stack has replaced and nothing serves.

A replaced solution that a campaign still served bears a tag with the name of its stack; by now the
campaign may have moved. What goes wrong here is no failure of the round: the next one, the next
deployment and the deletion of the stack look again.
"""

from aws_cdk import Aws

from cdk_personalize._provider import RETIRED_TAG
from cdk_personalize.patterns._pipeline_steps import for_each
from cdk_personalize.patterns._pipeline_tasks import outcome, personalize_call
from cdk_personalize.patterns._state_language import ALL_ERRORS, Choice, Pass, State, chain

_MOST_SOLUTIONS = 100  # of a page; a dataset group has ten


def delete_retired(then: State) -> State:
    """Return the states that delete what is retired and serves no more, and then go on."""
    find = personalize_call(
        "Find the solutions",
        "listSolutions",
        {"DatasetGroupArn": "{% $Plan.DatasetGroupArn %}", "MaxResults": _MOST_SOLUTIONS},
        assign={
            "Undeclared": "{% [$states.result.Solutions.SolutionArn"
            "[$not($ in $Plan.Models.SolutionArn)]] %}"
        },
    )
    each = for_each(
        "undeclared solution",
        "{% $Undeclared %}",
        _solution(),
        variable="SolutionArn",
        at_once=1,
    )
    for step in (find, each):
        step.catch(ALL_ERRORS, then)
    return chain(find, each, then)


def _solution() -> State:
    remember = Pass("Remember the old solution", assign={"Old": "{% $states.input.SolutionArn %}"})
    # The policy lets the tags of what this stack retired be read, and of no other solution: that
    # is refused with the error that throttling has, so nothing is tried again.
    tags = personalize_call(
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
        "Does it serve?",
        "listCampaigns",
        {"SolutionArn": "{% $Old %}"},
        assign={"Serving": "{% $count($states.result.Campaigns) > 0 %}"},
    )
    delete = personalize_call(
        "Delete the old solution", "deleteSolution", {"SolutionArn": "{% $Old %}"}
    )
    kept = outcome("Kept", {"SolutionArn": "{% $Old %}"})
    for step in (tags, campaigns, delete):
        step.catch(ALL_ERRORS, kept)
    is_ours = Choice("Is it ours to delete?").when("$Retired", campaigns).otherwise(kept)
    can_go = Choice("Can it go?").when("$Serving", kept).otherwise(delete)
    chain(campaigns, can_go)
    chain(delete, outcome("Let go"))
    return chain(remember, tags, is_ours)
