"""Takes the requests of CloudFormation to the type of resource that they are about."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from personalize_runtime.observability import logger
from personalize_runtime.service_errors import trouble_of
from resource_provider.campaign import CampaignResource
from resource_provider.control_plane import message_of
from resource_provider.dataset import DatasetResource
from resource_provider.event_tracker import EventTrackerResource
from resource_provider.lifecycle import (
    Begun,
    Completion,
    HasAttributes,
    ManagedResource,
    ProvisioningError,
    ResourceEvent,
    physical_id,
)
from resource_provider.metric_attribution import MetricAttributionResource
from resource_provider.pipeline import PipelineResource
from resource_provider.recommender import RecommenderResource
from resource_provider.schema import SchemaResource
from resource_provider.solution import SolutionResource
from resource_provider.stacks import Stacks
from resource_provider.tags import apply_tags

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_personalize import PersonalizeClient
    from mypy_boto3_stepfunctions import SFNClient

# The framework gives up after an hour without saying why, so this gives up a little before.
PATIENCE_SECONDS = 55 * 60


class ResourceProvider:
    """The types of custom resources of the library."""

    def __init__(
        self,
        personalize: PersonalizeClient,
        stepfunctions: SFNClient,
        cloudformation: CloudFormationClient,
    ) -> None:
        """Make the types, which share the clients."""
        self._personalize = personalize
        stacks = Stacks(cloudformation)
        self._types: Mapping[str, ManagedResource] = {
            "Custom::PersonalizeSchema": SchemaResource(personalize, stacks),
            "Custom::PersonalizeDataset": DatasetResource(personalize, stacks),
            "Custom::PersonalizeEventTracker": EventTrackerResource(personalize, stacks),
            "Custom::PersonalizeMetricAttribution": MetricAttributionResource(personalize, stacks),
            "Custom::PersonalizeSolution": SolutionResource(personalize, stacks),
            "Custom::PersonalizeCampaign": CampaignResource(personalize, stacks),
            "Custom::PersonalizeRecommender": RecommenderResource(personalize, stacks),
            "Custom::PersonalizePipeline": PipelineResource(personalize, stepfunctions),
        }

    def on_event(self, event: ResourceEvent) -> Begun:
        """Begin a creation or an update; a deletion begins when its end is first asked for.

        Raises:
            ProvisioningError: If the resource cannot be made so.
        """
        began_at = time.time()
        if event["RequestType"] == "Delete":
            return {"PhysicalResourceId": physical_id(event), "BeganAt": began_at}
        resource = self._type(event)
        begin = resource.create if event["RequestType"] == "Create" else resource.update
        try:
            change = begin(event)
        except ClientError as error:
            raise ProvisioningError(message_of(error)) from error
        logger.info(
            "begun",
            request=event["RequestType"],
            resource=event["LogicalResourceId"],
            arn=change.arn,
            state=change.state,
        )
        return {
            "PhysicalResourceId": change.arn,
            "Data": {"Arn": change.arn, "State": change.state},
            "BeganAt": began_at,
            "LatestUpdate": change.latest_update,
            "UpdateDue": change.update_due,
            "WasStopped": change.was_stopped,
        }

    def is_complete(self, event: ResourceEvent) -> Completion:
        """Go on with what was begun, and tell whether it is done.

        Raises:
            ProvisioningError: If it failed, or the time is nearly over.
        """
        progress = self._progress(event)
        if not isinstance(progress, str):
            return {"IsComplete": True, "Data": progress} if progress else {"IsComplete": True}
        logger.info("waiting", resource=event["LogicalResourceId"], reason=progress)
        if time.time() - event.get("BeganAt", time.time()) > PATIENCE_SECONDS:
            msg = (
                f"Not done after {PATIENCE_SECONDS // 60} minutes, because {progress}. "
                "It is safe to try again."
            )
            raise ProvisioningError(msg)
        return {"IsComplete": False}

    def _progress(self, event: ResourceEvent) -> str | dict[str, str]:
        """Return what is waited for, or the attributes that the resource has got."""
        is_deletion = event["RequestType"] == "Delete"
        if is_deletion and not physical_id(event).startswith("arn:"):
            return {}  # the creation failed before there was anything
        resource = self._type(event)
        try:
            if is_deletion:
                return resource.still_deleting(event) or {}
            if waiting := resource.still_changing(event):
                return waiting
            attributes = resource.attributes(event) if isinstance(resource, HasAttributes) else {}
            apply_tags(self._personalize, event, attributes.get("Arn", physical_id(event)))
            return attributes
        except ClientError as error:
            # In use, throttled or out of order: each passes, and the next look may find it so.
            if trouble_of(error).passes:
                return message_of(error)
            raise ProvisioningError(message_of(error)) from error
        except BotoCoreError as error:
            if trouble_of(error).passes:
                return str(error)
            raise

    def _type(self, event: ResourceEvent) -> ManagedResource:
        resource_type = event["ResourceType"]
        if resource_type not in self._types:
            msg = f"{resource_type} must be one of {', '.join(self._types)}"
            raise ProvisioningError(msg)
        return self._types[resource_type]
