"""The values that say how campaigns, recommenders and batch inference jobs answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from aws_cdk import Annotations
from constructs import Construct

from cdk_personalize._request import as_text, known, refuse, without_none
from cdk_personalize._tokens import is_token
from cdk_personalize.recipe import Feature, Recipe, ServiceRecipe
from cdk_personalize.serving_config import findings_of_influence, metadata_costs_extra

COST_OF_CAMPAIGN = (
    "about 144 USD a month for each at the list price of the older recipes, and up to 389 USD at"
    " that of the v2 recipes"
)
"""What a request a second costs that a campaign always provides for, of us-east-1.

An hour of it is 0.20 USD with the older recipes. With those of version 2, 1,000 requests are 0.15
USD; whether the minimum is billed the same is not said (https://aws.amazon.com/personalize/pricing/
as third parties quote it in 2026, in months of 720 hours).
"""
_FREE_OF_RECOMMENDER = 4_000
_COST_OF_RECOMMENDER = 0.0833 / 1_000
_HOURS_OF_MONTH = 720


@dataclass(frozen=True, slots=True)
class RankingInfluence:
    """How much more than similarity counts in a ranking; for aws-semantic-similarity alone.

    Example:
        ```python
        RankingInfluence.of(popularity=0.5, freshness=0.2)
        ```
    """

    popularity: float | None = None
    freshness: float | None = None

    @classmethod
    def of(cls, *, popularity: float | None = None, freshness: float | None = None) -> Self:
        """Return how much each factor counts.

        Args:
            popularity: How much it counts that many users have an item, 0 to 1 (default: what the
                service does).
            freshness: How much it counts that an item is new, 0 to 1 (default: what the service
                does).

        Raises:
            ValueError: If a number is refused.
        """
        refuse(
            [
                *findings_of_influence("popularity", known(popularity)),
                *findings_of_influence("freshness", known(freshness)),
            ]
        )
        return cls(popularity, freshness)

    def as_request(self) -> dict[str, Any]:
        """Return the member `rankingInfluence`."""
        return without_none({"POPULARITY": self.popularity, "FRESHNESS": self.freshness})


def serving_config(
    *,
    enable_metadata_with_recommendations: bool | None,
    exploration_weight: float | None,
    exploration_item_age_cut_off: float | None,
) -> dict[str, Any]:
    """Return what a `campaignConfig` and a `recommenderConfig` have in common, as far as said."""
    return without_none(
        {
            "enableMetadataWithRecommendations": enable_metadata_with_recommendations,
            "itemExplorationConfig": exploration_config(
                exploration_weight, exploration_item_age_cut_off
            ),
        }
    )


def exploration_config(
    weight: float | None, item_age_cut_off: float | None
) -> dict[str, str] | None:
    """Return the member `itemExplorationConfig`, whose numbers are text, if anything is said."""
    members = {
        "explorationWeight": as_text(weight),
        "explorationItemAgeCutOff": as_text(item_age_cut_off),
    }
    return without_none(members) or None


def cost_of_recommender(requests_per_second: float) -> str:
    """Return what a recommender costs beyond its users for requests that it always provides for.

    The first 4,000 requests of an hour are free, the next cost 0.0833 USD per 1,000, for up to
    100,000 users in us-east-1 (https://aws.amazon.com/personalize/pricing/ as third parties quote
    it in 2026).
    """
    requests = requests_per_second * 3600
    paid = max(0.0, requests - _FREE_OF_RECOMMENDER)
    dollars = paid * _COST_OF_RECOMMENDER * _HOURS_OF_MONTH
    return (
        f"as {requests:.0f} requests an hour, those above {_FREE_OF_RECOMMENDER} at about"
        f" {dollars:.0f} USD a month at the list price for few users"
    )


def warn_of_throughput(
    scope: Construct, annotation: str, property_name: str, requests_per_second: float, cost: str
) -> None:
    """Warn of requests that are paid for whether they are asked or not."""
    if is_token(requests_per_second) or requests_per_second <= 1:
        return
    Annotations.of(scope).add_warning_v2(
        f"cdk-personalize:{annotation}",
        f"{property_name}={as_text(requests_per_second)} is billed every hour of the day, used or"
        f" not, {cost}; the service scales up by itself when there is more to do",
    )


def warn_of_metadata(
    scope: Construct, config: Mapping[str, Any], recipe: ServiceRecipe | None
) -> None:
    """Warn of metadata that is paid for."""
    if not metadata_costs_extra(config, recipe):
        return
    free = " and ".join(map(str, Recipe.supporting(Feature.METADATA)))
    whose = f"with {recipe}" if recipe is not None else f"unless the recipe is one of {free}"
    Annotations.of(scope).add_warning_v2(
        "cdk-personalize:metadataWithRecommendations",
        f"enable_metadata_with_recommendations=True costs extra for each request {whose}"
        " (https://aws.amazon.com/personalize/pricing/)",
    )
