"""Campaigns: a version of a solution, there for requests in real time."""

from __future__ import annotations

from cdk_personalize.serving_config import (
    LATEST,
    findings,
    findings_of_data,
    findings_of_deployment,
    findings_of_version,
)
from personalize_emulator.automatic_updates import UPDATE_MODEL, is_updated, update_interval
from personalize_emulator.backend import Backend
from personalize_emulator.caller import Caller
from personalize_emulator.errors import InvalidInputError, ResourceInUseError
from personalize_emulator.group_data import GroupData
from personalize_emulator.jobs import Job, Outcome
from personalize_emulator.recipes import recipe_of
from personalize_emulator.resources.family import ResourceFamily, is_settled
from personalize_emulator.resources.training_config import require_none
from personalize_emulator.store import Document, Resource, Store
from personalize_emulator.training import TrainingPlan

_UPDATED = ("solutionVersionArn", "minProvisionedTPS", "campaignConfig")


class Campaigns(ResourceFamily):
    """The operations on campaigns."""

    kind = "campaign"
    create_seconds = 300.0
    update_seconds = 300.0
    delete_seconds = 60.0
    latest_update = "latestCampaignUpdate"
    repeated = frozenset({UPDATE_MODEL})

    def create_campaign(self, request: Document, caller: Caller) -> Document:
        """Deploy a version of a solution."""
        version = self._deployable(request["solutionVersionArn"], caller)
        config = request.get("campaignConfig", {})
        self._require_fit(config, request["solutionVersionArn"], version)
        used = self._count(caller, group=version.group_arn)
        self._require_room(self._quotas.campaigns, used, "campaigns in a dataset group")
        arn = caller.arn(f"campaign/{request['name']}")
        tags = request.pop("tags", [])
        document = {
            "minProvisionedTPS": 1,
            **request,
            "campaignArn": arn,
            "solutionVersionArn": version.arn,
        }
        self._create(
            arn,
            document,
            caller,
            name=request["name"],
            group=version.group_arn,
            parent=version.parent_arn,
            tags=tags,
        )
        return {"campaignArn": arn}

    def describe_campaign(self, request: Document, caller: Caller) -> Document:
        """Describe a campaign."""
        return {"campaign": self._get(request["campaignArn"], caller).document}

    def list_campaigns(self, request: Document, caller: Caller) -> Document:
        """List the campaigns, of all solutions or of one."""
        return self._page(request, caller, "campaigns", parent=request.get("solutionArn"))

    def update_campaign(self, request: Document, caller: Caller) -> Document:
        """Deploy another version or change the configuration; until that is done the old holds."""
        campaign = self._get(request["campaignArn"], caller)
        if campaign.status not in {"ACTIVE", "CREATE FAILED"}:
            msg = f"{campaign.arn} is {campaign.status}; it must be ACTIVE or CREATE FAILED."
            raise ResourceInUseError(msg)
        given = {name: request[name] for name in _UPDATED if name in request}
        if not given:
            msg = f"One of {', '.join(_UPDATED)} must be given."
            raise InvalidInputError(msg)
        target = str(given.get("solutionVersionArn") or _target(campaign))
        version = self._deployable(target, caller)
        # Another solution is fine ("switching to an older version of the recipes", the guide's
        # page update-campaigns, and a solution keeps its recipe); another group is not documented.
        if version.group_arn != campaign.group_arn:
            msg = f"{version.arn} is not of the campaign's dataset group, {campaign.group_arn}."
            raise InvalidInputError(msg)
        if "campaignConfig" in given:
            self._require_fit(given["campaignConfig"], target, version)
        held = {name: campaign.document[name] for name in _UPDATED if name in campaign.document}
        self._update(campaign, {**held, **given, "solutionVersionArn": version.arn})
        return {"campaignArn": campaign.arn}

    def delete_campaign(self, request: Document, caller: Caller) -> Document:
        """Delete a campaign."""
        self._delete(self._get(request["campaignArn"], caller))
        return {}

    def finish(self, job: Job) -> None:
        """Mark the campaign as done; with an update done, what it changed holds."""
        super().finish(job)
        if job.action not in {"create", "update"}:
            return
        if job.action == "update":
            update = self._existing(job.arn).document[self.latest_update]
            changes = {name: update[name] for name in _UPDATED if name in update}
            self._change(job.arn, **changes, status="ACTIVE", failureReason=None)
            version = self._store.get(update["solutionVersionArn"])
            if version is not None and version.parent_arn is not None:
                self._store.move(job.arn, version.parent_arn)
        self._update_model_again(job.arn)
        # A version may have become ACTIVE in the meantime.
        self._follow(self._existing(job.arn))

    def work(self, job: Job) -> Outcome | None:
        """Have the deployed model take in what came since, if it is one that does."""
        campaign = self._existing(job.arn)
        version = self._store.get(campaign.document["solutionVersionArn"])
        if job.action != UPDATE_MODEL or campaign.status != "ACTIVE" or version is None:
            return None
        if not is_updated(version, self._store):
            return None
        plan = TrainingPlan.of(self._backend, version.document)
        updated = plan.updated_if_new(version.arn)
        return None if updated is None else updated.keeper(self._backend, version.arn)

    def repeat(self, job: Job) -> None:
        """Have the model updated again, an interval from now; there is one such job at most."""
        self._update_model_again(job.arn)

    def _update_model_again(self, arn: str) -> None:
        self._jobs.cancel(arn, UPDATE_MODEL)
        version = self._existing(self._existing(arn).document["solutionVersionArn"])
        recipe = recipe_of(version.document["recipeArn"], version.caller)
        interval = update_interval(recipe, version.document.get("solutionConfig", {}))
        if interval is not None:
            self._jobs.submit(arn, UPDATE_MODEL, 0, after=interval)

    def follow(self, solution_arn: str) -> None:
        """Have the campaigns that want it deploy the newest version of a solution."""
        for campaign in self._store.find(self.kind, parent=solution_arn):
            self._follow(campaign)

    def _follow(self, campaign: Resource) -> None:
        document = campaign.document
        if not _is_synced(campaign):
            return
        under_way = document.get(self.latest_update, {}).get("status", "ACTIVE")
        version = _latest_version(self._store, campaign.parent_arn or "")
        if (
            version is not None
            and version.arn != document["solutionVersionArn"]
            and campaign.status == "ACTIVE"
            and is_settled(under_way)
        ):
            held = {name: document[name] for name in _UPDATED if name in document}
            self._update(campaign, {**held, "solutionVersionArn": version.arn})

    def _deployable(self, arn: str, caller: Caller) -> Resource:
        """Return the version that an ARN, or `<solution ARN>/$LATEST`, means.

        What the service says to `/$LATEST` before there is a version is not documented; here it is
        refused, as a version that is not ACTIVE is. So is one that goes with its solution.
        """
        if arn.endswith(LATEST):
            solution = self._get(arn.removesuffix(LATEST), caller, kind="solution")
            version = _latest_version(self._store, solution.arn)
            if version is None:
                msg = f"{solution.arn} has no version that is ACTIVE."
                raise InvalidInputError(msg)
        else:
            version = self._get_active(arn, caller, kind="solution-version")
            solution = self._existing(version.parent_arn or "")
        if solution.status.startswith("DELETE"):
            self._refuse(f"{version.arn} goes with", solution)
        return version

    def _require_fit(self, config: Document, target: str, version: Resource) -> None:
        """Refuse a configuration that does not go with what is deployed.

        Raises:
            InvalidInputError: There is such a thing in it.
        """
        recipe = recipe_of(version.document["recipeArn"], version.caller)
        schemas = GroupData(self._backend, version.group_arn or "").schemas()
        require_none(
            [
                *findings_of_deployment(recipe),
                *findings_of_version(config, target),
                *findings(config, recipe),
                *findings_of_data(config, schemas, complete=True),
            ]
        )


def follow_latest(backend: Backend, solution_arn: str) -> None:
    """Have campaigns follow, after a version of their solution has become ACTIVE."""
    Campaigns(backend).follow(solution_arn)


def _latest_version(store: Store, solution_arn: str) -> Resource | None:
    """Return the newest version of a solution that is ACTIVE, None if there is none yet."""
    versions = store.find("solution-version", parent=solution_arn)
    return next((v for v in reversed(list(versions)) if v.status == "ACTIVE"), None)


def _is_synced(campaign: Resource) -> bool:
    config = campaign.document.get("campaignConfig", {})
    return bool(config.get("syncWithLatestSolutionVersion"))


def _target(campaign: Resource) -> str:
    """Return what a campaign deploys, in the form that a request would give it in."""
    if _is_synced(campaign):
        return f"{campaign.parent_arn}{LATEST}"
    return str(campaign.document["solutionVersionArn"])
