"""Solutions: what to train on the data of a dataset group."""

from __future__ import annotations

import contextlib

from cdk_personalize.recipe import Feature, Recipe
from cdk_personalize.solution_config import (
    DEFAULT_DAYS_BETWEEN_TRAININGS,
    days_between_trainings,
    schedule,
)
from personalize_emulator.caller import Caller
from personalize_emulator.errors import InvalidInputError, ServiceError
from personalize_emulator.group_data import GroupData
from personalize_emulator.jobs import Job
from personalize_emulator.recipes import recipe_of
from personalize_emulator.resources.family import ResourceFamily
from personalize_emulator.resources.solution_config import (
    candidates_of,
    require_fit,
    require_schedule,
)
from personalize_emulator.resources.solution_version import SolutionVersions
from personalize_emulator.store import Document, Resource

_TRAIN_FIRST, _TRAIN = "train-first", "train"
_DAY = 86_400.0
_FIRST_TRAINING_SECONDS = 3600.0  # within the hour, says the guide
_BATCH_JOBS = ("batch-inference-job", "batch-segment-job")
_SWITCHES = ("performAutoTraining", "performIncrementalUpdate")


class Solutions(ResourceFamily):
    """The operations on solutions."""

    kind = "solution"
    create_seconds = 20.0
    update_seconds = 20.0
    delete_seconds = 30.0
    latest_update = "latestSolutionUpdate"
    repeated = frozenset({_TRAIN_FIRST, _TRAIN})

    def create_solution(self, request: Document, caller: Caller) -> Document:
        """Create a solution; nothing is trained yet.

        Whether the service wants data to be there is not documented; here a training does, and a
        solution does not. What it names of the data, columns say, has to be there.
        """
        group = self._get_active(request["datasetGroupArn"], caller, kind="dataset-group")
        data = GroupData(self._backend, group.arn)
        if request.get("performAutoML"):
            _require_auto_ml(request, caller)
            request["performHPO"] = True  # "this parameter is always true", says CreateSolution
        elif "recipeArn" not in request:
            msg = "recipeArn must be given, unless performAutoML is true."
            raise InvalidInputError(msg)
        else:
            require_fit(request, recipe_of(request["recipeArn"], caller), data)
        used = self._count(caller, group=group.arn)
        self._require_room(self._quotas.solutions, used, "solutions in a dataset group")
        arn = caller.arn(f"solution/{request['name']}")
        tags = request.pop("tags", [])
        document = {
            "performHPO": False,
            "performAutoML": False,
            "performAutoTraining": True,
            **request,
            "solutionArn": arn,
            "columns": data.columns(),
        }
        if document["performAutoTraining"]:
            weekly = {"schedulingExpression": schedule(DEFAULT_DAYS_BETWEEN_TRAININGS)}
            config = request.get("solutionConfig", {})
            document["solutionConfig"] = {"autoTrainingConfig": weekly, **config}
        self._create(arn, document, caller, name=request["name"], group=group.arn, tags=tags)
        return {"solutionArn": arn}

    def describe_solution(self, request: Document, caller: Caller) -> Document:
        """Describe a solution, and its latest version if it has one."""
        solution = self._get(request["solutionArn"], caller)
        versions = list(self._store.find("solution-version", parent=solution.arn))
        latest = versions[-1].document if versions else None
        return {"solution": {**solution.document, "latestSolutionVersion": latest}}

    def list_solutions(self, request: Document, caller: Caller) -> Document:
        """List the solutions, of all groups or of one."""
        return self._page(request, caller, "solutions", parent=request.get("datasetGroupArn"))

    def update_solution(self, request: Document, caller: Caller) -> Document:
        """Change when a solution trains by itself, and how it weighs events."""
        solution = self._get_active(request["solutionArn"], caller, kind=self.kind)
        del request["solutionArn"]
        if not request:
            msg = "Nothing to update was given."
            raise InvalidInputError(msg)
        asked = {**request, "solutionConfig": request.get("solutionUpdateConfig", {})}
        data = GroupData(self._backend, solution.group_arn or "")
        require_fit(asked, _recipe_of(solution), data)
        self._update(solution, request)
        return {"solutionArn": solution.arn}

    def delete_solution(self, request: Document, caller: Caller) -> Document:
        """Delete a solution and all of its versions, once no campaign needs them."""
        solution = self._get(request["solutionArn"], caller)
        why = f"{solution.arn} cannot be deleted before"
        self._require_none("campaign", why, parent=solution.arn)
        self._require_settled("solution-version", why, parent=solution.arn)
        # The guide's page deleting-resources does not name batch jobs; but they ask the model.
        for version in self._store.find("solution-version", parent=solution.arn):
            for kind in _BATCH_JOBS:
                self._require_settled(kind, why, parent=version.arn)
        self._delete(solution)
        self._stop_training(solution.arn)
        return {}

    def finish(self, job: Job) -> None:
        """Mark the solution as done; with an update done, what it changed holds."""
        super().finish(job)
        if job.action == "create":
            self._start_training(job.arn)
        elif job.action == "update":
            self._take_over(self._existing(job.arn))

    def repeat(self, job: Job) -> None:
        """Train by itself, if there is new data, and see to it that it happens again.

        A version that somebody asks for within the first hour takes the place of the first. The
        schedule is anchored to the start of the training; what the clock jumped over is not made
        up for.
        """
        solution = self._existing(job.arn)
        if not (job.action == _TRAIN_FIRST and self._was_trained_since(solution, job.started)):
            versions = SolutionVersions(self._backend)
            if versions.has_new_data(solution):
                # There may be a dataset missing, or too much going on: then next time.
                with contextlib.suppress(ServiceError):
                    versions.train(solution, training_type="AUTOMATIC")
        config = solution.document.get("solutionConfig", {})
        seconds = days_between_trainings(config) * _DAY
        passed = max(0.0, self._backend.clock.now() - job.started) % seconds
        self._jobs.submit(job.arn, _TRAIN, 0, after=seconds - passed)

    def _was_trained_since(self, solution: Resource, first_training: float) -> bool:
        since = round(first_training - _FIRST_TRAINING_SECONDS, 3)  # as documents have it
        return any(
            version.document["trainingType"] == "MANUAL"
            and version.document["creationDateTime"] >= since
            for version in self._store.find("solution-version", parent=solution.arn)
        )

    def _take_over(self, solution: Resource) -> None:
        """Let what an update changed hold.

        Training starts anew where it is switched on, or its frequency is another one; else it goes
        on as it would have.
        """
        before = solution.document
        update = before[self.latest_update]
        config = before.get("solutionConfig", {}) | update.get("solutionUpdateConfig", {})
        changes = {name: update[name] for name in _SWITCHES if name in update}
        self._change(solution.arn, **changes, solutionConfig=config)
        if not changes.get("performAutoTraining", before["performAutoTraining"]):
            self._stop_training(solution.arn)
        elif not before["performAutoTraining"] or days_between_trainings(
            config
        ) != days_between_trainings(before.get("solutionConfig", {})):
            self._start_training(solution.arn)

    def _start_training(self, arn: str) -> None:
        self._stop_training(arn)
        if self._existing(arn).document["performAutoTraining"]:
            self._jobs.submit(arn, _TRAIN_FIRST, 0, after=_FIRST_TRAINING_SECONDS)

    def _stop_training(self, arn: str) -> None:
        for action in self.repeated:
            self._jobs.cancel(arn, action)

    def _remove(self, arn: str) -> None:
        for version in self._store.find("solution-version", parent=arn):
            # As with the jobs of a dataset, see there.
            for kind in _BATCH_JOBS:
                for batch_job in self._store.find(kind, parent=version.arn):
                    self._store.retire(batch_job.arn)
            self._store.remove(version.arn)
            self._backend.models.remove(version.arn)
        super()._remove(arn)


def _require_auto_ml(request: Document, caller: Caller) -> None:
    """Refuse what AutoML cannot choose from (the guide's page training-solution-auto-ml).

    Raises:
        InvalidInputError: There is a recipe already, or one among the candidates that is not of the
            HRNN family.
        ResourceNotFoundError: There is no such candidate.
    """
    if "recipeArn" in request:
        msg = "recipeArn cannot be given together with performAutoML: the service chooses it."
        raise InvalidInputError(msg)
    config = request.get("solutionConfig", {})
    require_schedule(config)
    for arn in candidates_of(config) or ():
        if not recipe_of(arn, caller).supports(Feature.AUTO_ML):
            known = ", ".join(map(str, Recipe.supporting(Feature.AUTO_ML)))
            msg = f"AutoML chooses from {known}, not from {arn}."
            raise InvalidInputError(msg)


def _recipe_of(solution: Resource) -> Recipe:
    """Return the recipe of a solution; with AutoML it is one of a family."""
    if solution.document["performAutoML"]:
        return Recipe.supporting(Feature.AUTO_ML)[0]
    return recipe_of(solution.document["recipeArn"], solution.caller)
