"""What serves at this moment: a trained model, asked with its group's data and a filter.

The runtime endpoint asks for one request, a batch job for each line of its input.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from cdk_personalize.avro_schema import DatasetType
from cdk_personalize.filter_expression import FilterExpression, parse
from cdk_personalize.recipe import ServiceRecipe
from personalize_emulator.backend import Backend
from personalize_emulator.caller import Caller
from personalize_emulator.errors import InvalidInputError, ResourceNotFoundError
from personalize_emulator.filtering import FilterEvaluator
from personalize_emulator.models import HistoryEvent, Model, Query, ScoredItem
from personalize_emulator.records import Record
from personalize_emulator.resources.dataset import dataset_of
from personalize_emulator.resources.recipe import recipe_of
from personalize_emulator.store import Document, Resource


@dataclass(frozen=True)
class Deployment:
    """A model that serves.

    Attributes:
        arn: The campaign, the recommender, or the solution version that a batch job asks.
        recipe: What it was trained with.
        model: The model.
        latest_event: The number of the last event that it was trained on.
        group_arn: The dataset group whose data it is asked with.
        config: The `campaignConfig`, `recommenderConfig` or `batchInferenceJobConfig`.
    """

    arn: str
    recipe: ServiceRecipe
    model: Model
    latest_event: int
    group_arn: str
    config: Document = field(default_factory=dict)

    def dataset(self, dataset_type: DatasetType) -> str:
        """Return the ARN that the group's dataset of a type has."""
        return dataset_of(self.group_arn, dataset_type)


class Serving:
    """Finds what serves, and asks it."""

    def __init__(self, backend: Backend) -> None:
        """Stand on the shared parts."""
        self._backend = backend
        self._store = backend.store

    def campaign(self, arn: str, caller: Caller) -> Deployment:
        """Return what a campaign serves with.

        Raises:
            InvalidInputError: It is not ACTIVE; the runtime has no ResourceInUseException.
            ResourceNotFoundError: There is no such campaign.
        """
        campaign = self._store.get(arn)
        if campaign is None or campaign.kind != "campaign" or campaign.caller != caller:
            raise ResourceNotFoundError(arn)
        if campaign.status != "ACTIVE":
            msg = f"The campaign {arn} is {campaign.status}; it must be ACTIVE."
            raise InvalidInputError(msg)
        version = self._store.get(campaign.document["solutionVersionArn"])
        if version is None:
            raise ResourceNotFoundError(campaign.document["solutionVersionArn"])
        return self.version(version, campaign.document.get("campaignConfig", {}), arn=arn)

    def version(
        self, version: Resource, config: Document | None = None, *, arn: str | None = None
    ) -> Deployment:
        """Return what a solution version serves with.

        Args:
            version: The solution version.
            config: How it is to serve. (default: as the recipe does)
            arn: What deploys it. (default: nothing does)

        Raises:
            ResourceNotFoundError: It has no model.
        """
        model = self._backend.models.get(version.arn)
        if model is None:
            raise ResourceNotFoundError(version.arn)
        return Deployment(
            arn=arn or version.arn,
            recipe=recipe_of(version.document["recipeArn"], version.caller),
            model=model,
            latest_event=version.document["latestEvent"],
            group_arn=version.group_arn or "",
            config=config or {},
        )

    def recommend(
        self,
        deployment: Deployment,
        request: Document,
        *,
        num_results: int,
        input_list: Sequence[str] | None = None,
    ) -> list[ScoredItem]:
        """Ask a deployment.

        Args:
            deployment: What to ask.
            request: `userId`, `itemId`, `filterArn`, `filterValues`, as in a request or a line.
            num_results: The most items to answer.
            input_list: The items to rank; unknown ones come last.

        Raises:
            InvalidInputError: The filter cannot be applied.
            ResourceNotFoundError: There is no such filter.
        """
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

    def _allowed(self, request: Document, deployment: Deployment) -> Callable[[str], bool] | None:
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
        items = self.records(deployment, DatasetType.ITEMS)
        user_id, item_id = request.get("userId"), request.get("itemId")
        try:
            return FilterEvaluator(
                _expression(found.document["filterExpression"]),
                request.get("filterValues", {}),
                items=items,
                history=self._history(user_id, deployment),
                user=self.records(deployment, DatasetType.USERS).get(user_id or "", {}),
                current_item=None if item_id is None else items.get(item_id, {}),
            )
        except ValueError as error:
            msg = f"The filter {found.arn} cannot be applied: {error}."
            raise InvalidInputError(msg) from error

    def _history(
        self, user_id: str | None, deployment: Deployment, *, until: int | None = None
    ) -> list[HistoryEvent]:
        if user_id is None:
            return []
        dataset = deployment.dataset(DatasetType.INTERACTIONS)
        return self._backend.interactions.history(dataset, user_id, until=until)

    def records(self, deployment: Deployment, dataset_type: DatasetType) -> Mapping[str, Record]:
        """Return the records of the group's dataset of a type, by id."""
        return self._backend.records.all(deployment.dataset(dataset_type))


@lru_cache(maxsize=128)
def _expression(text: str) -> FilterExpression:
    return parse(text)
