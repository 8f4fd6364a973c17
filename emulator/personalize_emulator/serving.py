"""What serves at this moment: a trained model, asked with its group's data and a filter.

The runtime endpoint asks for one request, a batch job for each line of its input.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from cdk_personalize.avro_schema import DatasetType
from cdk_personalize.filter_expression import FilterExpression, Target, findings_of_use, parse
from cdk_personalize.recipe import Feature, ServiceRecipe
from cdk_personalize.use_case import UseCase
from personalize_emulator.backend import Backend
from personalize_emulator.caller import Caller
from personalize_emulator.data.interactions import Moment
from personalize_emulator.data.records import Record
from personalize_emulator.data.user_history import UserHistory
from personalize_emulator.datasets import dataset_of, parse_schema
from personalize_emulator.errors import InvalidInputError, ResourceNotFoundError
from personalize_emulator.filtering import DESCRIBED_BY, FilterEvaluator, LeftOut
from personalize_emulator.models import (
    Exploration,
    HistoryEvent,
    Model,
    Query,
    ScoredItem,
    SegmentingModel,
    SegmentQuery,
)
from personalize_emulator.recipes import recipe_of, use_case_of
from personalize_emulator.store import Document, Resource


@dataclass(frozen=True)
class Deployment:
    """A model that serves.

    Attributes:
        arn: The campaign, the recommender, or the solution version that a batch job asks.
        recipe: What it was trained with.
        model: The model.
        document: That of the solution version, or of the recommender.
        group_arn: The dataset group whose data it is asked with.
        config: The `campaignConfig`, `recommenderConfig` or `batchInferenceJobConfig`.
    """

    arn: str
    recipe: ServiceRecipe
    model: Model
    document: Document
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
        campaign = self._active("campaign", arn, caller)
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
        recommender = self._active("recommender", arn, caller)
        model = self._backend.models.get(arn)
        if model is None:
            raise ResourceNotFoundError(arn)
        return Deployment(
            arn=arn,
            recipe=use_case_of(recommender.document["recipeArn"], caller),
            model=model,
            document=recommender.document,
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
            document=version.document,
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
            request: `userId`, `itemId`, `context`, `filterArn`, `filterValues`, as in a request or
                a line.
            num_results: The most items to answer.
            input_list: The items to rank; unknown ones come last.

        Raises:
            InvalidInputError: The filter cannot be applied, or nothing can come of the context.
            ResourceNotFoundError: There is no such filter.
        """
        user_id = request.get("userId")
        allowed = self._allowed(request, deployment, Target.ITEM)
        query = Query(
            user_id=user_id,
            history=self._seen_history(user_id, deployment, DatasetType.INTERACTIONS),
            item_id=request.get("itemId"),
            input_list=input_list,
            num_results=num_results,
            allowed=allowed,
            context=self._context(request, deployment),
            user=self._record(deployment, DatasetType.USERS, user_id) or {},
            exploration=_exploration(deployment.config),
            influence=deployment.config.get("rankingInfluence", {}),
            now=self._backend.now(),
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
            history=self._seen_history(user_id, deployment, DatasetType.INTERACTIONS),
            action_history=self._seen_history(user_id, deployment, DatasetType.ACTION_INTERACTIONS),
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

    def _active(self, kind: str, arn: str, caller: Caller) -> Resource:
        found = self._store.get(arn)
        if found is None or found.kind != kind or found.caller != caller:
            raise ResourceNotFoundError(arn)
        if found.status != "ACTIVE":
            msg = f"The {kind} {arn} is {found.status}; it must be ACTIVE."
            raise InvalidInputError(msg)
        return found

    def _context(self, request: Document, deployment: Deployment) -> Mapping[str, str]:
        """The contextual metadata of a request.

        The guide: "the schema of the Item interactions dataset must have metadata fields for the
        contextual data". What the service does with context that a recipe does not use is not
        documented; here it is refused, since it can only be a mistake.
        """
        context: Mapping[str, str] = request.get("context", {})
        if context and not deployment.recipe.supports(Feature.CONTEXT):
            msg = f"{deployment.recipe} uses no contextual metadata."
            raise InvalidInputError(msg)
        known = self.columns(deployment, DatasetType.INTERACTIONS) if context else ()
        for name in context:
            if name not in known:
                msg = f"context names {name}, which is no column of Interactions."
                raise InvalidInputError(msg)
        return context

    def _seen_history(
        self, user_id: str | None, deployment: Deployment, dataset_type: DatasetType
    ) -> list[HistoryEvent]:
        """The interactions that the answers rest on.

        Events move those of recipes that are real-time, imports move none before a training: see
        the developer guide's page how-new-data-influences-recommendations.
        """
        if user_id is None:
            return []
        return self._backend.interactions.history(
            deployment.dataset(dataset_type),
            user_id,
            trained=Moment.of(deployment.document, dataset_type),
            real_time=deployment.recipe.real_time,
        )

    def _allowed(
        self, request: Document, deployment: Deployment, target: Target
    ) -> Callable[[str], bool] | None:
        """The filter of a request, and what the service itself leaves out for a use case."""
        asked = self._filter(request, deployment, target)
        recipe, user_id = deployment.recipe, request.get("userId")
        if not isinstance(recipe, UseCase) or not recipe.excluded_event_type or not user_id:
            return asked
        past = self._past(deployment, user_id)
        return LeftOut(past.met(DatasetType.INTERACTIONS, recipe.excluded_event_type), asked)

    def _filter(
        self, request: Document, deployment: Deployment, target: Target
    ) -> FilterEvaluator | None:
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
        expression = _expression(found.document["filterExpression"])
        try:
            if problems := findings_of_use(expression, deployment.recipe):
                raise ValueError("; ".join(problems))
            return FilterEvaluator(
                expression,
                request.get("filterValues", {}),
                target=target,
                records=self._backend.records.index(deployment.dataset(DESCRIBED_BY[target])),
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
        return _nobody if user_id is None else self._past(deployment, user_id).met

    def _past(self, deployment: Deployment, user_id: str) -> UserHistory:
        """What a user did up to now, which filters see at once."""
        quotas = self._backend.quotas
        return UserHistory(
            lambda dataset_type: self._backend.interactions.history(
                deployment.dataset(dataset_type), user_id
            ),
            {
                DatasetType.INTERACTIONS: quotas.filter_interactions,
                DatasetType.ACTION_INTERACTIONS: quotas.filter_action_interactions,
            },
        )

    def _record(
        self, deployment: Deployment, dataset_type: DatasetType, key: str | None
    ) -> Record | None:
        """Return what is known of a user or an item, None where the request names none."""
        return None if key is None else self.records(deployment, dataset_type).get(key, {})

    def columns(self, deployment: Deployment, dataset_type: DatasetType) -> Sequence[str]:
        """Return the columns of the group's dataset of a type, none if it has no such dataset."""
        dataset = self._store.get(deployment.dataset(dataset_type))
        schema = self._store.get(dataset.document["schemaArn"]) if dataset else None
        return parse_schema(schema.document).columns if schema else ()

    def records(self, deployment: Deployment, dataset_type: DatasetType) -> Mapping[str, Record]:
        """Return the records of the group's dataset of a type, by id."""
        return self._backend.records.all(deployment.dataset(dataset_type))


@lru_cache(maxsize=128)
def _expression(text: str) -> FilterExpression:
    return parse(text)


def _nobody(dataset_type: DatasetType, event_type: str | None) -> Collection[str]:
    del event_type
    msg = f"{dataset_type}.EVENT_TYPE needs a request with a userId"
    raise ValueError(msg)


def _exploration(config: Document) -> Exploration | None:
    """Return the `itemExplorationConfig`, whose values are texts; None where there is none."""
    given = config.get("itemExplorationConfig")
    if not given:
        return None
    default = Exploration()
    try:
        return Exploration(
            weight=float(given.get("explorationWeight", default.weight)),
            age_cut_off=float(given.get("explorationItemAgeCutOff", default.age_cut_off)),
        )
    except ValueError as error:
        msg = f"itemExplorationConfig must hold numbers: {error}."
        raise InvalidInputError(msg) from error
