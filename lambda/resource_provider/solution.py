"""Custom::PersonalizeSolution.

CloudFormation's own type leaves the paid automatic training on, and knows neither events nor
columns nor objectives. Some recipes need data before a solution can be created at all: those
solutions are left to the pipeline.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from resource_provider.adoption import adopt, is_recent
from resource_provider.control_plane import (
    code_of,
    is_active,
    is_being_deleted,
    is_busy,
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
    stack_name,
)
from resource_provider.retirement import (
    campaigns_of,
    delete_retired,
    delete_solution,
    is_retired,
    reinstate,
    retire,
)
from resource_provider.stacks import Stacks

if TYPE_CHECKING:
    from mypy_boto3_personalize import PersonalizeClient

# The guide does not give the words with which the service asks for data.
_LACKS_DATA = re.compile(r"\b(data|dataset|datasets|interactions)\b", re.IGNORECASE)
_SWITCHES = ("performAutoTraining", "performIncrementalUpdate")
_CONFIGS = ("autoTrainingConfig", "eventsConfig")
# What the service does when nobody says: what an update returns to when nobody does any longer.
_DEFAULT_SWITCHES = {"performIncrementalUpdate": False}
_DEFAULT_CONFIGS: dict[str, Any] = {
    "autoTrainingConfig": {"schedulingExpression": "rate(7 days)"},
    "eventsConfig": {"eventParametersList": []},
}


class SolutionResource:
    """The solutions of the stack."""

    def __init__(self, personalize: PersonalizeClient, stacks: Stacks) -> None:
        """Keep the client, and what tells how a stack is."""
        self._personalize = personalize
        self._stacks = stacks

    def create(self, event: ResourceEvent) -> Change:
        """Create the solution, or leave it to the pipeline."""
        return self._create(event)

    def update(self, event: ResourceEvent) -> Change:
        """Update what can be, or create another solution."""
        old, new = old_request_of(event), request_of(event)
        arn = _arn(new)
        if arn != physical_id(event):
            return self._create(event, is_known=self._stacks.is_rolling_back(event))
        solution = self._describe(arn)
        if solution is None:
            return self._create(event)
        if is_failed(solution["status"]):  # it has trained nothing, and never will
            unless_missing(lambda: self._personalize.delete_solution(solutionArn=arn))
            return Change(arn)
        # What is there decides, not the old properties alone: a roll-back finds nothing changed.
        if _is_another(solution, old, new) and not self._is_taken_back(event, solution):
            changed = [name for name in _fixed(old) | _fixed(new) if old.get(name) != new.get(name)]
            msg = (
                f"{', '.join(sorted(changed))} of the solution {arn} cannot be changed: "
                "give the solution another name, so that it is replaced"
            )
            raise ProvisioningError(msg)
        return Change(arn, latest_update=_latest_update(solution))

    def still_changing(self, event: ResourceEvent) -> str | None:
        """Wait until the solution is there, as it is asked for."""
        if is_deferred(event):
            return None
        arn = physical_id(event)
        solution = self._describe(arn)
        if solution is None:
            return self._create_again(event)
        if event["RequestType"] == "Update" and self._is_taken_back(event, solution):
            waiting = delete_solution(self._personalize, arn)
            return waiting or f"the solution {arn} is gone, and to be created again"
        if is_failed(solution["status"]):
            msg = f"the solution {arn} is {solution['status']}"
            raise ProvisioningError(msg)
        if not is_active(solution["status"]):
            return f"the solution {arn} is {solution['status']}"
        return self._still_updating(event, solution)

    def still_deleting(self, event: ResourceEvent) -> str | None:
        """Stop what trains, then delete the solution, or retire it if a campaign serves it.

        Those that were retired before go with it: the data sets, which see to them as well, may be
        of another stack, or be retained.
        """
        arn = physical_id(event)
        solution = self._describe(arn)
        if solution is None:
            group_arn = str(request_of(event)["datasetGroupArn"])
            return delete_retired(self._personalize, group_arn, stack_name(event))
        campaigns = campaigns_of(self._personalize, arn)
        if any(not is_being_deleted(campaign["status"]) for campaign in campaigns):
            update = solution.get("latestSolutionUpdate", {}).get("status", "")
            for status in (solution["status"], update):
                if is_busy(status):
                    return f"the solution {arn} is {status}"
            is_training = _effective(solution).get("performAutoTraining") is not False
            retire(self._personalize, arn, stack_name(event), auto_training=is_training)
            return None
        if campaigns:
            return f"the campaign {campaigns[0]['campaignArn']} is {campaigns[0]['status']}"
        return delete_solution(self._personalize, arn)

    def _still_updating(self, event: ResourceEvent, solution: dict[str, Any]) -> str | None:
        arn, update = solution["solutionArn"], solution.get("latestSolutionUpdate", {})
        if is_busy(update.get("status", "")):
            return f"the update of the solution {arn} is {update['status']}"
        changes = _changes(_updated_request(event, solution), solution)
        was_updated = _latest_update(solution) not in {"", event.get("LatestUpdate", "")}
        if changes and was_updated and is_failed(update["status"]):
            reason = update.get("failureReason", "no reason was given")
            msg = f"the solution {arn} could not be updated: {reason}"
            raise ProvisioningError(msg)
        if not changes or was_updated:
            return None  # the service has it, and may write it in another way than we do
        self._personalize.update_solution(solutionArn=arn, **changes)
        return f"the solution {arn} is being updated"

    def _is_taken_back(self, event: ResourceEvent, solution: dict[str, Any]) -> bool:
        """Tell whether the update that is rolled back has created the solution.

        There was none before, or one that had failed. What is older has models to lose.
        """
        old, new = old_request_of(event), request_of(event)
        return (
            _is_another(solution, old, new)
            and matches(_fixed(old), solution)
            and is_recent(solution["creationDateTime"])
            and self._stacks.is_rolling_back(event)
        )

    def _create(self, event: ResourceEvent, *, is_known: bool = False) -> Change:
        request, stack = request_of(event), stack_name(event)
        arn = _arn(request)
        # Looked for first: what a roll-back returns to could be refused by now.
        solution = self._describe(arn)
        if solution is None:
            try:
                return Change(self._personalize.create_solution(**request)["solutionArn"])
            except ClientError as error:
                if self._lacks_data(event, error):
                    return Change(arn, DEFERRED)
                if code_of(error) != "ResourceAlreadyExistsException":
                    raise
                solution = self._describe(arn)
        was_retired = (
            solution is not None
            and not is_being_deleted(solution["status"])
            and is_retired(self._personalize, arn, stack)
        )
        adopt("solution", arn, solution, _fixed(request), is_known=is_known or was_retired)
        if was_retired:
            reinstate(self._personalize, arn)
        return Change(arn, latest_update=_latest_update(solution))

    def _create_again(self, event: ResourceEvent) -> str | None:
        """Create a solution that was on its way out when it was to be updated."""
        arn = physical_id(event)
        if event["RequestType"] == "Create":
            msg = f"the solution {arn} is gone"
            raise ProvisioningError(msg)
        if self._create(event).state == DEFERRED:
            return None
        return f"the solution {arn} is being created"

    def _lacks_data(self, event: ResourceEvent, error: ClientError) -> bool:
        """Tell whether a creation was refused for want of data, and not for what it asks for."""
        return (
            code_of(error) == "InvalidInputException"
            and _LACKS_DATA.search(error.response["Error"]["Message"]) is not None
            and not has_data(self._personalize, event)
        )

    def _describe(self, arn: str) -> dict[str, Any] | None:
        answer = unless_missing(lambda: self._personalize.describe_solution(solutionArn=arn))
        return None if answer is None else dict(answer["solution"])


def _arn(request: dict[str, Any]) -> str:
    prefix = str(request["datasetGroupArn"]).partition(":dataset-group/")[0]
    return f"{prefix}:solution/{request['name']}"


def _is_another(solution: dict[str, Any], old: dict[str, Any], new: dict[str, Any]) -> bool:
    """Tell whether a solution cannot become what is asked for, and was to be something else."""
    return _fixed(old) != _fixed(new) and not matches(_fixed(new), solution)


def _fixed(request: dict[str, Any]) -> dict[str, Any]:
    """Return what of a request cannot be changed later."""
    fixed = {name: value for name, value in request.items() if name not in {*_SWITCHES, "tags"}}
    config = {
        name: value
        for name, value in fixed.pop("solutionConfig", {}).items()
        if name not in _CONFIGS
    }
    return fixed | ({"solutionConfig": config} if config else {})


def _effective(solution: dict[str, Any]) -> dict[str, Any]:
    """Return the solution with its latest update, which may show there alone."""
    update = solution.get("latestSolutionUpdate", {})
    if not is_active(update.get("status", "")):
        return solution
    switches = {name: update[name] for name in _SWITCHES if name in update}
    config = solution.get("solutionConfig", {}) | update.get("solutionUpdateConfig", {})
    return solution | switches | {"solutionConfig": config}


def _latest_update(solution: dict[str, Any] | None) -> str:
    return str((solution or {}).get("latestSolutionUpdate", {}).get("creationDateTime", ""))


def _updated_request(event: ResourceEvent, solution: dict[str, Any]) -> dict[str, Any]:
    """Return the request, with the defaults of what the former one said and this one does not.

    A solution that replaces the former has nothing of it, and is told nothing.
    """
    old, new = old_request_of(event), request_of(event)
    old_config, config = old.get("solutionConfig", {}), new.get("solutionConfig", {})
    there = _effective(solution).get("solutionConfig", {})
    switches = {name: value for name, value in _DEFAULT_SWITCHES.items() if name in old}
    configs = {
        name: value
        for name, value in _DEFAULT_CONFIGS.items()
        if name in old_config and name in there
    }
    return switches | new | {"solutionConfig": configs | config}


def _changes(request: dict[str, Any], solution: dict[str, Any]) -> dict[str, Any]:
    """Return the members of UpdateSolution that make the solution what is asked for."""
    now = _effective(solution)
    changes: dict[str, Any] = {
        name: request[name]
        for name in _SWITCHES
        if name in request and not matches(request[name], now.get(name))
    }
    configs = {
        name: value
        for name, value in request.get("solutionConfig", {}).items()
        if name in _CONFIGS and not matches(value, now.get("solutionConfig", {}).get(name))
    }
    if request.get("performAutoTraining") is False:
        configs.pop("autoTrainingConfig", None)  # no schedule for what is off
    return changes | ({"solutionUpdateConfig": configs} if configs else {})
