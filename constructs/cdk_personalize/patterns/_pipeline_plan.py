"""What the pipeline works on: the datasets, solutions and campaigns that a stack declares."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import jsii
from aws_cdk import IStableAnyProducer, Lazy, Stack
from constructs import Construct

from cdk_personalize.campaign import Campaign
from cdk_personalize.dataset import Dataset
from cdk_personalize.patterns._pipeline_tasks import pascal_case
from cdk_personalize.patterns.data_store import DataStore
from cdk_personalize.solution import Solution


class PipelinePlan:
    """The declaration that the state machine carries in its first state.

    It is complete only when the whole app has been constructed, so it is read lazily.
    """

    def __init__(self, data_store: DataStore) -> None:
        """Start with nothing declared."""
        self._data_store = data_store
        self._datasets: list[dict[str, Any]] = []
        self._models: dict[str, dict[str, Any]] = {}

    def add_dataset(self, dataset: Dataset) -> None:
        """Declare a dataset, which is imported from its own folder of the data bucket."""
        prefix = self._data_store.import_prefix(dataset.dataset_type)
        self._datasets.append(
            {
                "Type": dataset.dataset_type.arn_segment,
                "DatasetArn": dataset.dataset_arn,
                "Prefix": prefix,
                "DataLocation": self._data_store.bucket.s3_url_for_object(prefix),
            }
        )

    def add_solution(self, solution: Solution) -> None:
        """Declare a solution, which is trained."""
        self._models[solution.node.addr] = {
            "SolutionArn": solution.solution_arn,
            "Request": pascal_case(solution.request),
            "Campaigns": [],
        }

    def add_campaign(self, campaign: Campaign) -> None:
        """Declare a campaign, which serves the versions of its solution.

        A campaign of a solution that another app trains follows that app, not this pipeline.
        """
        model = self._models.get(campaign.solution.node.addr)
        if model is not None:
            request = dict(campaign.request)
            # One is the service's default, and whether Step Functions spells the last letters of
            # this member as the API does is not documented: say it only where it has to be said.
            if request.get("minProvisionedTPS") == 1:
                del request["minProvisionedTPS"]
            model["Campaigns"].append(
                {"CampaignArn": campaign.campaign_arn, "Request": pascal_case(request)}
            )

    def declared(self) -> Mapping[str, Any]:
        """Return what is declared by now, in the form that the state machine takes."""
        return {"Datasets": self._datasets, "Models": list(self._models.values())}

    def as_lazy(self) -> Any:  # noqa: ANN401 - the type of a token that stands for a mapping
        """Return a token for what is declared when the app is synthesised."""
        return Lazy.any(_Declared(self))

    def digest_as_lazy(self, scope: Construct) -> Any:  # noqa: ANN401
        """Return a token for a short text that changes with what is declared."""
        return Lazy.any(_Digest(self, scope))


@jsii.implements(IStableAnyProducer)
class _Declared:
    def __init__(self, plan: PipelinePlan) -> None:
        self._plan = plan

    def produce(self) -> Any:  # noqa: ANN401 - the interface of the CDK
        return self._plan.declared()


@jsii.implements(IStableAnyProducer)
class _Digest:
    def __init__(self, plan: PipelinePlan, scope: Construct) -> None:
        self._plan = plan
        self._scope = scope

    def produce(self) -> Any:  # noqa: ANN401 - the interface of the CDK
        resolved = Stack.of(self._scope).resolve(self._plan.declared())
        return hashlib.sha256(json.dumps(resolved, sort_keys=True).encode()).hexdigest()[:16]
