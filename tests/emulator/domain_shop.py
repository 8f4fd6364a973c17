"""A dataset group of the domain ECOMMERCE, and recommenders in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cdk_personalize.avro_schema import AvroSchema, DatasetType, Domain, SchemaField
from cdk_personalize.use_case import UseCase
from tests.emulator.cloud import Cloud, recipe

ITEMS = "\n".join(
    [
        "ITEM_ID,PRICE,CATEGORY_L1",
        *(f"{taste}{n},{n},{taste.upper()}" for taste in "ab" for n in range(10)),
    ]
)


def views(users: int = 40, each: int = 8, event_type: str = "View") -> str:
    """Return CSV in which users with even numbers like items a0 to a9, the others b0 to b9."""
    rows = [
        f"u{user},{'ab'[user % 2]}{(user + step * step) % 10},{1_700_000_000 + step},{event_type}"
        for user in range(users)
        for step in range(each)
    ]
    return "\n".join(["USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE", *rows])


class DomainShop:
    """A shop of the domain ECOMMERCE."""

    def __init__(
        self,
        cloud: Cloud,
        csv: str | None = None,
        *,
        name: str = "boutique",
        fields: Sequence[SchemaField] = (),
    ) -> None:
        """Create the dataset group and its interactions.

        Args:
            cloud: The account.
            csv: The interactions. (default: those of `views`)
            name: The name of the group.
            fields: Columns of the interactions beside those that the domain needs.
        """
        self.cloud = cloud
        self.personalize = cloud.personalize
        self.group = cloud.personalize.create_dataset_group(name=name, domain="ECOMMERCE")[
            "datasetGroupArn"
        ]
        cloud.settle(self.group)
        self.interactions = self.dataset(DatasetType.INTERACTIONS, csv or views(), fields)

    def dataset(
        self, dataset_type: DatasetType, csv: str, fields: Sequence[SchemaField] = ()
    ) -> str:
        """Create a dataset of the columns that the domain needs, and others, with data."""
        name = f"{self.group.rpartition('/')[2]}-{dataset_type.value}"
        arn = self.personalize.create_dataset(
            name=name,
            datasetType=dataset_type.value,
            datasetGroupArn=self.group,
            schemaArn=self.schema(name, dataset_type, fields),
        )["datasetArn"]
        self.cloud.settle(arn)
        self.cloud.import_csv(arn, csv)
        return arn

    def schema(
        self, name: str, dataset_type: DatasetType, fields: Sequence[SchemaField] = ()
    ) -> str:
        """Create a schema of the columns that the domain needs, and others."""
        schema = AvroSchema.of(dataset_type, fields, Domain.ECOMMERCE).to_json()
        answer = self.personalize.create_schema(name=name, schema=schema, domain="ECOMMERCE")
        return answer["schemaArn"]

    def items(self) -> str:
        """Create the dataset of the items that the interactions are with."""
        return self.dataset(DatasetType.ITEMS, ITEMS)

    def create(
        self,
        name: str = "for-you",
        use_case: UseCase = UseCase.RECOMMENDED_FOR_YOU,
        **config: Any,
    ) -> str:
        """Begin to create a recommender."""
        request: dict[str, Any] = {"recommenderConfig": config}
        return self.personalize.create_recommender(
            name=name, datasetGroupArn=self.group, recipeArn=recipe(use_case.name), **request
        )["recommenderArn"]

    def recommender(
        self,
        name: str = "for-you",
        use_case: UseCase = UseCase.RECOMMENDED_FOR_YOU,
        **config: Any,
    ) -> str:
        """Create a recommender that is ACTIVE."""
        arn = self.create(name, use_case, **config)
        found = self.cloud.settle(arn)
        assert found["status"] == "ACTIVE", found
        return arn

    def update(self, recommender: str, **config: Any) -> None:
        """Begin to update a recommender."""
        request: dict[str, Any] = {"recommenderConfig": config}
        self.personalize.update_recommender(recommenderArn=recommender, **request)

    def stop(self, recommender: str) -> None:
        """Stop a recommender."""
        self.personalize.stop_recommender(recommenderArn=recommender)
        self.cloud.reach(recommender, "INACTIVE")
