"""An export job: the data of a dataset become files of the data bucket."""

from dataclasses import dataclass
from enum import StrEnum

from cdk_personalize.dataset import Dataset
from cdk_personalize.dataset_group import IDatasetGroup
from cdk_personalize.job_config import findings_of_export
from cdk_personalize.pipeline_job import PipelineJob


class IngestionMode(StrEnum):
    """Which data of a dataset are exported: by the way that they came in."""

    BULK = "BULK"
    """What was imported."""
    PUT = "PUT"
    """What single records and events have brought."""
    ALL = "ALL"
    """All of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetExportJob(PipelineJob):
    """Declare an export, which the pipeline makes whenever it has imported something.

    It makes one, too, when it was asked to train anew, on its schedule say.

    Example:
        ```python
        pipeline.add_job(
            DatasetExportJob(dataset=interactions, ingestion_mode=IngestionMode.ALL)
        )
        ```

    Attributes:
        dataset: The dataset, of interactions, items or users.
        ingestion_mode: Which of its data (default: what single records and events have brought).
        output_prefix: The folder of the files, where each run adds its own (default:
            `export/<type>/`).

    Raises:
        ValueError: If the service would refuse it; all that is wrong is in the message.
    """

    dataset: Dataset
    ingestion_mode: IngestionMode = IngestionMode.PUT
    output_prefix: str | None = None

    def __post_init__(self) -> None:
        """Check what is said."""
        found = findings_of_export(self.dataset.dataset_type)
        self._refuse(found, output_prefix=self.output_prefix)

    @property
    def group(self) -> IDatasetGroup:
        """The dataset group that it works on."""
        return self.dataset.dataset_group

    @property
    def reads(self) -> None:
        """The folder of the data bucket that it reads: none."""
        return None

    @property
    def writes(self) -> str:
        """The folder of the data bucket that it writes."""
        return self.output_prefix or f"export/{self.dataset.dataset_type.lower()}/"
