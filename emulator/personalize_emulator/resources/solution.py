"""Solutions: what to train on the data of a dataset group."""

from __future__ import annotations

import contextlib
import re

from cdk_personalize.recipe import Recipe
from personalize_emulator.caller import Caller
from personalize_emulator.errors import InvalidInputError, NotEmulatedError, ServiceError
from personalize_emulator.jobs import Job
from personalize_emulator.resources.family import ResourceFamily
from personalize_emulator.resources.recipe import recipe_of
from personalize_emulator.resources.solution_version import SolutionVersions
from personalize_emulator.store import Document

_SCHEDULE = re.compile(r"rate\((\d+) days?\)")
_LONGEST_RATE = 30
_DEFAULT_SCHEDULE = "rate(7 days)"

_TRAIN = "train"
_DAY = 86_400.0
_FIRST_TRAINING_SECONDS = 3600.0  # within the hour, says the guide
_BATCH_JOBS = ("batch-inference-job", "batch-segment-job")
_SWITCHES = ("performAutoTraining", "performIncrementalUpdate")

_WITH_EVENTS_CONFIG = (Recipe.USER_PERSONALIZATION_V2, Recipe.PERSONALIZED_RANKING_V2)


class Solutions(ResourceFamily):
    """The operations on solutions."""

    kind = "solution"
    create_seconds = 20.0
    update_seconds = 20.0
    delete_seconds = 30.0
    latest_update = "latestSolutionUpdate"

    def create_solution(self, request: Document, caller: Caller) -> Document:
        """Create a solution; nothing is trained yet.

        Whether the service wants data to be there is not documented; here a training does, and a
        solution does not.
        """
        group = self._get_active(request["datasetGroupArn"], caller, kind="dataset-group")
        if request.get("performAutoML"):
            part = "performAutoML"
            raise NotEmulatedError(part)
        if "recipeArn" not in request:
            msg = "recipeArn must be given, unless performAutoML is true."
            raise InvalidInputError(msg)
        recipe = recipe_of(request["recipeArn"], caller)
        config = request.get("solutionConfig", {})
        _require_fit(recipe, config)
        if request.get("performIncrementalUpdate") and recipe is not Recipe.SEMANTIC_SIMILARITY:
            msg = f"performIncrementalUpdate is for {Recipe.SEMANTIC_SIMILARITY} alone."
            raise InvalidInputError(msg)
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
        }
        if document["performAutoTraining"]:
            schedule = {"schedulingExpression": _DEFAULT_SCHEDULE}
            document["solutionConfig"] = {"autoTrainingConfig": schedule, **config}
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
        config = request.get("solutionUpdateConfig", {})
        _require_fit(recipe_of(solution.document["recipeArn"], caller), config)
        del request["solutionArn"]
        if not request:
            msg = "Nothing to update was given."
            raise InvalidInputError(msg)
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
        self._jobs.cancel(solution.arn, _TRAIN)
        return {}

    def begin(self, job: Job) -> None:
        """Mark the solution as being worked on; training by itself changes nothing about it."""
        if job.action != _TRAIN:
            super().begin(job)

    def finish(self, job: Job) -> None:
        """Mark the solution as done; with an update done, what it changed holds."""
        if job.action == _TRAIN:
            self._train(job)
            return
        super().finish(job)
        if job.action == "update":
            document = self._existing(job.arn).document
            update = document[self.latest_update]
            config = document.get("solutionConfig", {}) | update.get("solutionUpdateConfig", {})
            changes = {name: update[name] for name in _SWITCHES if name in update}
            self._change(job.arn, **changes, solutionConfig=config)
        if job.action != "delete":
            self._jobs.cancel(job.arn, _TRAIN)
            if self._existing(job.arn).document["performAutoTraining"]:
                self._jobs.submit(job.arn, _TRAIN, 0, after=_FIRST_TRAINING_SECONDS)

    def _train(self, job: Job) -> None:
        """Train by itself, if there is new data, and see to it that it happens again.

        A version that was asked for within the first hour takes the place of the first.
        """
        solution = self._existing(job.arn)
        versions = SolutionVersions(self._backend)
        if versions.has_new_data(solution):
            # There may be a dataset missing, or too much going on: then next time.
            with contextlib.suppress(ServiceError):
                versions.train(solution, training_type="AUTOMATIC")
        config = solution.document.get("solutionConfig", {}).get("autoTrainingConfig", {})
        schedule = _SCHEDULE.fullmatch(config.get("schedulingExpression", _DEFAULT_SCHEDULE))
        days = int(schedule[1]) if schedule else 0
        self._jobs.submit(job.arn, _TRAIN, 0, after=days * _DAY)

    def _remove(self, arn: str) -> None:
        for version in self._store.find("solution-version", parent=arn):
            # As with the jobs of a dataset, see there.
            for kind in _BATCH_JOBS:
                for batch_job in self._store.find(kind, parent=version.arn):
                    self._store.retire(batch_job.arn)
            self._store.remove(version.arn)
        super()._remove(arn)


def _require_fit(recipe: Recipe, config: Document) -> None:
    """Refuse a configuration that the recipe does not know.

    Raises:
        InvalidInputError: There is such a thing in it.
    """
    if "eventsConfig" in config and recipe not in _WITH_EVENTS_CONFIG:
        allowed = " and ".join(str(recipe) for recipe in _WITH_EVENTS_CONFIG)
        msg = f"eventsConfig is for {allowed}, not for {recipe}."
        raise InvalidInputError(msg)
    schedule = config.get("autoTrainingConfig", {}).get("schedulingExpression")
    if schedule is not None:
        matched = _SCHEDULE.fullmatch(schedule)
        if matched is None or not 1 <= int(matched[1]) <= _LONGEST_RATE:
            msg = f"schedulingExpression must be from 1 to {_LONGEST_RATE} days, got {schedule}."
            raise InvalidInputError(msg)
    choice = config.get("trainingDataConfig", {})
    if "excludedDatasetColumns" in choice and "includedDatasetColumns" in choice:
        msg = "excludedDatasetColumns and includedDatasetColumns cannot be given together."
        raise InvalidInputError(msg)
    threshold = config.get("eventValueThreshold")
    if threshold is not None:
        try:
            float(threshold)
        except ValueError:
            msg = f"eventValueThreshold must be a number, got {threshold}."
            raise InvalidInputError(msg) from None
