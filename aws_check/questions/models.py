"""Solutions and campaigns before there are data, versions or events."""

from __future__ import annotations

from botocore.exceptions import ClientError

from aws_check.finding import Confidence, Finding, Question, Verdict
from aws_check.probe import Probe, refusal_of
from demo.progress import DemoError

_RECIPES = ("aws-similar-items", "aws-user-personalization-v2")


def campaign_before_a_version(probe: Probe) -> Finding:
    """Create a campaign of a solution that has never been trained."""
    solution = _solution(probe)
    try:
        arn = probe.begin(
            "campaign",
            name=probe.name("campaign"),
            solutionVersionArn=f"{solution}/$LATEST",
            campaignConfig={"syncWithLatestSolutionVersion": True},
        )
    except ClientError as error:
        return Finding("no, CreateCampaign is refused", Verdict.CONFIRMS, [refusal_of(error)])
    status = probe.describe("campaign", arn)["status"]
    return Finding(
        "yes, CreateCampaign is accepted", Verdict.CONTRADICTS, [f"created {arn}, now {status}"]
    )


def solution_before_data(probe: Probe) -> Finding:
    """Create solutions in a group without a dataset, and with one that is empty."""
    group = probe.dataset_group()
    evidence = [f"no dataset: {_attempt(probe, group, recipe)}" for recipe in _RECIPES]
    probe.interactions(group)
    with_dataset = [f"empty dataset: {_attempt(probe, group, recipe)}" for recipe in _RECIPES]
    accepted = [": created " in each for each in with_dataset]
    answer = {True: "yes", False: "no"}.get(all(accepted)) if len({*accepted}) == 1 else "some do"
    return Finding(
        f"{answer}, with an empty dataset of interactions",
        Verdict.CONFIRMS if all(accepted) else Verdict.OPEN,
        evidence + with_dataset,
    )


def empty_event_parameters(probe: Probe) -> Finding:
    """Give a solution weights of events, then take all of them away."""
    parameters = [{"eventType": "Purchase", "weight": 1.0}, {"eventType": "View", "weight": 0.5}]
    solution = _solution(probe, {"eventsConfig": {"eventParametersList": parameters}})
    empty: dict[str, object] = {"eventsConfig": {"eventParametersList": []}}
    answer = probe.refusal(
        lambda: probe.personalize.update_solution(solutionArn=solution, solutionUpdateConfig=empty)
    )
    if not answer.startswith("accepted"):
        return Finding("an empty list is refused", Verdict.CONTRADICTS, [answer])
    described = probe.settle("solution", solution)
    evidence = [
        answer,
        f"latestSolutionUpdate: {described.get('latestSolutionUpdate')}",
        f"solutionConfig: {described.get('solutionConfig')}",
    ]
    failed = described.get("latestSolutionUpdate", {}).get("status") == "CREATE FAILED"
    return Finding(
        "the update fails" if failed else "an empty list is accepted",
        Verdict.CONTRADICTS if failed else Verdict.CONFIRMS,
        evidence,
    )


def floor_of_v2_campaigns(probe: Probe) -> Finding:
    """Read the price list; whether the floor holds is for the bill to say."""
    how = (
        "whether the floor of 1 TPS is billed for v2 recipes shows the day after in Cost Explorer,"
        " which costs $0.01 a request: aws ce get-cost-and-usage --granularity DAILY --metrics"
        " UnblendedCost UsageQuantity --time-period Start=DAY,End=NEXT_DAY --group-by"
        " Type=DIMENSION,Key=USAGE_TYPE --filter"
        ' \'{"Dimensions":{"Key":"SERVICE","Values":["Amazon Personalize"]}}\''
    )
    try:
        pricing = probe.client("pricing", region_name="us-east-1")
        services = pricing.describe_services(ServiceCode="AmazonPersonalize")["Services"]
        pages = pricing.get_paginator("get_products").paginate(
            ServiceCode=services[0]["ServiceCode"],
            Filters=[
                {"Type": "TERM_MATCH", "Field": "regionCode", "Value": probe.cloud.region},
            ],
        )
        listed = [entry for page in pages for entry in page["PriceList"]]
    except ClientError as error:
        return Finding.not_answered(f"the price list cannot be read: {refusal_of(error)}", [how])
    return Finding(
        f"the price list has {len(listed)} entries for this region; the bill has to tell the rest",
        Verdict.OPEN,
        [how, *map(str, listed)],
        Confidence.PARTLY,
    )


def _solution(probe: Probe, config: dict[str, object] | None = None) -> str:
    return probe.create(
        "solution",
        name=probe.name("solution"),
        datasetGroupArn=probe.group_arn,
        recipeArn=probe.recipe("aws-user-personalization-v2"),
        performAutoTraining=False,
        **({"solutionConfig": config} if config else {}),
    )


def _attempt(probe: Probe, group: str, recipe: str) -> str:
    try:
        arn = probe.begin(
            "solution",
            name=probe.name("solution"),
            datasetGroupArn=group,
            recipeArn=probe.recipe(recipe),
            performAutoTraining=False,
        )
    except ClientError as error:
        return f"{recipe}: {refusal_of(error)}"
    try:
        status = probe.settle("solution", arn)["status"]
    except DemoError as error:
        return f"{recipe}: {error}"
    return f"{recipe}: created {arn}, then {status}"


LATEST_BEFORE_A_VERSION = Question(
    text="Does a campaign of <solution>/$LATEST work before a version is ACTIVE?",
    method="a solution without versions on the demo's data, and CreateCampaign with its $LATEST",
    cost="nothing if it is refused; else a campaign for some minutes",
    assumed="it does not, so campaigns are left to the pipeline until there is a version",
    ask=campaign_before_a_version,
)
SOLUTION_BEFORE_DATA = Question(
    text="Does CreateSolution succeed before the interactions hold data?",
    method="solutions of two recipes, without automatic training, before and after an empty"
    " dataset of interactions is there",
    cost="nothing",
    assumed="it does; where it does not, the provider leaves the solution to the pipeline",
    ask=solution_before_data,
)
EMPTY_EVENT_PARAMETERS = Question(
    text="What does UpdateSolution answer to an empty eventParametersList?",
    method="a solution of a v2 recipe with weights of events, updated to an empty list",
    cost="nothing",
    assumed="an empty list takes the weights away: the provider sends it when none are left",
    ask=empty_event_parameters,
)
FLOOR_OF_V2 = Question(
    text="What does the floor of an idle campaign of a v2 recipe cost?",
    method="the price list of AWS for Amazon Personalize",
    cost="nothing",
    assumed="$0.54 an hour, if the floor of 1 TPS holds at the price of requests",
    ask=floor_of_v2_campaigns,
)
