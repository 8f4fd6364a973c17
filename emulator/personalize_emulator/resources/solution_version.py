"""Solution versions: trained models."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from typing import Any

from cdk_personalize.avro_schema import DatasetType
from cdk_personalize.recipe import Recipe
from personalize_emulator.caller import Caller
from personalize_emulator.errors import (
    InvalidInputError,
    ResourceAlreadyExistsError,
    ResourceInUseError,
)
from personalize_emulator.jobs import Job, Outcome
from personalize_emulator.resources.campaign import follow_latest
from personalize_emulator.resources.dataset import dataset_of
from personalize_emulator.resources.family import ResourceFamily, is_settled
from personalize_emulator.resources.recipe import recipe_of
from personalize_emulator.store import Document, Resource
from personalize_emulator.training import train_solution, trained_columns

_COPIED = (
    "solutionArn",
    "performHPO",
    "performAutoML",
    "performIncrementalUpdate",
    "recipeArn",
    "eventType",
    "datasetGroupArn",
    "solutionConfig",
)
_UPDATABLE = (Recipe.USER_PERSONALIZATION, Recipe.HRNN_COLDSTART)


class SolutionVersions(ResourceFamily):
    """The operations on solution versions, which go with their solution."""

    kind = "solution-version"
    create_seconds = 1800.0

    def create_solution_version(self, request: Document, caller: Caller) -> Document:
        """Train a solution."""
        solution = self._get_active(request["solutionArn"], caller, kind="solution")
        version = self.train(
            solution,
            mode=request.get("trainingMode", "FULL"),
            name=request.get("name"),
            tags=request.get("tags", []),
        )
        return {"solutionVersionArn": version}

    def train(
        self,
        solution: Resource,
        *,
        training_type: str = "MANUAL",
        mode: str = "FULL",
        name: str | None = None,
        tags: Sequence[dict[str, Any]] = (),
    ) -> str:
        """Begin to train a solution.

        Args:
            solution: The solution.
            training_type: Whether somebody asked for it ("MANUAL") or not ("AUTOMATIC").
            mode: The mode of the training.
            name: The name of the version.
            tags: The tags of the version.

        Returns:
            The ARN of the new version.
        """
        self._require_mode(mode, solution)
        self._require_datasets(solution)
        if name is not None:
            for other in self._store.find(self.kind, parent=solution.arn, name=name):
                msg = f"{solution.arn} already has the version {other.arn} of the name {name}."
                raise ResourceAlreadyExistsError(msg)
        pending = self._count(solution.caller, pending=True)
        quota = self._quotas.pending_solution_versions
        self._require_room(quota, pending, "pending solution versions")
        arn = f"{solution.arn}/{uuid.uuid4().hex[:8]}"
        document = {
            **{key: solution.document[key] for key in _COPIED if key in solution.document},
            "name": name,
            "solutionVersionArn": arn,
            "trainingMode": mode,
            "trainingType": training_type,
            "data": self._latest_data(solution),
        }
        self._create(
            arn,
            document,
            solution.caller,
            name=name or "",
            group=solution.group_arn,
            parent=solution.arn,
            tags=tags,
        )
        return arn

    def has_new_data(self, solution: Resource) -> bool:
        """Tell whether interactions came in since the solution was last trained, or ever."""
        trained = [0, 0]
        for version in self._store.find(self.kind, parent=solution.arn):
            if version.status not in {"CREATE FAILED", "CREATE STOPPING", "CREATE STOPPED"}:
                trained = version.document["data"]
        return self._latest_data(solution) != trained

    def _latest_data(self, solution: Resource) -> list[int]:
        """Return the numbers of the latest import and of the latest event."""
        dataset = dataset_of(solution.group_arn or "", DatasetType.INTERACTIONS)
        interactions = self._backend.interactions
        return [interactions.latest_import(dataset), interactions.latest_event(dataset)]

    def describe_solution_version(self, request: Document, caller: Caller) -> Document:
        """Describe a solution version."""
        return {"solutionVersion": self._get(request["solutionVersionArn"], caller).document}

    def list_solution_versions(self, request: Document, caller: Caller) -> Document:
        """List the versions, of all solutions or of one."""
        parent = request.get("solutionArn")
        if parent is not None:
            self._get(parent, caller, kind="solution")
        return self._page(request, caller, "solutionVersions", parent=parent)

    def get_solution_metrics(self, request: Document, caller: Caller) -> Document:
        """Return how good a version is, measured on data held out of its training."""
        version = self._get_active(request["solutionVersionArn"], caller, kind=self.kind)
        return {"solutionVersionArn": version.arn, "metrics": version.document["metrics"]}

    def stop_solution_version_creation(self, request: Document, caller: Caller) -> Document:
        """Stop a training; its version stays, and is of no use."""
        version = self._get(request["solutionVersionArn"], caller)
        if version.status not in {"CREATE PENDING", "CREATE IN_PROGRESS"}:
            msg = f"{version.arn} is {version.status}; there is nothing to stop."
            raise ResourceInUseError(msg)
        self._jobs.cancel(version.arn, "create")
        if version.status == "CREATE PENDING":
            self._change(version.arn, status="CREATE STOPPED")
        else:
            self._change(version.arn, status="CREATE STOPPING")
            self._jobs.submit(version.arn, "stop", self.update_seconds)
        return {}

    def begin(self, job: Job) -> None:
        """Mark the version as in training; one that is stopped stays CREATE STOPPING."""
        if job.action == "create":
            super().begin(job)

    def work(self, job: Job) -> Outcome | None:
        """Train the model; it counts when the job is over."""
        if job.action != "create":
            return None
        started = time.monotonic()
        version = self._existing(job.arn)
        document = version.document
        interactions, items, users = (
            dataset_of(document["datasetGroupArn"], dataset_type)
            for dataset_type in (DatasetType.INTERACTIONS, DatasetType.ITEMS, DatasetType.USERS)
        )
        latest = self._backend.interactions.latest_event(interactions)
        latest_import = self._backend.interactions.latest_import(interactions)
        config = document.get("solutionConfig", {})
        records = self._backend.records
        data = self._backend.interactions.training_data(
            interactions,
            items=trained_columns(records.all(items), DatasetType.ITEMS, config),
            users=trained_columns(records.all(users), DatasetType.USERS, config),
        )
        recipe = recipe_of(document["recipeArn"], version.caller)
        model = train_solution(recipe.name, document, data, self._quotas, seed=self._backend.seed)
        body = model.to_bytes()
        worked = (time.monotonic() - started) * self._backend.clock.speed

        def keep() -> None:
            self._backend.models.keep(job.arn, body)
            self._change(
                job.arn,
                metrics=dict(model.metrics),
                trainingHours=round(max(worked, job.duration) / 3600, 3),
                latestEvent=latest,
                latestImport=latest_import,
            )

        return keep

    def finish(self, job: Job) -> None:
        """Mark the version as trained, or stopped; with it trained, campaigns may follow."""
        if job.action == "stop":
            self._change(job.arn, status="CREATE STOPPED")
            return
        super().finish(job)
        follow_latest(self._backend, job.arn.rpartition("/")[0])

    def _require_mode(self, mode: str, solution: Resource) -> None:
        if mode != "UPDATE":
            return
        recipe = recipe_of(solution.document["recipeArn"], solution.caller)
        if recipe not in _UPDATABLE:
            msg = f"The trainingMode UPDATE is not for {recipe}."
            raise InvalidInputError(msg)
        versions = self._store.find(self.kind, parent=solution.arn)
        if not any(
            version.status == "ACTIVE" and version.document["trainingMode"] == "FULL"
            for version in versions
        ):
            msg = "The trainingMode UPDATE needs an ACTIVE version that was trained in mode FULL."
            raise InvalidInputError(msg)

    def _require_datasets(self, solution: Resource) -> None:
        """Refuse to train without the datasets that the recipe needs, or while one is filled."""
        recipe = recipe_of(solution.document["recipeArn"], solution.caller)
        group = solution.group_arn or ""
        for dataset_type in sorted(recipe.required_datasets):
            dataset = self._store.get(dataset_of(group, dataset_type))
            if dataset is None:
                msg = f"{recipe} needs a dataset of type {dataset_type}; {group} has none."
                raise InvalidInputError(msg)
            if not is_settled(dataset.status):
                msg = f"{dataset.arn} is {dataset.status}; it must be ACTIVE."
                raise ResourceInUseError(msg)
