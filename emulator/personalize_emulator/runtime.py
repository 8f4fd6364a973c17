"""The runtime endpoint: recommendations and rankings, from what campaigns deploy."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from cdk_personalize.avro_schema import DatasetType
from cdk_personalize.filter_expression import FilterExpression, parse
from cdk_personalize.recipe import Recipe, RecipeType
from personalize_emulator.backend import Backend
from personalize_emulator.caller import Caller
from personalize_emulator.errors import (
    InvalidInputError,
    NotEmulatedError,
    ResourceNotFoundError,
)
from personalize_emulator.filtering import FilterEvaluator
from personalize_emulator.models import HistoryEvent, Model, Query, ScoredItem
from personalize_emulator.records import Record
from personalize_emulator.resources.dataset import dataset_of
from personalize_emulator.resources.recipe import recipe_of
from personalize_emulator.store import Document, Resource

_DEFAULT_RESULTS = 25

# They know metadata without being told to; see the developer guide's page of campaigns.
_WITH_METADATA = (
    Recipe.USER_PERSONALIZATION_V2,
    Recipe.PERSONALIZED_RANKING_V2,
    Recipe.SEMANTIC_SIMILARITY,
)
_RANKING = RecipeType.PERSONALIZED_RANKING


@dataclass(frozen=True)
class _Deployment:
    """What a campaign serves with at this moment."""

    campaign: Resource
    recipe: Recipe
    model: Model
    latest_event: int
    group_arn: str

    def dataset(self, dataset_type: DatasetType) -> str:
        return dataset_of(self.group_arn, dataset_type)


class Runtime:
    """The operations of `personalize-runtime`."""

    def __init__(self, backend: Backend) -> None:
        """Stand on the shared parts."""
        self._backend = backend
        self._store = backend.store
        self._quotas = backend.quotas

    def get_recommendations(self, request: Document, caller: Caller) -> Document:
        """Recommend items to a user, or to go with an item."""
        for part in ("recommenderArn", "promotions"):
            if part in request:
                raise NotEmulatedError(part)
        deployment = self._deployment(request, caller)
        recipe = deployment.recipe
        if recipe.type is _RANKING:
            msg = f"{deployment.campaign.arn} is of {recipe}: ask it by GetPersonalizedRanking."
            raise InvalidInputError(msg)
        _require(request, "userId", recipe, recipe.type.needs_user)
        _require(request, "itemId", recipe, recipe.type.needs_item)
        columns = self._metadata_columns(request, deployment)
        results = self._number_of_results(request, with_metadata=bool(columns))
        scored = self._recommend(request, deployment, num_results=results)
        return {
            "itemList": self._items(scored, deployment, columns),
            "recommendationId": f"RID-{uuid.uuid4()}",
        }

    def get_personalized_ranking(self, request: Document, caller: Caller) -> Document:
        """Put items in the order in which a user will like them; unknown ones come last."""
        deployment = self._deployment(request, caller)
        recipe = deployment.recipe
        if recipe.type is not _RANKING:
            msg = f"{deployment.campaign.arn} is of {recipe}: ask it by GetRecommendations."
            raise InvalidInputError(msg)
        columns = self._metadata_columns(request, deployment)
        wanted = list(dict.fromkeys(request["inputList"]))
        self._require_at_most(len(wanted), "inputList", with_metadata=bool(columns))
        scored = self._recommend(request, deployment, num_results=len(wanted), input_list=wanted)
        return {
            "personalizedRanking": self._items(scored, deployment, columns),
            "recommendationId": f"RID-{uuid.uuid4()}",
        }

    def _deployment(self, request: Document, caller: Caller) -> _Deployment:
        if "campaignArn" not in request:
            msg = "campaignArn must be given."
            raise InvalidInputError(msg)
        arn = request["campaignArn"]
        campaign = self._store.get(arn)
        if campaign is None or campaign.kind != "campaign" or campaign.caller != caller:
            raise ResourceNotFoundError(arn)
        if campaign.status != "ACTIVE":
            # The runtime has no ResourceInUseException.
            msg = f"The campaign {arn} is {campaign.status}; it must be ACTIVE."
            raise InvalidInputError(msg)
        version = self._store.get(campaign.document["solutionVersionArn"])
        model = self._backend.models.get(version.arn) if version else None
        if version is None or model is None:
            raise ResourceNotFoundError(campaign.document["solutionVersionArn"])
        return _Deployment(
            campaign=campaign,
            recipe=recipe_of(version.document["recipeArn"], caller),
            model=model,
            latest_event=version.document["latestEvent"],
            group_arn=campaign.group_arn or "",
        )

    def _recommend(
        self,
        request: Document,
        deployment: _Deployment,
        *,
        num_results: int,
        input_list: Sequence[str] | None = None,
    ) -> list[ScoredItem]:
        user_id = request.get("userId")
        allowed = self._allowed(request, deployment)
        # Events move the answers of some recipes; others know what they were trained on.
        until = None if deployment.recipe.real_time else deployment.latest_event
        query = Query(
            user_id=user_id,
            history=self._history(user_id, deployment, until=until),
            item_id=request.get("itemId"),
            input_list=input_list,
            num_results=num_results,
            allowed=allowed,
        )
        scored = deployment.model.recommend(query)
        known = {entry.item_id for entry in scored}
        scored += [
            ScoredItem(item_id, 0.0)
            for item_id in input_list or ()
            if item_id not in known and (allowed is None or allowed(item_id))
        ]
        return scored[:num_results]

    def _allowed(self, request: Document, deployment: _Deployment) -> Callable[[str], bool] | None:
        if "filterArn" not in request:
            if "filterValues" in request:
                msg = "filterValues need a filterArn."
                raise InvalidInputError(msg)
            return None
        found = self._store.get(request["filterArn"])
        if found is None or found.kind != "filter" or found.group_arn != deployment.group_arn:
            raise ResourceNotFoundError(request["filterArn"])
        if found.status != "ACTIVE":
            msg = f"The filter {found.arn} is {found.status}; it must be ACTIVE."
            raise InvalidInputError(msg)
        items = self._records(deployment, DatasetType.ITEMS)
        user_id, item_id = request.get("userId"), request.get("itemId")
        try:
            return FilterEvaluator(
                _expression(found.document["filterExpression"]),
                request.get("filterValues", {}),
                items=items,
                history=self._history(user_id, deployment),
                user=self._records(deployment, DatasetType.USERS).get(user_id or "", {}),
                current_item=None if item_id is None else items.get(item_id, {}),
            )
        except ValueError as error:
            msg = f"The filter {found.arn} cannot be applied: {error}."
            raise InvalidInputError(msg) from error

    def _history(
        self, user_id: str | None, deployment: _Deployment, *, until: int | None = None
    ) -> list[HistoryEvent]:
        if user_id is None:
            return []
        dataset = deployment.dataset(DatasetType.INTERACTIONS)
        return self._backend.interactions.history(dataset, user_id, until=until)

    def _records(self, deployment: _Deployment, dataset_type: DatasetType) -> Mapping[str, Record]:
        return self._backend.records.all(deployment.dataset(dataset_type))

    def _items(
        self, scored: Sequence[ScoredItem], deployment: _Deployment, columns: Sequence[str]
    ) -> list[Document]:
        if not columns:
            return [{"itemId": entry.item_id, "score": entry.score} for entry in scored]
        items = self._records(deployment, DatasetType.ITEMS)
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

    def _metadata_columns(self, request: Document, deployment: _Deployment) -> Sequence[str]:
        wanted: Mapping[str, Sequence[str]] = request.get("metadataColumns", {})
        for dataset_type, columns in wanted.items():
            if dataset_type.upper() != DatasetType.ITEMS.arn_segment:
                msg = f"metadataColumns are of ITEMS, not of {dataset_type}."
                raise InvalidInputError(msg)
            config = deployment.campaign.document.get("campaignConfig", {})
            if deployment.recipe not in _WITH_METADATA and not config.get(
                "enableMetadataWithRecommendations"
            ):
                msg = (
                    f"{deployment.campaign.arn} answers no metadata:"
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


def _require(request: Document, member: str, recipe: Recipe, needed: bool) -> None:
    if needed and not request.get(member):
        msg = f"{member} must be given: {recipe} needs it."
        raise InvalidInputError(msg)


@lru_cache(maxsize=128)
def _expression(text: str) -> FilterExpression:
    return parse(text)
