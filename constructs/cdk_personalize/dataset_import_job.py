"""An import job: files of the data bucket become the data of a dataset."""

from dataclasses import dataclass
from enum import StrEnum

from cdk_personalize.avro_schema import DatasetType
from cdk_personalize.dataset import Dataset
from cdk_personalize.dataset_group import IDatasetGroup
from cdk_personalize.pipeline_job import PipelineJob

IMPORT_PREFIX = "import/"


class ImportMode(StrEnum):
    """What an import does with what was imported before."""

    FULL = "FULL"
    """It replaces all of it, but not what single records and events have brought."""
    INCREMENTAL = "INCREMENTAL"
    """It adds to it; a record of an item or a user that is there already is replaced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetImportJob(PipelineJob):
    """Declare how the pipeline imports a dataset.

    Whenever a file of the folder is newer than the last import, a full import takes in the whole
    folder. An incremental one takes in the newer files, one by one, the oldest first, up to 200 of
    them in a run; it is full as long as nothing has been imported. After a run that failed, the
    next one takes its files again, so a file of an incremental import may be taken in twice.

    Example:
        ```python
        pipeline.add_job(
            DatasetImportJob(dataset=interactions, import_mode=ImportMode.INCREMENTAL)
        )
        ```

    Attributes:
        dataset: The dataset.
        import_mode: What becomes of earlier imports (default: they are replaced). A file of an
            incremental import has at most 1 GB; one of interactions at least 1,000 of them
            (Service Quotas).
        publish_attribution_metrics_to_s3: Whether the metrics of the group's metric attribution
            are written for each import, to where that one writes; interactions alone have some
            (default: no).
        input_prefix: The folder of the files (default: `import/<type>/`).

    Raises:
        ValueError: If the service would refuse it; all that is wrong is in the message.
    """

    dataset: Dataset
    import_mode: ImportMode = ImportMode.FULL
    publish_attribution_metrics_to_s3: bool = False
    input_prefix: str | None = None

    def __post_init__(self) -> None:
        """Check what is said."""
        found = []
        if (
            self.publish_attribution_metrics_to_s3
            and self.dataset.dataset_type is not DatasetType.INTERACTIONS
        ):
            found.append(
                "publish_attribution_metrics_to_s3 is for a dataset of Interactions, got one of"
                f" {self.dataset.dataset_type}"
            )
        self._refuse(found, input_prefix=self.input_prefix)

    @property
    def group(self) -> IDatasetGroup:
        """The dataset group that it works on."""
        return self.dataset.dataset_group

    @property
    def reads(self) -> str:
        """The folder of the data bucket that it reads."""
        return self.input_prefix or f"{IMPORT_PREFIX}{self.dataset.dataset_type.lower()}/"

    @property
    def writes(self) -> None:
        """The folder of the data bucket that it writes: none."""
        return None
