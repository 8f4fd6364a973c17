"""A stack whose models need different data, on one pipeline."""

from pathlib import Path

from constructs import Construct

from cdk_personalize import (
    Campaign,
    DatasetType,
    Domain,
    Recipe,
    Recommender,
    SchemaField,
    UseCase,
    fields_of_csv,
)
from tests.local.piped_stack import PipedStack

NAME = "Rounds"


class RoundsStack(PipedStack):
    """The stack."""

    def __init__(self, scope: Construct, *, data: Path) -> None:
        """Define the stack, with the columns of the CSV files in `data`."""
        super().__init__(scope, NAME, domain=Domain.ECOMMERCE)
        group = self.group
        for kind, fields in {
            DatasetType.INTERACTIONS: fields_of_csv(data / "interactions.csv"),
            DatasetType.ITEMS: [
                SchemaField.string("NAME", item_name=True),
                SchemaField.float("PRICE"),
                SchemaField.string("CATEGORY_L1", categorical=True),
                SchemaField.string("PRODUCT_DESCRIPTION", textual=True),
            ],
        }.items():
            group.add_dataset(str(kind), schema=self.schema(kind, fields))
        group.add_solution("Described", recipe=Recipe.SEMANTIC_SIMILARITY)
        viewed = group.add_solution("Viewed", recipe=Recipe.SIMS)
        group.add_solution("Bought", recipe=Recipe.SIMS, event_type="Purchase")
        Campaign(self, "Campaign", solution=viewed)
        Recommender(self, "BestSellers", dataset_group=group, use_case=UseCase.BEST_SELLERS)
        self.add_pipeline()
