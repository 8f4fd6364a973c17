"""A stack with a job of each kind, a campaign and a recommender, on one pipeline."""

from pathlib import Path

from constructs import Construct

from cdk_personalize import (
    BatchInferenceJob,
    BatchSegmentJob,
    Campaign,
    DataDeletionJob,
    DatasetExportJob,
    DatasetImportJob,
    DatasetType,
    Domain,
    ImportMode,
    IngestionMode,
    Recipe,
    Recommender,
    UseCase,
    fields_of_csv,
)
from tests.local.piped_stack import PipedStack

NAME = "Jobs"


class JobsStack(PipedStack):
    """One version of the stack."""

    def __init__(self, scope: Construct, *, data: Path, event_type: str | None = None) -> None:
        """Define a version of the stack.

        Args:
            scope: The app.
            data: The folder of the CSV files that the columns are read from.
            event_type: The events that similar items are learnt from; another solution for each.
        """
        super().__init__(scope, NAME, domain=Domain.ECOMMERCE)
        group = self.group
        interactions, _ = (
            group.add_dataset(
                str(kind), schema=self.schema(kind, fields_of_csv(data / f"{kind.lower()}.csv"))
            )
            for kind in (DatasetType.INTERACTIONS, DatasetType.ITEMS)
        )
        related = group.add_solution("Related", recipe=Recipe.SIMILAR_ITEMS, event_type=event_type)
        fans = group.add_solution("Fans", recipe=Recipe.ITEM_AFFINITY)
        Campaign(self, "Campaign", solution=related, sync_with_latest_solution_version=True)
        Recommender(self, "MostViewed", dataset_group=group, use_case=UseCase.MOST_VIEWED)
        cheap = group.add_filter(
            "Cheap", filter_expression="INCLUDE ItemID WHERE Items.PRICE < 1000"
        )
        self.add_pipeline(
            [
                DatasetImportJob(dataset=interactions, import_mode=ImportMode.INCREMENTAL),
                DataDeletionJob(dataset_group=group),
                BatchInferenceJob(
                    job_name="related", solution=related, num_results=3, filter=cheap
                ),
                BatchSegmentJob(
                    job_name="fans", solution=fans, num_results=5, tags={"team": "mail"}
                ),
                DatasetExportJob(dataset=interactions, ingestion_mode=IngestionMode.BULK),
            ]
        )
