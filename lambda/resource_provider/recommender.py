"""Custom::PersonalizeRecommender.

CloudFormation has no type for recommenders. One is trained as it is created, so until the data is
there that its use case needs it is declared and its ARN known, and the pipeline creates it. One
whose creation failed, for want of enough data perhaps, is deleted and created again by an update.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from personalize_runtime.observability import logger
from personalize_runtime.service_errors import trouble_of
from resource_provider.adoption import adopt
from resource_provider.control_plane import (
    code_of,
    is_active,
    is_failed,
    matches,
    unless_missing,
)
from resource_provider.imports import has_data
from resource_provider.lifecycle import (
    DEFERRED,
    Change,
    ProvisioningError,
    ResourceEvent,
    is_deferred,
    old_request_of,
    physical_id,
    request_of,
)
from resource_provider.progress import (
    began_at,
    found,
    still_being_made,
    still_being_updated,
    update_failed,
    with_defaults,
)
from resource_provider.stacks import Stacks

if TYPE_CHECKING:
    from mypy_boto3_personalize import PersonalizeClient

_KIND = "recommender"
_FIXED = ("name", "recipeArn", "datasetGroupArn")
# What the service does when nobody says, which an update returns to when nobody does any longer.
_DEFAULTS: Mapping[str, Any] = {
    "enableMetadataWithRecommendations": False,
    "itemExplorationConfig": {"explorationWeight": "0.3", "explorationItemAgeCutOff": "30"},
    "minRecommendationRequestsPerSecond": 1,
    "trainingDataConfig": {"excludedDatasetColumns": {}},
}
# Training may take longer than CloudFormation waits. To give up would be to delete what trains, or
# to train once more with what was before; the pipeline waits for it in any case.
LONGEST_WAIT_SECONDS = 45 * 60


class RecommenderResource:
    """The recommenders of the stack."""

    def __init__(self, personalize: PersonalizeClient, stacks: Stacks) -> None:
        """Keep the client, and what tells how a stack is."""
        self._personalize = personalize
        self._stacks = stacks

    def create(self, event: ResourceEvent) -> Change:
        """Create the recommender, or leave it to the pipeline."""
        return self._create(event)

    def update(self, event: ResourceEvent) -> Change:
        """Update the recommender, or create another one."""
        arn, request = _arn(event), request_of(event)
        if arn != physical_id(event):
            return self._create(event, is_known=self._stacks.is_rolling_back(event))
        recommender = self._describe(arn)
        if recommender is None:
            return self._create(event)
        if is_failed(recommender["status"]):
            return self._replace_failed(event)
        changed = _changed(recommender, request)
        if changed and not self._is_taken_back(event, recommender):  # which is replaced
            msg = (
                f"{', '.join(changed)} of the recommender {arn} cannot be changed: "
                "give the recommender another name, so that it is replaced"
            )
            raise ProvisioningError(msg)
        status = recommender["status"]
        return Change(
            arn,
            latest_update=began_at(_latest_update(recommender)),
            was_stopped=status == "INACTIVE" or status.startswith("STOP"),
        )

    def still_changing(self, event: ResourceEvent) -> str | None:
        """Wait until the recommender is there, as it is asked for."""
        if is_deferred(event):
            return None
        arn, is_update = physical_id(event), _is_update(event)
        recommender = self._describe(arn)
        if recommender is None and is_update:
            return self._create_again(event)
        recommender = found(_KIND, arn, recommender)
        if is_update and self._is_taken_back(event, recommender):
            return self._still_deleting(recommender)
        is_failure = is_update and is_failed(recommender["status"])
        if is_failure and self._stacks.is_rolling_back(event):
            # A roll-back that fails leaves a stack that nothing can be done with.
            logger.warning("left to the next update", arn=arn, status=recommender["status"])
            return None
        waiting = still_being_made(_KIND, arn, recommender)
        waiting = waiting or still_being_updated(_KIND, arn, _latest_update(recommender))
        if waiting is not None:
            return _unless_too_long(event, waiting)
        return self._still_updating(event, recommender) if is_update else None

    def still_deleting(self, event: ResourceEvent) -> str | None:
        """Delete the recommender, running or stopped, once the service is not at work on it."""
        arn = physical_id(event)
        recommender = self._describe(arn)
        if recommender is None:
            return None
        return self._still_deleting(recommender)

    def _still_deleting(self, recommender: dict[str, Any]) -> str:
        arn = recommender["recommenderArn"]
        waiting = still_being_made(_KIND, arn, recommender, may_have_failed=True)
        waiting = waiting or still_being_updated(_KIND, arn, _latest_update(recommender))
        if waiting is not None:
            return waiting
        unless_missing(lambda: self._personalize.delete_recommender(recommenderArn=arn))
        return f"the recommender {arn} is being deleted"

    def _create(self, event: ResourceEvent, *, is_known: bool = False) -> Change:
        arn, request = _arn(event), request_of(event)
        recommender = self._describe(arn)
        if recommender is None:
            if not has_data(self._personalize, event):
                return Change(arn, DEFERRED)
            try:
                self._personalize.create_recommender(**request)
            except ClientError as error:
                if code_of(error) != "ResourceAlreadyExistsException":
                    raise
                recommender = self._describe(arn)
            else:
                return Change(arn)
        # One that a roll-back returns to is updated later on, should it be configured otherwise.
        members = _FIXED if is_known else ("recommenderConfig", *_FIXED)
        asked = {name: request[name] for name in members if name in request}
        adopt(_KIND, arn, recommender, asked, is_known=is_known)
        return Change(arn, latest_update=began_at(_latest_update(recommender or {})))

    def _create_again(self, event: ResourceEvent) -> str | None:
        """Create a recommender that was deleted while it was to be updated."""
        if self._create(event).state == DEFERRED:
            return None
        return f"the recommender {physical_id(event)} is being created"

    def _is_taken_back(self, event: ResourceEvent, recommender: dict[str, Any]) -> bool:
        """Tell whether the update that is rolled back has created the recommender.

        There was none before, but perhaps one of another use case that was left to the pipeline.
        """
        old, new = old_request_of(event), request_of(event)
        return (
            bool(_changed(recommender, new))
            and not _changed(recommender, old)
            and self._stacks.is_rolling_back(event)
        )

    def _replace_failed(self, event: ResourceEvent) -> Change:
        """Delete a recommender that no update mends; it is created again if there is data.

        A roll-back leaves that to the pipeline, since what failed may fail again.
        """
        arn = physical_id(event)
        unless_missing(lambda: self._personalize.delete_recommender(recommenderArn=arn))
        is_created = has_data(self._personalize, event) and not self._stacks.is_rolling_back(event)
        return Change(arn) if is_created else Change(arn, DEFERRED)

    def _still_updating(self, event: ResourceEvent, recommender: dict[str, Any]) -> str | None:
        arn, update, wanted = physical_id(event), _latest_update(recommender), _wanted(event)
        # An update is enough: the service may write in another way than we do what it has taken.
        is_updated = began_at(update) not in {"", event.get("LatestUpdate", "")}
        is_as_wanted = _has(recommender["recommenderConfig"], wanted)
        if not is_as_wanted and not is_updated:
            return self._update(event, recommender, wanted)
        waiting = self._stop_again(event, recommender)
        if not is_as_wanted and is_failed(update["status"]):
            raise update_failed(_KIND, arn, update)
        return waiting

    def _update(
        self, event: ResourceEvent, recommender: dict[str, Any], wanted: dict[str, Any]
    ) -> str:
        """Begin the update. Whether the service updates what is stopped is not documented."""
        arn = recommender["recommenderArn"]
        is_running = is_active(recommender["status"])
        request: dict[str, Any] = {"recommenderArn": arn, "recommenderConfig": wanted}
        try:
            self._personalize.update_recommender(**request)
        except ClientError as error:
            refusals = {"InvalidInputException", "ResourceInUseException"}
            if not is_running and code_of(error) in refusals:
                self._personalize.start_recommender(recommenderArn=arn)
                return f"the recommender {arn} is being started, to be updated"
            if not trouble_of(error).passes:
                self._stop_again(event, recommender)
            raise
        return f"the recommender {arn} is being updated"

    def _stop_again(self, event: ResourceEvent, recommender: dict[str, Any]) -> str | None:
        """Stop what was stopped before; return what that waits for, if for anything."""
        if not event.get("WasStopped") or not is_active(recommender["status"]):
            return None
        arn = recommender["recommenderArn"]
        self._personalize.stop_recommender(recommenderArn=arn)
        return f"the recommender {arn} is being stopped, as it was before"

    def _describe(self, arn: str) -> dict[str, Any] | None:
        answer = unless_missing(lambda: self._personalize.describe_recommender(recommenderArn=arn))
        return None if answer is None else dict(answer["recommender"])


def _arn(event: ResourceEvent) -> str:
    request = request_of(event)
    prefix = str(request["datasetGroupArn"]).partition(":dataset-group/")[0]
    return f"{prefix}:recommender/{request['name']}"


def _changed(recommender: Mapping[str, Any], request: Mapping[str, Any]) -> list[str]:
    """Return in what a recommender is another one than a request asks for."""
    return [name for name in _FIXED if not matches(request.get(name), recommender[name])]


def _is_update(event: ResourceEvent) -> bool:
    return event["RequestType"] == "Update"


def _latest_update(recommender: Mapping[str, Any]) -> dict[str, Any]:
    return dict(recommender.get("latestRecommenderUpdate", {}))


def _wanted(event: ResourceEvent) -> dict[str, Any]:
    """Return the configuration that is asked for."""
    old, new = old_request_of(event), request_of(event)
    # One that replaces another has nothing of it to return from. What was to be another use case,
    # and was refused, may have said what this one does not know.
    is_same = all(old.get(name) == new[name] for name in ("name", "recipeArn"))
    old_config = old.get("recommenderConfig", {}) if is_same else {}
    return with_defaults(new.get("recommenderConfig", {}), old_config, _DEFAULTS)


def _has(config: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Tell whether a recommender is configured as it is asked for."""
    choice = wanted.get("trainingDataConfig")
    others = {name: value for name, value in wanted.items() if name != "trainingDataConfig"}
    return matches(others, config) and (
        choice is None or _columns(choice) == _columns(config.get("trainingDataConfig", {}))
    )


def _columns(choice: Mapping[str, Any]) -> dict[tuple[str, str], frozenset[str]]:
    """Return the chosen columns, by what becomes of them and the type of their data set."""
    return {
        (member, dataset_type.upper()): frozenset(columns)
        for member, chosen in choice.items()
        for dataset_type, columns in chosen.items()
        if columns
    }


def _unless_too_long(event: ResourceEvent, waiting: str) -> str | None:
    """Return what is waited for, unless that has taken long; what is to be stopped again is."""
    if event.get("WasStopped") or time.time() - event.get("BeganAt", 0) < LONGEST_WAIT_SECONDS:
        return waiting
    logger.warning("not waited for any longer", reason=waiting)
    return None
