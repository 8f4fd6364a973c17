"""Custom::PersonalizeCampaign.

A campaign needs a model, and a model needs data: until there is one, the campaign is declared and
its ARN known, and the pipeline creates it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from resource_provider.adoption import adopt
from resource_provider.control_plane import (
    code_of,
    is_active,
    matches,
    newest_active_version,
    solution_of,
    unless_missing,
)
from resource_provider.lifecycle import (
    DEFERRED,
    Change,
    ResourceEvent,
    is_deferred,
    old_request_of,
    physical_id,
    request_of,
    stack_name,
)
from resource_provider.progress import (
    began_at,
    found,
    still_being_made,
    still_being_updated,
    update_failed,
    with_defaults,
)
from resource_provider.retirement import is_retired
from resource_provider.stacks import Stacks

if TYPE_CHECKING:
    from mypy_boto3_personalize import PersonalizeClient

_KIND = "campaign"
# Other members have no default that goes with every recipe that a campaign may move to.
_DEFAULTS = {"enableMetadataWithRecommendations": False, "syncWithLatestSolutionVersion": False}
_UPDATABLE = ("minProvisionedTPS", "campaignConfig")


class CampaignResource:
    """The campaigns of the stack."""

    def __init__(self, personalize: PersonalizeClient, stacks: Stacks) -> None:
        """Keep the client, and what tells how a stack is."""
        self._personalize = personalize
        self._stacks = stacks

    def create(self, event: ResourceEvent) -> Change:
        """Create the campaign, or leave it to the pipeline."""
        return self._create(event)

    def update(self, event: ResourceEvent) -> Change:
        """Update the campaign, or create another one."""
        arn = _arn(event)
        if arn != physical_id(event):
            return self._create(event, is_known=self._stacks.is_rolling_back(event))
        campaign = self._describe(arn)
        if campaign is None:
            return self._create(event)
        old, new = old_request_of(event), request_of(event)
        version = self._moves_to(event, campaign)
        changeable = _changeable(event, campaign, version)
        return Change(
            arn,
            latest_update=began_at(_latest_update(campaign)),
            update_due=version is not None
            or any(old.get(name) != new.get(name) for name in changeable),
        )

    def still_changing(self, event: ResourceEvent) -> str | None:
        """Wait until the campaign is there, as it is asked for."""
        if is_deferred(event):
            return None
        arn = physical_id(event)
        campaign, is_update = self._describe(arn), event["RequestType"] == "Update"
        if campaign is None and is_update:
            return self._create_again(event)
        campaign = found(_KIND, arn, campaign)
        waiting = still_being_made(_KIND, arn, campaign, may_have_failed=is_update)
        if waiting is not None or not event.get("UpdateDue"):
            return waiting
        return self._still_updating(event, campaign)

    def still_deleting(self, event: ResourceEvent) -> str | None:
        """Delete the campaign, once the service is not at work on it."""
        arn = physical_id(event)
        campaign = self._describe(arn)
        if campaign is None:
            return None
        waiting = still_being_made(_KIND, arn, campaign, may_have_failed=True)
        waiting = waiting or still_being_updated(_KIND, arn, _latest_update(campaign))
        if waiting is not None:
            return waiting
        unless_missing(lambda: self._personalize.delete_campaign(campaignArn=arn))
        return f"the campaign {arn} is being deleted"

    def _create(self, event: ResourceEvent, *, is_known: bool = False) -> Change:
        arn, request = _arn(event), request_of(event)
        version = self._newest_version(event)
        if version is None:
            # Told now and not by the pipeline, which would take a stranger's campaign for ours.
            if (campaign := self._describe(arn)) is None:
                return Change(arn, DEFERRED)
            self._adopt(event, campaign, is_known=is_known)
            return Change(arn)
        try:
            self._personalize.create_campaign(**request, solutionVersionArn=version)
        except ClientError as error:
            if code_of(error) != "ResourceAlreadyExistsException":
                raise
            self._adopt(event, self._describe(arn), is_known=is_known)
        return Change(arn)

    def _adopt(
        self, event: ResourceEvent, campaign: dict[str, Any] | None, *, is_known: bool
    ) -> None:
        """Accept a campaign that this request has created, or that a roll-back returns to.

        What it serves tells it from that of somebody else, who may have given it the same name.
        """
        request, solution_arn = request_of(event), event["ResourceProperties"]["SolutionArn"]
        wanted = {name: request[name] for name in _UPDATABLE if name in request and not is_known}
        if campaign is not None:
            served = solution_of(campaign["solutionVersionArn"])
            if is_known and self._has_served(event, served):
                solution_arn = served
            campaign = campaign | {"solutionArn": served}
        wanted |= {"name": request["name"], "solutionArn": solution_arn}
        adopt(_KIND, _arn(event), campaign, wanted, is_known=is_known)

    def _has_served(self, event: ResourceEvent, solution_arn: str) -> bool:
        """Tell whether a solution is one that the campaign may not have moved away from yet."""
        old_arn = event.get("OldResourceProperties", {}).get("SolutionArn")
        return solution_arn == old_arn or is_retired(
            self._personalize, solution_arn, stack_name(event)
        )

    def _create_again(self, event: ResourceEvent) -> str | None:
        """Create a campaign that somebody deleted while it was to be updated."""
        if self._create(event).state == DEFERRED:
            return None
        return f"the campaign {physical_id(event)} is being created"

    def _still_updating(self, event: ResourceEvent, campaign: dict[str, Any]) -> str | None:
        arn, request = campaign["campaignArn"], request_of(event)
        update = _latest_update(campaign)
        if waiting := still_being_updated(_KIND, arn, update):
            return waiting
        version = self._moves_to(event, campaign)
        changeable = _changeable(event, campaign, version)
        wanted = {name: request[name] for name in changeable if name in request}
        # The service may tell of the version that /$LATEST stood for.
        served = {"solutionVersionArn": version} if version and not _follows(event) else {}
        is_ours = began_at(update) not in {"", event.get("LatestUpdate", "")}
        if is_ours and matches(wanted | served, update):
            if is_active(update["status"]):
                return None
            raise update_failed(_KIND, arn, update)
        old_config = old_request_of(event).get("campaignConfig")
        if old_config is not None and "campaignConfig" in changeable:
            config = request.get("campaignConfig", {})
            wanted["campaignConfig"] = with_defaults(config, old_config, _DEFAULTS)
        if _follows(event):
            version = self._newest_version(event)
        if version is not None:
            wanted["solutionVersionArn"] = version
        self._personalize.update_campaign(campaignArn=arn, **wanted)
        return f"the campaign {arn} is being updated"

    def _newest_version(self, event: ResourceEvent) -> str | None:
        """Return the model that the campaign is to serve, if there is one."""
        solution_arn = event["ResourceProperties"]["SolutionArn"]
        version = newest_active_version(self._personalize, solution_arn)
        return f"{solution_arn}/$LATEST" if version and _follows(event) else version

    def _moves_to(self, event: ResourceEvent, campaign: dict[str, Any]) -> str | None:
        """Return the model to move to: of another solution, or the newest if it is to follow.

        Otherwise the campaign keeps the model that it has: to move it is the pipeline's part.
        """
        followed = campaign.get("campaignConfig", {}).get("syncWithLatestSolutionVersion", False)
        if _serves_its_solution(event, campaign) and _follows(event) == followed:
            return None
        return self._newest_version(event)

    def _describe(self, arn: str) -> dict[str, Any] | None:
        answer = unless_missing(lambda: self._personalize.describe_campaign(campaignArn=arn))
        return None if answer is None else dict(answer["campaign"])


def _arn(event: ResourceEvent) -> str:
    prefix = str(event["ResourceProperties"]["SolutionArn"]).partition(":solution/")[0]
    return f"{prefix}:campaign/{request_of(event)['name']}"


def _serves_its_solution(event: ResourceEvent, campaign: dict[str, Any]) -> bool:
    solution_arn: str = event["ResourceProperties"]["SolutionArn"]
    return solution_of(campaign["solutionVersionArn"]) == solution_arn


def _changeable(
    event: ResourceEvent, campaign: dict[str, Any], version: str | None
) -> tuple[str, ...]:
    """Return the members that can be changed now.

    The configuration is one for the recipe of the solution. While that has no model, the campaign
    serves another, and its move there, which is the pipeline's part, brings the configuration.
    """
    is_ready = version is not None or _serves_its_solution(event, campaign)
    return _UPDATABLE if is_ready else ("minProvisionedTPS",)


def _follows(event: ResourceEvent) -> bool:
    """Tell whether the campaign is to move to each new model of its solution by itself."""
    config = request_of(event).get("campaignConfig", {})
    return bool(config.get("syncWithLatestSolutionVersion"))


def _latest_update(campaign: dict[str, Any]) -> dict[str, Any]:
    return dict(campaign.get("latestCampaignUpdate", {}))
