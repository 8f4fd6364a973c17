"""A batch inference job: recommendations for every line of some files."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cdk_personalize._batch_job import BatchJob
from cdk_personalize._declared_data import DeclaredData
from cdk_personalize._request import in_properties, known, without_none
from cdk_personalize._serving_options import RankingInfluence, exploration_config
from cdk_personalize._tree import stack_of
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
        ranking_influence: How much popular and new items are preferred; for the recipe
            aws-semantic-similarity alone (default: what the service does).
        theme_item_name_column: The column of Items with the names of items. If it is given, the
            items of a line come with a theme, which costs more: for the recipe aws-similar-items,
            in three Regions, at most 100 lines a file (default: there are no themes).

    Raises:
        ValueError: If the service would refuse it, whatever data there is; all that is wrong is in
            the message. Columns are checked at synth.
    """

    exploration_weight: float | None = None
    exploration_item_age_cut_off: float | None = None
    ranking_influence: RankingInfluence | None = None
    theme_item_name_column: str | None = None

    def __post_init__(self) -> None:
        """Check what is said."""
        found = findings_of_batch_inference(known(self.request), self.solution.recipe)
        self._refuse_batch(found, Target.ITEM)

    def _more_of_request(self) -> Mapping[str, Any]:
        influence = self.ranking_influence
        config = without_none(
            {
                "itemExplorationConfig": exploration_config(
                    self.exploration_weight, self.exploration_item_age_cut_off
                ),
                "rankingInfluence": influence.as_request() if influence is not None else None,
            }
        )
        column = self.theme_item_name_column
        return {
            "batchInferenceJobMode": BATCH_INFERENCE if column is None else THEME_GENERATION,
            "batchInferenceJobConfig": config or None,
            "themeGenerationConfig": {"fieldsForThemeGeneration": {"itemName": column}}
            if column is not None
            else None,
        }

    def findings(self, data: DeclaredData) -> list[str]:
        """Return what it needs of the data of the dataset group, and does not find."""
        region = stack_of(self.solution).region
        found = findings_of_themes(
            known(self.request), data.schemas, complete=data.is_known, region=known(region)
        )
        return in_properties(found)
