"""A batch segment job: the users who will like an item, or items with some attributes."""

from dataclasses import dataclass

from cdk_personalize._batch_job import BatchJob
from cdk_personalize._request import known
from cdk_personalize.filter_expression import Target
from cdk_personalize.job_config import findings_of_batch_segment


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSegmentJob(BatchJob):
    r"""Declare a segment of users for every line of the files of a folder.

    The pipeline makes them with each new version of the solution, and when a file is new. A line
    is `{"itemId": "105"}` or `{"itemAttributes": "ITEMS.genres = \"Comedy\""}`, as the recipe
    asks; the answers to `<file>` are in `<file>.out`.

    Example:
        ```python
        pipeline.add_job(
            BatchSegmentJob(job_name="lookalikes", solution=affinity, num_results=1000)
        )
        ```

    Attributes:
        job_name: What the names of its runs begin with, at most 42 characters; each batch job of a
            pipeline has another one.
        solution: The solution whose versions answer: of a recipe for user segments.
        input_prefix: The folder of the questions (default: `batch/<job_name>/input/`), at most
            1,000 files of 1 GB together (Service Quotas).
        output_prefix: The folder of the answers (default: `batch/<job_name>/output/`).
        filter: Which users are left out, or are the only ones; each line has the values of its
            placeholders (default: none).
        num_results: How many users a segment has, at most 5 million (default: 25).

    Raises:
        ValueError: If the service would refuse it; all that is wrong is in the message.
    """

    def __post_init__(self) -> None:
        """Check what is said."""
        found = findings_of_batch_segment(known(self.request), self.solution.recipe)
        self._refuse_batch(found, Target.USER)
