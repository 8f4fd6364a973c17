"""The runtime endpoint: recommendations and rankings, from what campaigns deploy."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

from cdk_personalize.avro_schema import DatasetType
from cdk_personalize.recipe import Recipe, RecipeType, ServiceRecipe
from personalize_emulator.backend import Backend
from personalize_emulator.caller import Caller
from personalize_emulator.errors import InvalidInputError, NotEmulatedError
from personalize_emulator.models import ScoredItem
from personalize_emulator.serving import Deployment, Serving
from personalize_emulator.store import Document

_DEFAULT_RESULTS = 25

# They know metadata without being told to; see the developer guide's page of campaigns.
_WITH_METADATA = (
    Recipe.USER_PERSONALIZATION_V2,
    Recipe.PERSONALIZED_RANKING_V2,
    Recipe.SEMANTIC_SIMILARITY,
)
_RANKING = RecipeType.PERSONALIZED_RANKING


class Runtime:
    """The operations of `personalize-runtime`."""

    def __init__(self, backend: Backend) -> None:
        """Stand on the shared parts."""
        self._serving = Serving(backend)
        self._quotas = backend.quotas

    def get_recommendations(self, request: Document, caller: Caller) -> Document:
        """Recommend items to a user, or to go with an item."""
        for part in ("recommenderArn", "promotions"):
            if part in request:
                raise NotEmulatedError(part)
        deployment = self._deployment(request, caller)
        recipe = deployment.recipe
        if recipe.type is _RANKING:
            msg = f"{deployment.arn} is of {recipe}: ask it by GetPersonalizedRanking."
            raise InvalidInputError(msg)
        _require(request, "userId", recipe, recipe.needs_user)
        _require(request, "itemId", recipe, recipe.needs_item)
        columns = self._metadata_columns(request, deployment)
        results = self._number_of_results(request, with_metadata=bool(columns))
        scored = self._serving.recommend(deployment, request, num_results=results)
        return {
            "itemList": self._items(scored, deployment, columns),
            "recommendationId": f"RID-{uuid.uuid4()}",
        }

    def get_personalized_ranking(self, request: Document, caller: Caller) -> Document:
        """Put items in the order in which a user will like them; unknown ones come last."""
        deployment = self._deployment(request, caller)
        recipe = deployment.recipe
        if recipe.type is not _RANKING:
            msg = f"{deployment.arn} is of {recipe}: ask it by GetRecommendations."
            raise InvalidInputError(msg)
        columns = self._metadata_columns(request, deployment)
        wanted = list(dict.fromkeys(request["inputList"]))
        self._require_at_most(len(wanted), "inputList", with_metadata=bool(columns))
        scored = self._serving.recommend(
            deployment, request, num_results=len(wanted), input_list=wanted
        )
        return {
            "personalizedRanking": self._items(scored, deployment, columns),
            "recommendationId": f"RID-{uuid.uuid4()}",
        }

    def _deployment(self, request: Document, caller: Caller) -> Deployment:
        if "campaignArn" not in request:
            msg = "campaignArn must be given."
            raise InvalidInputError(msg)
        return self._serving.campaign(request["campaignArn"], caller)

    def _items(
        self, scored: Sequence[ScoredItem], deployment: Deployment, columns: Sequence[str]
    ) -> list[Document]:
        if not columns:
            return [{"itemId": entry.item_id, "score": entry.score} for entry in scored]
        items = self._serving.records(deployment, DatasetType.ITEMS)
        return [
            {
                "itemId": entry.item_id,
                "score": entry.score,
                "metadata": {
                    column: str(items[entry.item_id][column])
                    for column in columns
                    if column in items.get(entry.item_id, {})
                },
            }
            for entry in scored
        ]

    def _metadata_columns(self, request: Document, deployment: Deployment) -> Sequence[str]:
        wanted: Mapping[str, Sequence[str]] = request.get("metadataColumns", {})
        for dataset_type, columns in wanted.items():
            if dataset_type.upper() != DatasetType.ITEMS.arn_segment:
                msg = f"metadataColumns are of ITEMS, not of {dataset_type}."
                raise InvalidInputError(msg)
            if deployment.recipe not in _WITH_METADATA and not deployment.config.get(
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
            return columns
        return ()

    def _number_of_results(self, request: Document, *, with_metadata: bool) -> int:
        results = int(request.get("numResults", 0)) or _DEFAULT_RESULTS
        self._require_at_most(results, "numResults", with_metadata=with_metadata)
        return results

    def _require_at_most(self, number: int, member: str, *, with_metadata: bool) -> None:
        most = self._quotas.results_with_metadata if with_metadata else self._quotas.results
        if most is not None and number > most:
            with_what = " with metadata" if with_metadata else ""
            msg = f"{member} must be at most {most}{with_what}, got {number}."
            raise InvalidInputError(msg)


def _require(request: Document, member: str, recipe: ServiceRecipe, needed: bool) -> None:
    if needed and not request.get(member):
        msg = f"{member} must be given: {recipe} needs it."
        raise InvalidInputError(msg)
