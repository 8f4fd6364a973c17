"""The runtime endpoint: recommendations, rankings and next best actions, in real time."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from cdk_personalize.avro_schema import DatasetType
from cdk_personalize.recipe import Feature, RecipeType, ServiceRecipe
from personalize_emulator.backend import Backend
from personalize_emulator.caller import Caller
from personalize_emulator.data.recommendation_journal import RecommendationJournal
from personalize_emulator.errors import InvalidInputError
from personalize_emulator.models import ScoredItem
from personalize_emulator.serving import Deployment, Serving
from personalize_emulator.store import Document

_DEFAULT_RESULTS = 25
_DEFAULT_ACTIONS = 5

_PROMOTED = "Promoted item"
_PLACEHOLDER = "Popular item"  # the reason of an item that has no score for the user

_ASKED_BY: Mapping[RecipeType, str] = {
    RecipeType.PERSONALIZED_RANKING: "GetPersonalizedRanking",
    RecipeType.PERSONALIZED_ACTIONS: "GetActionRecommendations",
}


class Runtime:
    """The operations of `personalize-runtime`."""

    def __init__(self, backend: Backend) -> None:
        """Stand on the shared parts."""
        self._backend = backend
        self._quotas = backend.quotas
        self._serving = Serving(backend)
        self._journal = RecommendationJournal(backend.store)

    def get_recommendations(self, request: Document, caller: Caller) -> Document:
        """Recommend items to a user, or to go with an item."""
        if ("campaignArn" in request) == ("recommenderArn" in request):
            msg = "Either campaignArn or recommenderArn must be given."
            raise InvalidInputError(msg)
        if "recommenderArn" in request:
            deployment = self._serving.recommender(request["recommenderArn"], caller)
        else:
            deployment = self._serving.campaign(request["campaignArn"], caller)
        _require_operation(deployment, "GetRecommendations")
        recipe = deployment.recipe
        _require(request, "userId", recipe, recipe.needs_user)
        _require(request, "itemId", recipe, recipe.needs_item)
        columns = self._metadata_columns(request, deployment)
        results = int(request.get("numResults", 0)) or _DEFAULT_RESULTS
        self._require_at_most(results, "numResults", with_metadata=bool(columns))
        promoted = self._promoted(request, deployment, results)
        scored = self._serving.recommend(
            deployment, request, num_results=results + len(promoted) if promoted else results
        )
        names = {entry.item_id: request["promotions"][0].get("name") for entry in promoted}
        others = [entry for entry in scored if entry.item_id not in names]
        scored = self._mixed(request, promoted, others[: results - len(promoted)])
        items = [
            {
                **self._item(entry, deployment, columns),
                **_promotion(entry, names, recipe),
            }
            for entry in scored
        ]
        return {"itemList": items, "recommendationId": self._noted(deployment, scored)}

    def get_personalized_ranking(self, request: Document, caller: Caller) -> Document:
        """Put items in the order in which a user will like them; unknown ones come last."""
        deployment = self._serving.campaign(request["campaignArn"], caller)
        _require_operation(deployment, "GetPersonalizedRanking")
        _require(request, "userId", deployment.recipe, needed=True)
        columns = self._metadata_columns(request, deployment)
        wanted = list(dict.fromkeys(request["inputList"]))
        self._require_at_most(len(wanted), "inputList", with_metadata=bool(columns))
        scored = self._serving.recommend(
            deployment, request, num_results=len(wanted), input_list=wanted
        )
        return {
            "personalizedRanking": [self._item(entry, deployment, columns) for entry in scored],
            "recommendationId": self._noted(deployment, scored),
        }

    def get_action_recommendations(self, request: Document, caller: Caller) -> Document:
        """Recommend the actions that a user will most likely take."""
        if "campaignArn" not in request:
            msg = "campaignArn must be given."
            raise InvalidInputError(msg)
        deployment = self._serving.campaign(request["campaignArn"], caller)
        _require_operation(deployment, "GetActionRecommendations")
        _require(request, "userId", deployment.recipe, needed=True)
        results = int(request.get("numResults", 0)) or _DEFAULT_ACTIONS
        most = self._quotas.action_results
        if most is not None and results > most:
            msg = f"numResults must be at most {most}, got {results}."
            raise InvalidInputError(msg)
        scored = self._serving.actions(deployment, request, num_results=results)
        return {
            "actionList": [{"actionId": entry.item_id, "score": entry.score} for entry in scored],
            "recommendationId": self._noted(deployment, scored),
        }

    def _promoted(
        self, request: Document, deployment: Deployment, results: int
    ) -> Sequence[ScoredItem]:
        """The items that a promotion puts into the answer, instead of a part of the others.

        See the developer guide's page promoting-items. How a share that is no whole number of
        items is rounded is not documented; here it is to the nearest, and to one item at least.
        """
        promotions = request.get("promotions", [])
        if not promotions:
            return ()
        if not deployment.recipe.supports(Feature.PROMOTIONS):
            msg = f"{deployment.recipe} supports no promotions."
            raise InvalidInputError(msg)
        (promotion,) = promotions
        for member in ("filterArn", "percentPromotedItems"):
            if member not in promotion:
                msg = f"A promotion needs its {member}."
                raise InvalidInputError(msg)
        others = {key: value for key, value in request.items() if not key.startswith("filter")}
        filtered = {
            key: promotion[key] for key in ("filterArn", "filterValues") if key in promotion
        }
        share = max(1, round(results * promotion["percentPromotedItems"] / 100))
        return self._serving.recommend(deployment, {**others, **filtered}, num_results=share)

    def _mixed(
        self, request: Document, promoted: Sequence[ScoredItem], others: Sequence[ScoredItem]
    ) -> list[ScoredItem]:
        """Put the promoted items anywhere among the others; the order among each stays.

        The guide: "positioned randomly relative to other recommended items, but in sorted order
        relative to other promoted items". The same request is answered alike.
        """
        seed = (self._backend.seed, request.get("userId"), request.get("itemId"))
        total = len(promoted) + len(others)
        places = set(random.Random(repr(seed)).sample(range(total), len(promoted)))
        first, second = iter(promoted), iter(others)
        return [next(first if place in places else second) for place in range(total)]

    def _noted(self, deployment: Deployment, scored: Sequence[ScoredItem]) -> str:
        """Keep a list, so that events can name it, and return its id."""
        entries = [entry.item_id for entry in scored]
        return self._journal.add(deployment.arn, entries, at=self._backend.now())

    def _item(self, entry: ScoredItem, deployment: Deployment, columns: Sequence[str]) -> Document:
        item: Document = {"itemId": entry.item_id}
        if deployment.recipe.supports(Feature.SCORES) and _PLACEHOLDER not in entry.reasons:
            item["score"] = entry.score
        if columns:
            record = self._serving.records(deployment, DatasetType.ITEMS).get(entry.item_id, {})
            item["metadata"] = {
                column: str(record[column]) for column in columns if record.get(column) is not None
            }
        if entry.reasons and deployment.recipe.supports(Feature.REASONS):
            item["reason"] = list(entry.reasons)
        return item

    def _metadata_columns(self, request: Document, deployment: Deployment) -> Sequence[str]:
        wanted: Mapping[str, Sequence[str]] = request.get("metadataColumns", {})
        for dataset_type, columns in wanted.items():
            if dataset_type.upper() != DatasetType.ITEMS.arn_segment:
                msg = f"metadataColumns are of ITEMS, not of {dataset_type}."
                raise InvalidInputError(msg)
            if not deployment.recipe.supports(Feature.METADATA) and not deployment.config.get(
                "enableMetadataWithRecommendations"
            ):
                msg = (
                    f"{deployment.arn} answers no metadata:"
                    " enableMetadataWithRecommendations is not set."
                )
                raise InvalidInputError(msg)
            most = self._quotas.metadata_columns
            if most is not None and len(columns) > most:
                msg = f"At most {most} metadata columns can be asked for, got {len(columns)}."
                raise InvalidInputError(msg)
            known = self._serving.columns(deployment, DatasetType.ITEMS)
            for column in columns:
                if column not in known:
                    msg = f"metadataColumns names {column}, which is no column of Items."
                    raise InvalidInputError(msg)
            return columns
        return ()

    def _require_at_most(self, number: int, member: str, *, with_metadata: bool) -> None:
        most = self._quotas.results_with_metadata if with_metadata else self._quotas.results
        if most is not None and number > most:
            with_what = " with metadata" if with_metadata else ""
            msg = f"{member} must be at most {most}{with_what}, got {number}."
            raise InvalidInputError(msg)


def _promotion(
    entry: ScoredItem, names: Mapping[str, str | None], recipe: ServiceRecipe
) -> Document:
    """What an item of the answer says of the promotion that it is there for."""
    if entry.item_id not in names:
        return {}
    said: Document = {}
    if names[entry.item_id] is not None:
        said["promotionName"] = names[entry.item_id]
    if recipe.supports(Feature.REASONS):
        said["reason"] = [*entry.reasons, _PROMOTED]
    return said


def _require_operation(deployment: Deployment, operation: str) -> None:
    expected = _ASKED_BY.get(deployment.recipe.type, "GetRecommendations")
    if expected != operation:
        msg = f"{deployment.arn} is of {deployment.recipe}: ask it by {expected}."
        raise InvalidInputError(msg)


def _require(request: Document, member: str, recipe: ServiceRecipe, needed: bool) -> None:
    if needed and not request.get(member):
        msg = f"{member} must be given: {recipe} needs it."
        raise InvalidInputError(msg)
