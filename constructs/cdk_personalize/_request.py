"""Between the properties of constructs and the requests of the API, which the rules judge."""

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from aws_cdk import Token

from cdk_personalize._tokens import is_token

# What the members of the API are called as properties.
_PROPERTIES = {
    "categoricalHyperParameterRanges": "hpo_ranges",
    "continuousHyperParameterRanges": "hpo_ranges",
    "enableMetadataWithRecommendations": "enable_metadata_with_recommendations",
    "eventParametersList": "events_config",
    "eventType": "event_type",
    "eventValueThreshold": "event_value_threshold",
    "eventsConfig": "events_config",
    "excludedDatasetColumns": "excluded_columns",
    "explorationItemAgeCutOff": "exploration_item_age_cut_off",
    "explorationWeight": "exploration_weight",
    "hpoConfig": "hpo_ranges",
    "includedDatasetColumns": "included_columns",
    "integerHyperParameterRanges": "hpo_ranges",
    "itemAttribute": "item_attribute",
    "itemExplorationConfig": "exploration",
    "itemName": "theme_item_name_column",
    "maxNumberOfTrainingJobs": "max_number_of_training_jobs",
    "maxParallelTrainingJobs": "max_parallel_training_jobs",
    "minProvisionedTPS": "min_provisioned_tps",
    "minRecommendationRequestsPerSecond": "min_recommendation_requests_per_second",
    "numResults": "num_results",
    "optimizationObjective": "optimization_objective",
    "performHPO": "perform_hpo",
    "performIncrementalUpdate": "perform_incremental_update",
    "rankingInfluence": "ranking_influence",
    "trainingDataConfig": "a choice of columns",
    "trainingMode": "training_mode",
}
_MEMBER = re.compile(rf"\b({'|'.join(_PROPERTIES)})\b")


def known(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return what is known at synth: each token in `value` is None, as the rules take it."""
    if isinstance(value, Mapping):
        return {name: known(member) for name, member in value.items() if not is_token(name)}
    if isinstance(value, list | tuple):
        return [known(member) for member in value]
    if value is None or isinstance(value, bool):
        return value
    return None if is_token(value) else value


def in_properties(findings: Iterable[str]) -> list[str]:
    """Return findings of the rules in the words of the construct, where they have the API's."""
    return [_MEMBER.sub(lambda found: _PROPERTIES[found[1]], finding) for finding in findings]


def refuse(findings: Sequence[str]) -> None:
    """Raise all findings as one error; return if there is none.

    Raises:
        ValueError: If there is one.
    """
    if findings:
        raise ValueError("; ".join(findings))


def as_text(number: float | None) -> str | None:
    """Return a number as the API takes some of them: as text."""
    if number is None or is_token(number):
        return None if number is None else Token.as_string(number)
    # Every digit counts, and none of the numbers of the API is written with an exponent.
    digits = format(Decimal(repr(number)), "f")
    return digits.removesuffix(".0")


def without_none(members: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members that are said."""
    return {name: value for name, value in members.items() if value is not None}
