"""The demo app: a shop that recommends products. Copy it, and make it yours."""

from pathlib import Path

import aws_cdk as cdk
from constructs import Construct

from cdk_personalize import DatasetType, Recipe, SchemaField, fields_of_csv
from cdk_personalize.avro_schema import AvroSchema
from cdk_personalize.patterns import RecommendationService


class ShopStack(cdk.Stack):
    """Products for each user, products like another, and any list in the user's own order."""

    def __init__(self, scope: Construct, construct_id: str, *, data: Path | None = None) -> None:
        """Define the shop; `data` is a folder whose CSV files tell the columns of the datasets."""
        super().__init__(scope, construct_id)

        def columns(dataset_type: DatasetType) -> list[SchemaField] | None:
            if data is None:
                return list(AvroSchema.of(dataset_type).fields)
            file = data / f"{dataset_type.lower()}.csv"
            return fields_of_csv(file) if file.exists() else None

        RecommendationService(
            self,
            "Shop",
            models={
                "for-you": Recipe.USER_PERSONALIZATION_V2,
                "related": Recipe.SIMILAR_ITEMS,
                "ranking": Recipe.PERSONALIZED_RANKING_V2,
            },
            interactions=columns(DatasetType.INTERACTIONS),
            items=columns(DatasetType.ITEMS),
            users=columns(DatasetType.USERS),
            filters={"not-bought": 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("Purchase")'},
            removal_policy=cdk.RemovalPolicy.DESTROY,  # it is a demo: leave nothing
        )


def main() -> None:
    """Synthesise the app."""
    app = cdk.App()
    folder = app.node.try_get_context("data")
    ShopStack(app, "Shop", data=Path(folder) if folder else None)
    app.synth()


if __name__ == "__main__":
    main()
