"""Training: from the document of a solution version or a recommender to a model.

The document says what to train and how; the data is that of its dataset group at this moment. What
comes of it is kept by the ARN: the model in the model store, what it knows in the document.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from cdk_personalize.avro_schema import DatasetType
from cdk_personalize.recipe import Feature, Recipe, ServiceRecipe
from cdk_personalize.use_case import UseCase
from personalize_emulator import models
from personalize_emulator.backend import Backend
from personalize_emulator.errors import JobFailedError
from personalize_emulator.group_data import Columns, GroupData, has_new
from personalize_emulator.jobs import Outcome
from personalize_emulator.models import Model, TrainingData, TrainingSettings, UpdatableModel
from personalize_emulator.quotas import Quotas
from personalize_emulator.store import Document
from personalize_emulator.training_settings import settings_of

_LARGE_CATALOGUES = (Recipe.USER_PERSONALIZATION_V2, Recipe.PERSONALIZED_RANKING_V2)


@dataclass(frozen=True)
class Trained:
    """A model, and what the document of its resource is to say of it.

    Attributes:
        model: The model.
        body: Its bytes.
        document: The members "metrics" and "updatedData", the state of the data that it knows; and
            after a training those of `MOMENT`, which tell what it learned from.
    """

    model: Model
    body: bytes
    document: Document

    @classmethod
    def of(cls, model: Model, document: Document) -> Self:
        """Take the model to bytes, which is part of the work."""
        return cls(model, model.to_bytes(), {"metrics": dict(model.metrics), **document})

    def keeper(self, backend: Backend, arn: str) -> Outcome:
        """Return how to keep the model, and what the document of its resource says of it."""

        def keep() -> None:
            resource = backend.store.get(arn)
            if resource is not None:  # it may be gone by then
                # Requests go on meanwhile: they should not have to load it.
                backend.models.keep(arn, self.body, loaded=self.model)
                resource.document.update(self.document)
                backend.store.save(resource)

        return keep


@dataclass(frozen=True)
class TrainingPlan:
    """What to train, and how.

    Attributes:
        backend: What the data lies in.
        recipe: The recipe.
        document: The document of a solution version or a recommender.
    """

    backend: Backend
    recipe: ServiceRecipe
    document: Document

    @classmethod
    def of(cls, backend: Backend, document: Document) -> TrainingPlan:
        """Read a document.

        Args:
            backend: What the data lies in.
            document: The document of a solution version or a recommender, with its recipe.
        """
        return cls(backend, _recipe_of(document["recipeArn"]), document)

    @cached_property
    def data(self) -> GroupData:
        """The data of the dataset group."""
        return GroupData(self.backend, self.document["datasetGroupArn"])

    @property
    def config(self) -> Document:
        """The `solutionConfig` or the `recommenderConfig`."""
        member = "recommenderConfig" if isinstance(self.recipe, UseCase) else "solutionConfig"
        config: Document = self.document.get(member, {})
        return config

    def train(self) -> Trained:
        """Train a new model on all data.

        Raises:
            JobFailedError: There is too little data, or the recipe makes nothing of it.
        """
        moment = self.data.moment()
        data = self._training_data()
        _check_amount(self.recipe, data, self.backend.quotas)
        settings = self.settings()
        try:
            model = models.train(self.recipe.name, data, settings=settings, seed=self.backend.seed)
        except ValueError as error:
            raise JobFailedError(str(error)) from error
        document = {**moment, "updatedData": moment["data"]}
        if settings.tuning is not None:
            tuned = {name: str(value) for name, value in getattr(model, "tuned", {}).items()}
            document["tunedHPOParams"] = {"algorithmHyperParameters": tuned}
        return Trained.of(model, document)

    def updated(self, model: Model | None) -> Trained:
        """Have a model take in what came since, without learning anew.

        Raises:
            JobFailedError: It cannot.
        """
        if not isinstance(model, UpdatableModel):
            msg = f"A model of {self.recipe} takes in no new data without a full training"
            raise JobFailedError(msg)
        state = self.data.state()
        try:
            return Trained.of(model.updated(self._training_data()), {"updatedData": state})
        except ValueError as error:
            raise JobFailedError(str(error)) from error

    def updated_if_new(self, arn: str) -> Trained | None:
        """Have the model of a resource take in what came since, None if nothing did.

        Nothing does either once a dataset that it was trained on is deleted (the guide's page
        delete-dataset).
        """
        state = self.data.state()
        if not set(state).issuperset(self.document["data"]):
            return None
        if not has_new(state, self.document["updatedData"]):
            return None
        return self.updated(self.backend.models.get(arn))

    def settings(self) -> TrainingSettings:
        """Return how to train."""
        fields = self.data.fields_to_train_on(DatasetType.ITEMS, self.config, self._columns)
        return settings_of(
            self.recipe,
            self.config,
            perform_hpo=self.document.get("performHPO", False),
            item_fields=fields,
        )

    @property
    def _columns(self) -> Columns:
        columns: Columns = self.document.get("columns", {})
        return columns

    def _training_data(self) -> TrainingData:
        data = self.data.to_train_on(
            self.config,
            self._columns,
            event_type=self.document.get("eventType"),
            impressions=self._explores_by_impressions,
        )
        return data.with_items_at_most(_items_considered(self.recipe, self.backend.quotas))

    @property
    def _explores_by_impressions(self) -> bool:
        """Whether exploration goes by what was shown.

        "If you use the User-Personalization recipe or add the IMPRESSIONS field to your schema for
        a dataset in a Domain dataset group" (putevents-including-impressions-data): of the use
        cases, those that explore.
        """
        schema = self.data.schema(DatasetType.INTERACTIONS)
        in_schema = schema is not None and schema.field("IMPRESSION") is not None
        explores = self.recipe.supports(Feature.EXPLORATION)
        return explores and (in_schema or not isinstance(self.recipe, UseCase))


def best_of(plans: Sequence[TrainingPlan], metric: str) -> tuple[TrainingPlan, Trained]:
    """Train all of these and return the best by an offline metric, the first of those alike.

    Raises:
        JobFailedError: None of them can be trained; the reason is that of the first.
    """
    best: tuple[float, TrainingPlan, Trained] | None = None
    failures = []
    for plan in plans:
        try:
            trained = plan.train()
            measured = _measured(trained.model, metric)
        except JobFailedError as failure:
            failures.append(failure)
            continue
        if best is None or measured > best[0]:
            best = (measured, plan, trained)
    if best is None:
        raise failures[0]
    return best[1:]


def _measured(model: Model, metric: str) -> float:
    if metric not in model.metrics:
        msg = f"There is no metric {metric} to choose by, only {', '.join(model.metrics)}"
        raise JobFailedError(msg)
    return model.metrics[metric]


def _recipe_of(arn: str) -> ServiceRecipe:
    try:
        return Recipe.of(arn)
    except ValueError:
        return UseCase.of(arn)


def _items_considered(recipe: ServiceRecipe, quotas: Quotas) -> int | None:
    if recipe is Recipe.SEMANTIC_SIMILARITY:
        return quotas.items_considered_by_text
    if recipe in _LARGE_CATALOGUES:
        return quotas.items_considered_by_version_2
    return quotas.items_considered


def _check_amount(recipe: ServiceRecipe, data: TrainingData, quotas: Quotas) -> None:
    """Refuse too little data (the guide's page of limits).

    Raises:
        JobFailedError: It is too little.
    """
    if recipe is Recipe.SEMANTIC_SIMILARITY:  # it learns from the items alone
        return
    _check_interactions(data, quotas)
    event_type = recipe.event_type if isinstance(recipe, UseCase) else None
    least = quotas.training_interactions
    if event_type is not None and least is not None and len(data.only(event_type)) < least:
        msg = (
            f"There are {len(data.only(event_type))} unique interactions of the event type"
            f" {event_type} to train on; {recipe} needs at least {least}"
        )
        raise JobFailedError(msg)


def _check_interactions(data: TrainingData, quotas: Quotas) -> None:
    least = quotas.training_interactions
    if least is not None and len(data) < least:
        msg = (
            f"There are {len(data)} unique interactions to train on (of the solution's event type,"
            f" if it has one); at least {least} are needed"
        )
        raise JobFailedError(msg)
    counts = np.bincount(data.user)
    users, regulars = int(np.count_nonzero(counts)), int(np.count_nonzero(counts > 1))
    if quotas.training_users is not None and regulars < quotas.training_users:
        msg = (
            f"There are {regulars} users with at least two interactions;"
            f" at least {quotas.training_users} are needed"
        )
        raise JobFailedError(msg)
    share = quotas.training_users_share
    if share is not None and regulars < share * users:
        msg = (
            f"{regulars} of {users} users have at least two interactions;"
            f" at least {share:.0%} of the users are needed"
        )
        raise JobFailedError(msg)
