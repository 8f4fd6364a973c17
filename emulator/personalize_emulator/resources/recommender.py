"""Recommenders: the use cases of a domain, trained and served without solutions and campaigns."""

from __future__ import annotations

from cdk_personalize.serving_config import findings, findings_of_data, findings_of_domain
from cdk_personalize.use_case import UseCase
from personalize_emulator.automatic_updates import UPDATE_MODEL, update_interval
from personalize_emulator.caller import Caller
from personalize_emulator.errors import InvalidInputError, ResourceInUseError
from personalize_emulator.group_data import GroupData, has_new
from personalize_emulator.jobs import Job, Outcome
from personalize_emulator.recipes import use_case_of
from personalize_emulator.resources.family import ResourceFamily, is_settled
from personalize_emulator.resources.training_config import (
    require_columns,
    require_datasets,
    require_none,
)
from personalize_emulator.store import Document, Resource
from personalize_emulator.training import TrainingPlan

_RETRAIN = "retrain"
_RETRAINING_SECONDS = 7 * 86_400.0  # the guide's page managing-recommenders
_TRAINING_SECONDS = 1800.0
_UPDATED = ("recommenderConfig", "columns")


class Recommenders(ResourceFamily):
    """The operations on recommenders.

    A recommender that is INACTIVE keeps its model and learns nothing.
    """

    kind = "recommender"
    create_seconds = _TRAINING_SECONDS
    update_seconds = 60.0
    switch_seconds = 60.0
    """How long stopping or starting lasts."""
    delete_seconds = 60.0
    latest_update = "latestRecommenderUpdate"
    repeated = frozenset({_RETRAIN, UPDATE_MODEL})

    def create_recommender(self, request: Document, caller: Caller) -> Document:
        """Create a recommender for a use case of the group's domain, which trains its model."""
        group = self._get_active(request["datasetGroupArn"], caller, kind="dataset-group")
        use_case = use_case_of(request["recipeArn"], caller)
        require_none(findings_of_domain(use_case, group.document.get("domain")))
        data = GroupData(self._backend, group.arn)
        config = {"minRecommendationRequestsPerSecond": 1, **request.get("recommenderConfig", {})}
        _require_fit(config, use_case, data)
        require_datasets(use_case, data)
        used = self._count(caller, group=group.arn)
        self._require_room(self._quotas.recommenders, used, "recommenders in a dataset group")
        used = self._count(caller)
        self._require_room(self._quotas.recommenders_in_region, used, "recommenders")
        arn = caller.arn(f"recommender/{request['name']}")
        tags = request.pop("tags", [])
        document = {
            **request,
            "recommenderArn": arn,
            "recommenderConfig": config,
            "columns": data.columns(),
        }
        self._create(arn, document, caller, name=request["name"], group=group.arn, tags=tags)
        return {"recommenderArn": arn}

    def describe_recommender(self, request: Document, caller: Caller) -> Document:
        """Describe a recommender, with how good its model is."""
        document = self._get(request["recommenderArn"], caller).document
        return {"recommender": {**document, "modelMetrics": document.get("metrics")}}

    def list_recommenders(self, request: Document, caller: Caller) -> Document:
        """List the recommenders, of all groups or of one."""
        return self._page(request, caller, "recommenders", parent=request.get("datasetGroupArn"))

    def update_recommender(self, request: Document, caller: Caller) -> Document:
        """Change the configuration of a recommender; other columns mean a full retraining.

        What the configuration does not name stays as it was, as with UpdateCampaign; the service's
        documentation says nothing of it. The columns that the recommender had already cause no
        training (the guide's page updating-recommender).
        """
        recommender = self._get_active(request["recommenderArn"], caller, kind=self.kind)
        given = request["recommenderConfig"]
        held = recommender.document["recommenderConfig"]
        data = GroupData(self._backend, recommender.group_arn or "")
        _require_fit({**held, **given}, _use_case(recommender), data)
        update: Document = {"recommenderConfig": {**held, **given}}
        # Columns that came with a new schema are in from now on (updating-dataset-schema).
        columns = data.columns() if "trainingDataConfig" in given else None
        if columns is not None and (
            given["trainingDataConfig"] != held.get("trainingDataConfig")
            or columns != recommender.document["columns"]
        ):
            require_datasets(_use_case(recommender), data)
            update["columns"] = columns
        retrained = "columns" in update
        self._update(recommender, update, seconds=_TRAINING_SECONDS if retrained else None)
        return {"recommenderArn": recommender.arn}

    def stop_recommender(self, request: Document, caller: Caller) -> Document:
        """Stop a recommender: it answers no more, and learns no more."""
        return self._switch(request, caller, "ACTIVE", "stop")

    def start_recommender(self, request: Document, caller: Caller) -> Document:
        """Start a recommender that was stopped, with the model that it had."""
        return self._switch(request, caller, "INACTIVE", "start")

    def delete_recommender(self, request: Document, caller: Caller) -> Document:
        """Delete a recommender, started or stopped."""
        self._delete(self._get(request["recommenderArn"], caller))
        return {}

    def work(self, job: Job) -> Outcome | None:
        """Train the model, or have it take in what came since; it counts when the job is over."""
        recommender = self._existing(job.arn)
        document = recommender.document
        if job.action == "update":
            document = {**document, **document[self.latest_update]}
        plan = TrainingPlan.of(self._backend, document)
        if job.action == "create" or (
            job.action == "update" and "columns" in document[self.latest_update]
        ):
            return plan.train().keeper(self._backend, job.arn)
        if job.action not in self.repeated or recommender.status != "ACTIVE":
            return None
        if job.action == UPDATE_MODEL:
            updated = plan.updated_if_new(job.arn)
            return None if updated is None else updated.keeper(self._backend, job.arn)
        if not has_new(plan.data.state(), document["data"]):
            return None
        return plan.train().keeper(self._backend, job.arn)

    def finish(self, job: Job) -> None:
        """Mark the recommender as done; with an update done, what it changed holds."""
        if job.action == "stop":
            self._change(job.arn, status="INACTIVE")
            return
        super().finish(job)
        trained = job.action == "create"
        if job.action == "update":
            update = self._existing(job.arn).document[self.latest_update]
            changes = {name: update[name] for name in _UPDATED if name in update}
            self._change(job.arn, **changes)
            trained = "columns" in changes
        if trained or job.action == "start":
            for action in self.repeated:
                self._again(job.arn, action)

    def repeat(self, job: Job) -> None:
        """Have it done again, an interval from now; there is one such job at most.

        An update of the old model, under way at the same time, must not replace the new one.
        """
        self._again(job.arn, job.action)
        if job.action == _RETRAIN:
            self._again(job.arn, UPDATE_MODEL)

    def _again(self, arn: str, action: str) -> None:
        self._jobs.cancel(arn, action)
        recommender = self._existing(arn)
        interval: float | None = _RETRAINING_SECONDS
        if action == UPDATE_MODEL:
            config = recommender.document["recommenderConfig"]
            interval = update_interval(_use_case(recommender), config)
        if interval is not None:
            self._jobs.submit(arn, action, 0, after=interval)

    def _switch(self, request: Document, caller: Caller, wanted: str, action: str) -> Document:
        recommender = self._get(request["recommenderArn"], caller)
        if recommender.status != wanted:
            msg = f"{recommender.arn} is {recommender.status}; it must be {wanted}."
            if is_settled(recommender.status):
                raise InvalidInputError(msg)
            raise ResourceInUseError(msg)
        self._require_updated(recommender)
        self._change(recommender.arn, status=f"{action.upper()} PENDING")
        if action == "stop":
            for repeated in self.repeated:
                self._jobs.cancel(recommender.arn, repeated)
        self._jobs.submit(recommender.arn, action, self.switch_seconds)
        return {"recommenderArn": recommender.arn}

    def _remove(self, arn: str) -> None:
        super()._remove(arn)
        self._backend.models.remove(arn)


def _use_case(recommender: Resource) -> UseCase:
    return use_case_of(recommender.document["recipeArn"], recommender.caller)


def _require_fit(config: Document, use_case: UseCase, data: GroupData) -> None:
    """Refuse a `recommenderConfig` that does not go with the use case, or with the columns.

    Raises:
        InvalidInputError: There is such a thing in it.
    """
    schemas = data.schemas()
    require_none([*findings(config, use_case), *findings_of_data(config, schemas, complete=True)])
    require_columns(config, use_case, data)
