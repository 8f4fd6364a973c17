"""What batch jobs of both kinds have in common: a solution is asked line by line."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cdk_personalize._request import without_none
from cdk_personalize._tree import address_of
from cdk_personalize.dataset_group import IDatasetGroup
from cdk_personalize.filter_expression import Target
from cdk_personalize.filters import Filter, IFilter
from cdk_personalize.job_config import findings_of_target
from cdk_personalize.pipeline_job import PipelineJob
from cdk_personalize.solution import Solution


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchJob(PipelineJob):
    """A job of a pipeline that asks each new version of a solution, and whenever a file is new."""

    job_name: str
    solution: Solution
    input_prefix: str | None = None
    output_prefix: str | None = None
    filter: IFilter | None = None
    num_results: float | None = None

    @property
    def group(self) -> IDatasetGroup:
        """The dataset group that it works on."""
        return self.solution.dataset_group

    @property
    def reads(self) -> str:
        """The folder of the data bucket that it reads."""
        return self.input_prefix or f"batch/{self.job_name}/input/"

    @property
    def writes(self) -> str:
        """The folder of the data bucket that it writes."""
        return self.output_prefix or f"batch/{self.job_name}/output/"

    @property
    def request(self) -> Mapping[str, Any]:
        """What the request says beside names, versions and places, as the API writes it."""
        return without_none(
            {
                "filterArn": self.filter.filter_arn if self.filter is not None else None,
                "numResults": self.num_results,
                **self._more_of_request(),
            }
        )

    def _more_of_request(self) -> Mapping[str, Any]:
        return {}

    def _refuse_batch(self, findings: Iterable[str], target: Target) -> None:
        recipe, group = self.solution.recipe, self.group
        found = list(findings)
        if isinstance(self.filter, Filter):
            found += findings_of_target(self.filter.parsed_expression, target, recipe)
            filtered = self.filter.dataset_group
            if address_of(filtered) != address_of(group):
                found.append(
                    f"filter must be of the dataset group {group.node.path}, got one of"
                    f" {filtered.node.path}"
                )
        self._refuse(found, input_prefix=self.input_prefix, output_prefix=self.output_prefix)
