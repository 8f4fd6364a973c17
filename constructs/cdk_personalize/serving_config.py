"""How what is trained is to answer: the rules of campaigns, recommenders and batch inference jobs.

The configurations are `campaignConfig`, `recommenderConfig` and `batchInferenceJobConfig`, which
have members in common; which recipe takes which is from the pages that `Feature` names. Pure
Python, and told as `solution_config` is: what is None is there and not known yet.
"""

from collections.abc import Collection

from cdk_personalize.avro_schema import DatasetType, Domain
from cdk_personalize.recipe import Feature, ServiceRecipe
from cdk_personalize.solution_config import number_of
from cdk_personalize.training_data import Config
from cdk_personalize.use_case import UseCase

LATEST = "/$LATEST"
"""What follows the ARN of a solution that stands for its newest version."""
RANKING_FACTORS = ("POPULARITY", "FRESHNESS")

_FEATURES = {
    "itemExplorationConfig": Feature.EXPLORATION,
    "rankingInfluence": Feature.RANKING_INFLUENCE,
}
_EXPLORATION = ("explorationWeight", "explorationItemAgeCutOff")


def findings(config: Config, recipe: ServiceRecipe | None) -> list[str]:
    """Return all that is wrong with how to answer, whatever data there is; none if it is fine.

    Args:
        config: A `campaignConfig`, `recommenderConfig` or `batchInferenceJobConfig`.
        recipe: The recipe or use case, None if it is not known.
    """
    found = []
    if recipe is not None:
        for member, feature in _FEATURES.items():
            if member in config:
                found += recipe.findings_of_feature(feature, member)
    return [
        *found,
        *_findings_of_exploration(config),
        *_findings_of_influence(config),
        *findings_of_throughput(
            "minRecommendationRequestsPerSecond", config.get("minRecommendationRequestsPerSecond")
        ),
    ]


def findings_of_data(
    config: Config, dataset_types: Collection[DatasetType], *, complete: bool
) -> list[str]:
    """Return which data there must be to answer so, and is not (update-campaigns).

    Args:
        config: A `campaignConfig` or `recommenderConfig`.
        dataset_types: The types of the datasets of the group.
        complete: Whether those are all of its datasets.
    """
    wants_metadata = config.get("enableMetadataWithRecommendations")
    if not wants_metadata or not complete or DatasetType.ITEMS in dataset_types:
        return []
    return ["enableMetadataWithRecommendations needs an Items dataset in the dataset group"]


def findings_of_throughput(member: str, requests_per_second: float | None) -> list[str]:
    """Return what is wrong with the requests a second that are always provided for.

    Args:
        member: What they are called: `minProvisionedTPS`, for example.
        requests_per_second: How many.
    """
    if requests_per_second is None or (
        requests_per_second >= 1 and requests_per_second == int(requests_per_second)
    ):
        return []
    return [f"{member} must be a whole number of at least 1, got {requests_per_second}"]


def findings_of_influence(member: str, influence: float | None) -> list[str]:
    """Return what is wrong with how much a factor counts in a ranking.

    Args:
        member: The factor.
        influence: How much.
    """
    if influence is None or 0 <= influence <= 1:
        return []
    return [f"the influence of {member} must be from 0 to 1, got {influence:g}"]


def findings_of_deployment(recipe: ServiceRecipe) -> list[str]:
    """Return why a campaign cannot serve a recipe: it answers in real time."""
    if recipe.type.is_real_time:
        return []
    return [
        f"a campaign answers in real time; {recipe} segments users, which batch segment jobs do"
    ]


def findings_of_version(config: Config, solution_version_arn: str) -> list[str]:
    """Return what is wrong with what a campaign is told to serve.

    Args:
        config: A `campaignConfig`.
        solution_version_arn: The `solutionVersionArn` of the request.
    """
    if not config.get("syncWithLatestSolutionVersion") or solution_version_arn.endswith(LATEST):
        return []
    return [
        "syncWithLatestSolutionVersion needs the solutionVersionArn in the form"
        f" <ARN of the solution>{LATEST}, got {solution_version_arn}"
    ]


def findings_of_domain(use_case: UseCase, domain: Domain | str | None) -> list[str]:
    """Return why a dataset group can have no recommender for a use case.

    Args:
        use_case: The use case.
        domain: The domain of the dataset group, None if it is custom.
    """
    if domain == use_case.domain:
        return []
    its_own = f"is of {domain}" if domain else "has no domain, and so no recommenders"
    return [f"{use_case} is of the domain {use_case.domain}; the dataset group {its_own}"]


def metadata_costs_extra(config: Config, recipe: ServiceRecipe | None) -> bool:
    """Tell whether metadata in answers is paid for; some recipes have it for nothing (campaigns).

    Args:
        config: A `campaignConfig` or `recommenderConfig`.
        recipe: The recipe or use case, None if it is not known.
    """
    is_free = recipe is not None and recipe.supports(Feature.METADATA)
    return bool(config.get("enableMetadataWithRecommendations")) and not is_free


def _findings_of_exploration(config: Config) -> list[str]:
    found = []
    for member, text in config.get("itemExplorationConfig", {}).items():
        if member not in _EXPLORATION:
            found.append(f"itemExplorationConfig has {' and '.join(_EXPLORATION)}, got {member}")
            continue
        if text is None:
            continue
        number = number_of(text)
        if member == "explorationWeight" and not (number is not None and 0 <= number <= 1):
            found.append(f"explorationWeight must be from 0 to 1, got {text}")
        if member == "explorationItemAgeCutOff" and not (number is not None and number >= 1):
            found.append(
                f"explorationItemAgeCutOff must be a number of days, at least 1, got {text}"
            )
    return found


def _findings_of_influence(config: Config) -> list[str]:
    found = []
    for factor, influence in config.get("rankingInfluence", {}).items():
        if factor not in RANKING_FACTORS:
            known = " and ".join(RANKING_FACTORS)
            found.append(f"rankingInfluence has {known}, got {factor}")
        else:
            found += findings_of_influence(factor, influence)
    return found
