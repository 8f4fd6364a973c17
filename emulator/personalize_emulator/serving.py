"""What serves at this moment: a trained model, asked with its group's data and a filter.

The runtime endpoint asks for one request, a batch job for each line of its input.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial

from cdk_personalize.avro_schema import DatasetType
from cdk_personalize.filter_expression import FilterExpression, Target, parse
from cdk_personalize.recipe import ServiceRecipe
from cdk_personalize.use_case import UseCase
from personalize_emulator.backend import Backend
from personalize_emulator.caller import Caller
from personalize_emulator.errors import InvalidInputError, ResourceNotFoundError
from personalize_emulator.filtering import DESCRIBED_BY, FilterEvaluator
from personalize_emulator.interactions import UserHistory
from personalize_emulator.models import (
    HistoryEvent,
    Model,
    Query,
    ScoredItem,
    SegmentingModel,
    SegmentQuery,
)
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

    def recommender(self, arn: str, caller: Caller) -> Deployment:
        """Return what a recommender serves with.

        Raises:
            InvalidInputError: It is not ACTIVE: in the making, stopped, or on its way to be.
            ResourceNotFoundError: There is no such recommender.
        """
        recommender = self._store.get(arn)
        if recommender is None or recommender.kind != "recommender" or recommender.caller != caller:
            raise ResourceNotFoundError(arn)
        if recommender.status != "ACTIVE":
            msg = f"The recommender {arn} is {recommender.status}; it must be ACTIVE."
            raise InvalidInputError(msg)
        model = self._backend.models.get(arn)
        if model is None:
            raise ResourceNotFoundError(arn)
        return Deployment(
            arn=arn,
            recipe=UseCase.of(recommender.document["recipeArn"]),
            model=model,
            latest_event=recommender.document["latestEvent"],
            group_arn=recommender.group_arn or "",
            config=recommender.document.get("recommenderConfig", {}),
        )

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
        allowed = self._allowed(request, deployment, Target.ITEM)
        query = Query(
            user_id=user_id,
            history=self._known_history(user_id, deployment),
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

    def actions(
        self, deployment: Deployment, request: Document, *, num_results: int
    ) -> list[ScoredItem]:
        """Ask a deployment of a PERSONALIZED_ACTIONS recipe.

        Args:
            deployment: What to ask.
            request: `userId`, `filterArn`, `filterValues`, as in a request.
            num_results: The most actions to answer.

        Raises:
            InvalidInputError: The filter cannot be applied.
            ResourceNotFoundError: There is no such filter.
        """
        user_id = request.get("userId")
        query = Query(
            user_id=user_id,
            history=self._known_history(user_id, deployment),
            action_history=self._history(user_id, deployment, DatasetType.ACTION_INTERACTIONS),
            num_results=num_results,
            allowed=self._allowed(request, deployment, Target.ACTION),
            now=self._backend.now(),
        )
        return deployment.model.recommend(query)[:num_results]

    def segment(self, deployment: Deployment, request: Document, *, num_results: int) -> list[str]:
        """Ask a solution version of a USER_SEGMENTATION recipe for a segment of users.

        Args:
            deployment: What to ask.
            request: A line of the input of a batch segment job: `itemId`, or `itemAttributes` as
                (column, value) pairs that an item must have all of; and the job's `filterArn` with
                the line's `filterValues`.
            num_results: The most users to answer.

        Returns:
            The users, the most eager one first.

        Raises:
            InvalidInputError: The recipe makes no segments, or the filter cannot be applied.
            ResourceNotFoundError: There is no such filter.
        """
        if not isinstance(deployment.model, SegmentingModel):
            msg = f"{deployment.arn} is of {deployment.recipe}, which makes no user segments."
            raise InvalidInputError(msg)
        query = SegmentQuery(
            item_id=request.get("itemId"),
            attributes=request.get("itemAttributes", ()),
            num_results=num_results,
            allowed=self._allowed(request, deployment, Target.USER),
        )
        return deployment.model.segment(query)[:num_results]

    def _known_history(self, user_id: str | None, deployment: Deployment) -> list[HistoryEvent]:
        """The item interactions that move the answers of a recipe.

        Events move those of some recipes; the others know what they were trained on.
        """
        until = None if deployment.recipe.real_time else deployment.latest_event
        return self._history(user_id, deployment, DatasetType.INTERACTIONS, until=until)

    def _allowed(
        self, request: Document, deployment: Deployment, target: Target
    ) -> Callable[[str], bool] | None:
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
        user_id = request.get("userId")
        try:
            return FilterEvaluator(
                _expression(found.document["filterExpression"]),
                request.get("filterValues", {}),
                target=target,
                records=self.records(deployment, DESCRIBED_BY[target]),
                met=self._met(deployment, user_id, target),
                user=self._record(deployment, DatasetType.USERS, user_id),
                current_item=self._record(deployment, DatasetType.ITEMS, request.get("itemId")),
            )
        except ValueError as error:
            msg = f"The filter {found.arn} cannot be applied: {error}."
            raise InvalidInputError(msg) from error

    def _met(
        self, deployment: Deployment, user_id: str | None, target: Target
    ) -> Callable[[DatasetType, str | None], Collection[str]]:
        """What the filter asks of interactions: who did something, or what a user did it with."""
        if target is Target.USER:
            return lambda dataset_type, event_type: self._backend.interactions.users(
                deployment.dataset(dataset_type), event_type
            )
        return UserHistory(
            partial(self._history, user_id, deployment),
            {
                DatasetType.INTERACTIONS: self._backend.quotas.filter_interactions,
                DatasetType.ACTION_INTERACTIONS: self._backend.quotas.filter_action_interactions,
            },
        ).met

    def _history(
        self,
        user_id: str | None,
        deployment: Deployment,
        dataset_type: DatasetType,
        *,
        until: int | None = None,
    ) -> list[HistoryEvent]:
        if user_id is None:
            return []
        dataset = deployment.dataset(dataset_type)
        return self._backend.interactions.history(dataset, user_id, until=until)

    def _record(
        self, deployment: Deployment, dataset_type: DatasetType, key: str | None
    ) -> Record | None:
        """Return what is known of a user or an item, None where the request names none."""
        return None if key is None else self.records(deployment, dataset_type).get(key, {})

    def records(self, deployment: Deployment, dataset_type: DatasetType) -> Mapping[str, Record]:
        """Return the records of the group's dataset of a type, by id."""
        return self._backend.records.all(deployment.dataset(dataset_type))


@lru_cache(maxsize=128)
def _expression(text: str) -> FilterExpression:
    return parse(text)
