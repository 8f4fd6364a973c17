"""Solution versions: trained models."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from typing import Any

from cdk_personalize.avro_schema import DatasetType
from cdk_personalize.recipe import Feature, Recipe, RecipeType
from cdk_personalize.solution_config import UPDATE, findings_of_training_mode
from personalize_emulator.caller import Caller
from personalize_emulator.errors import (
    InvalidInputError,
    ResourceAlreadyExistsError,
    ResourceInUseError,
)
from personalize_emulator.group_data import MOMENT, DataState, GroupData, has_new
from personalize_emulator.jobs import Job, Outcome
from personalize_emulator.recipes import recipe_of
from personalize_emulator.resources.campaign import follow_latest
from personalize_emulator.resources.family import ResourceFamily
from personalize_emulator.resources.solution_config import candidates_of
from personalize_emulator.resources.training_config import require_datasets, require_none
from personalize_emulator.store import Document, Resource
from personalize_emulator.training import Trained, TrainingPlan, best_of

_COPIED = (
    "solutionArn",
    "performHPO",
    "performAutoML",
    "performIncrementalUpdate",
    "recipeArn",
    "eventType",
    "datasetGroupArn",
    "solutionConfig",
    "columns",
)

_STOPPED = frozenset({"CREATE FAILED", "CREATE STOPPING", "CREATE STOPPED"})

# By which metric AutoML chooses when nobody says is not documented.
_AUTO_ML_METRIC = "normalized_discounted_cumulative_gain_at_25"


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
            "data": self._data(solution).state(),
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
        """Tell whether data came in since the solution was last trained, or ever.

        It is interactions that count, or action interactions where the recipe has them (the
        guide's page solution-config-auto-training); for a recipe that has none it is the items.
        """
        trained: DataState = {}
        for version in self._store.find(self.kind, parent=solution.arn):
            if version.status not in _STOPPED:
                trained = version.document["data"]
        recipe = self._recipe(solution)
        counted = {DatasetType.INTERACTIONS}
        if recipe.type is RecipeType.PERSONALIZED_ACTIONS:
            counted.add(DatasetType.ACTION_INTERACTIONS)
        if DatasetType.INTERACTIONS not in recipe.required_datasets:
            counted |= recipe.required_datasets
        return has_new(self._data(solution).state(), trained, counted)

    def _data(self, solution: Resource) -> GroupData:
        return GroupData(self._backend, solution.group_arn or "")

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
        plan, trained = self._trained(self._existing(job.arn))
        worked = (time.monotonic() - started) * self._backend.clock.speed

        def keep() -> None:
            self._backend.models.keep(job.arn, trained.body)
            self._change(
                job.arn,
                **trained.document,
                recipeArn=plan.document["recipeArn"],
                trainingHours=round(max(worked, job.duration) / 3600, 3),
            )

        return keep

    def _trained(self, version: Resource) -> tuple[TrainingPlan, Trained]:
        """Train a version, in its mode, and return what came of it and by which plan."""
        document = version.document
        if document["performAutoML"]:
            return self._chosen(version)
        plan = TrainingPlan.of(self._backend, document)
        if document["trainingMode"] != UPDATE:
            return plan, plan.train()
        base = self._latest_full(version.parent_arn or "")
        trained = plan.updated(None if base is None else self._backend.models.get(base.arn))
        if base is not None:  # the model has learned what its base had
            trained.document.update({name: base.document[name] for name in MOMENT})
        return plan, trained

    def _chosen(self, version: Resource) -> tuple[TrainingPlan, Trained]:
        """Train with every recipe that AutoML chooses from, and choose.

        Of the configuration it heeds `autoMLConfig` alone, says CreateSolution.
        """
        config = version.document.get("solutionConfig", {})
        arns = candidates_of(config) or [
            recipe.arn(version.caller.partition) for recipe in Recipe.supporting(Feature.AUTO_ML)
        ]
        plans = [
            TrainingPlan.of(
                self._backend, {**version.document, "recipeArn": arn, "solutionConfig": {}}
            )
            for arn in arns
        ]
        metric = config.get("autoMLConfig", {}).get("metricName", _AUTO_ML_METRIC)
        return best_of(plans, metric)

    def finish(self, job: Job) -> None:
        """Mark the version as trained, or stopped; with it trained, campaigns may follow."""
        if job.action == "stop":
            self._change(job.arn, status="CREATE STOPPED")
            return
        super().finish(job)
        version = self._existing(job.arn)
        solution = self._existing(version.parent_arn or "")
        if version.document["performAutoML"]:
            solution.document["autoMLResult"] = {"bestRecipeArn": version.document["recipeArn"]}
            self._store.save(solution)
        follow_latest(self._backend, solution.arn)

    def _recipe(self, solution: Resource) -> Recipe:
        """Return the recipe of a solution; with AutoML it is one of a family."""
        if solution.document["performAutoML"]:
            return Recipe.supporting(Feature.AUTO_ML)[0]
        return recipe_of(solution.document["recipeArn"], solution.caller)

    def _latest_full(self, solution_arn: str) -> Resource | None:
        versions = self._store.find(self.kind, parent=solution_arn)
        return next(
            (
                version
                for version in reversed(list(versions))
                if version.status == "ACTIVE" and version.document["trainingMode"] != UPDATE
            ),
            None,
        )

    def _require_mode(self, mode: str, solution: Resource) -> None:
        # The recipes that AutoML chooses from do not have the mode either.
        require_none(findings_of_training_mode(mode, self._recipe(solution)))
        if mode == UPDATE and self._latest_full(solution.arn) is None:
            msg = "The trainingMode UPDATE needs an ACTIVE version that was trained in mode FULL."
            raise InvalidInputError(msg)

    def _require_datasets(self, solution: Resource) -> None:
        """Refuse to train without the datasets that the recipe needs, or while one is filled."""
        require_datasets(self._recipe(solution), self._data(solution))
