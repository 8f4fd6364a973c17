"""A batch inference job: recommendations for every line of some files."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aws_cdk import Stack, Token

from cdk_personalize._batch_job import BatchJob
from cdk_personalize._training_options import as_text, known, without_none
from cdk_personalize.filter_expression import Target
from cdk_personalize.job_config import (
    BATCH_INFERENCE,
    THEME_GENERATION,
    findings_of_batch_inference,
    findings_of_themes,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchInferenceJob(BatchJob):
    """Declare recommendations for every line of the files of a folder.

    The pipeline makes them with each new version of the solution, and when a file is new. A line
    is a question in JSON, `{"userId": "4"}` say; the answers to `<file>` are in `<file>.out`.

    Example:
        ```python
        pipeline.add_job(
            BatchInferenceJob(job_name="newsletter", solution=for_you, num_results=10)
        )
        ```

    Attributes:
        job_name: What the names of its runs begin with, at most 42 characters; each batch job of a
            pipeline has another one.
        solution: The solution whose versions answer.
        input_prefix: The folder of the questions (default: `batch/<job_name>/input/`), at most
            1,000 files of 1 GB together (Service Quotas).
        output_prefix: The folder of the answers (default: `batch/<job_name>/output/`).
        filter: What answers leave out, or are limited to; each line has the values of its
            placeholders (default: nothing).
        num_results: How many items answer a line (default: 25; a ranking has all of its items).
        exploration_weight: How much new items are tried out, 0 to 1; for the recipe
            aws-user-personalization alone (default: 0.3).
        exploration_item_age_cut_off: How many days an item counts as new; for the recipe
            aws-user-personalization alone (default: 30).
        theme_item_name_column: The column of Items with the names of items. If it is given, the
            items of a line come with a theme, which costs more: for the recipe aws-similar-items,
            in three Regions, at most 100 lines a file (default: there are no themes).

    Raises:
        ValueError: If the service would refuse it, whatever data there is; all that is wrong is in
            the message. Columns are checked at synth.
    """

    exploration_weight: float | None = None
    exploration_item_age_cut_off: float | None = None
    theme_item_name_column: str | None = None

    def __post_init__(self) -> None:
        """Check what is said."""
        found = findings_of_batch_inference(known(self.request), self.solution.recipe)
        self._refuse_batch(found, Target.ITEM)

    def _more_of_request(self) -> Mapping[str, Any]:
        exploration = without_none(
            {
                "explorationWeight": as_text(self.exploration_weight),
                "explorationItemAgeCutOff": as_text(self.exploration_item_age_cut_off),
            }
        )
        column = self.theme_item_name_column
        return {
            "batchInferenceJobMode": BATCH_INFERENCE if column is None else THEME_GENERATION,
            "batchInferenceJobConfig": {"itemExplorationConfig": exploration}
            if exploration
            else None,
            "themeGenerationConfig": {"fieldsForThemeGeneration": {"itemName": column}}
            if column is not None
            else None,
        }

    def findings(self) -> list[str]:
        """Return what it needs of the data and does not find, once all datasets are defined."""
        group, stack = self.solution.dataset_group, Stack.of(self.solution)
        declared = {each.dataset_type: each.schema.avro for each in group.datasets}
        schemas = {kind: avro for kind, avro in declared.items() if avro is not None}
        complete = group.is_complete and len(schemas) == len(declared)
        region = None if Token.is_unresolved(stack.region) else stack.region
        return findings_of_themes(known(self.request), schemas, complete=complete, region=region)
