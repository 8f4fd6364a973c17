"""A data deletion job: users who are listed in files are deleted from a dataset group."""

from dataclasses import dataclass

from cdk_personalize.dataset_group import IDatasetGroup
from cdk_personalize.pipeline_job import PipelineJob


@dataclass(frozen=True, slots=True, kw_only=True)
class DataDeletionJob(PipelineJob):
    """Declare that the pipeline deletes the users who are listed in a folder.

    The folder holds CSV files with the one column USER_ID, in sub-folders as well, of 100 MB
    together (Service Quotas). Whenever one of them is new, the users go out of all datasets of the
    group, which may take a day, and everything is trained anew without them. It is done after
    imports; those who are in a later import, or in later events, are back.

    Example:
        ```python
        pipeline.add_job(DataDeletionJob(dataset_group=group))
        ```

    Attributes:
        dataset_group: The dataset group.
        input_prefix: The folder of the files (default: `delete/`).

    Raises:
        ValueError: If the service would refuse it; all that is wrong is in the message.
    """

    dataset_group: IDatasetGroup
    input_prefix: str = "delete/"

    def __post_init__(self) -> None:
        """Check what is said."""
        self._refuse([], input_prefix=self.input_prefix)

    @property
    def group(self) -> IDatasetGroup:
        """The dataset group that it works on."""
        return self.dataset_group

    @property
    def reads(self) -> str:
        """The folder of the data bucket that it reads."""
        return self.input_prefix

    @property
    def writes(self) -> None:
        """The folder of the data bucket that it writes: none."""
        return None
