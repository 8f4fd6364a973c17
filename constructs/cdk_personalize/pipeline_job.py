"""What a pipeline runs beside its trainings: jobs on the files of the data bucket."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from cdk_personalize._names import findings_of_name
from cdk_personalize._request import in_properties, known, refuse
from cdk_personalize._tokens import is_token
from cdk_personalize.dataset_group import IDatasetGroup
from cdk_personalize.job_config import findings_of_prefixes
from cdk_personalize.tag_limits import MAX_TAGS, findings_of_tag

MAX_JOB_NAME_LENGTH = 42
"""A run adds a hyphen and 20 digits, which makes the 63 characters that a name may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineJob(ABC):
    """A job that a `TrainingPipeline` runs, declared as a value.

    Each run is a job of its own in Amazon Personalize, which keeps it and its name for good. Files
    are read from and written to the data bucket of the pipeline, encrypted with its key.

    Attributes:
        job_name: What the names of its runs begin with, at most 42 characters (default: derived
            from the path of the pipeline).
        tags: The tags of its runs, at most 50 (default: none).
    """

    job_name: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    @abstractmethod
    def group(self) -> IDatasetGroup:
        """The dataset group that it works on."""

    @property
    @abstractmethod
    def reads(self) -> str | None:
        """The folder of the data bucket that it reads; none if it reads nothing."""

    @property
    @abstractmethod
    def writes(self) -> str | None:
        """The folder of the data bucket that it writes; none if it writes nothing."""

    def _refuse(self, findings: Iterable[str], **prefixes: str | None) -> None:
        """Refuse the job if the service would, with all that is wrong in one message."""
        found = [
            *_findings_of_job_name(self.job_name),
            *in_properties(findings),
            *findings_of_prefixes((name, known(prefix)) for name, prefix in prefixes.items()),
            *_findings_of_tags(self.tags),
        ]
        refuse(found)


def _findings_of_job_name(job_name: str | None) -> list[str]:
    found = findings_of_name("job_name", job_name)
    if job_name is None or found or is_token(job_name):
        return found
    if len(job_name) <= MAX_JOB_NAME_LENGTH:
        return []
    return [f"job_name must have at most {MAX_JOB_NAME_LENGTH} characters, got {len(job_name)}"]


def _findings_of_tags(tags: Mapping[str, str]) -> list[str]:
    found = [f"tags must be at most {MAX_TAGS}, got {len(tags)}"] if len(tags) > MAX_TAGS else []
    for key, value in tags.items():
        found += findings_of_tag(known(key), known(value))
    return found
