"""A dataset group of a domain in the emulator, and the recommenders of a stack in it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cdk_personalize.avro_schema import AvroSchema, DatasetType, Domain
from tests.handlers.resource_provider.shop import PREFIX, Shop, as_request

if TYPE_CHECKING:
    from mypy_boto3_personalize import PersonalizeClient

RECOMMENDER = "Custom::PersonalizeRecommender"
GROUP_ARN = f"{PREFIX}:dataset-group/boutique"
DATASET_ARN = f"{PREFIX}:dataset/boutique/INTERACTIONS"
ARN = f"{PREFIX}:recommender/live"
RECIPES = "arn:aws:personalize:::recipe"
VIEWED = f"{RECIPES}/aws-ecomm-customers-who-viewed-x-also-viewed"  # which explores nothing


def recommender(
    config: dict[str, Any] | None = None, *, needs: tuple[str, ...] = (), **others: object
) -> dict[str, Any]:
    """Return the properties of a recommender."""
    request: dict[str, object] = {
        "name": "live",
        "datasetGroupArn": GROUP_ARN,
        "recipeArn": f"{RECIPES}/aws-ecomm-recommended-for-you",
        "recommenderConfig": {"minRecommendationRequestsPerSecond": 1, **(config or {})},
    }
    return {**as_request(**(request | others)), "DatasetTypes": ["INTERACTIONS", *needs]}


def exploring(weight: str) -> dict[str, Any]:
    return {"itemExplorationConfig": {"explorationWeight": weight}}


@dataclass
class Boutique:
    """A dataset group of the domain ECOMMERCE, in the emulator of a shop."""

    shop: Shop

    @property
    def personalize(self) -> "PersonalizeClient":
        return self.shop.personalize

    def open(self) -> None:
        """Create the dataset group and its interactions, which are empty."""
        self.personalize.create_dataset_group(name="boutique", domain="ECOMMERCE")
        self.shop.wait(self._is_open)
        fields = AvroSchema.of(DatasetType.INTERACTIONS).fields
        schema = AvroSchema.of(DatasetType.INTERACTIONS, fields, Domain.ECOMMERCE).to_json()
        self.personalize.create_dataset(
            name="boutique-interactions",
            datasetGroupArn=GROUP_ARN,
            datasetType="Interactions",
            schemaArn=self.personalize.create_schema(
                name="boutique-interactions", schema=schema, domain="ECOMMERCE"
            )["schemaArn"],
        )
        self.shop.wait(lambda: self.shop.dataset(DATASET_ARN)["status"] == "ACTIVE")

    def stock(self) -> None:
        """Import some interactions."""
        job = self.shop.start_import(DATASET_ARN, "boutique")
        self.shop.wait(lambda: self.shop.job(job)["status"] == "ACTIVE")

    def now(self) -> dict[str, Any]:
        """Return the recommender."""
        return dict(self.personalize.describe_recommender(recommenderArn=ARN)["recommender"])

    def config(self) -> dict[str, Any]:
        """Return how the recommender is configured."""
        return dict(self.now()["recommenderConfig"])

    def left(self) -> list[str]:
        """Return the ARNs of the recommenders that are there."""
        there = self.personalize.list_recommenders()["recommenders"]
        return [one["recommenderArn"] for one in there]

    def become(self, status: str) -> None:
        """Wait until the recommender has a status."""
        self.shop.wait(lambda: self.now()["status"] == status)

    def stop(self) -> None:
        """Stop the recommender."""
        self.personalize.stop_recommender(recommenderArn=ARN)
        self.become("INACTIVE")

    def _is_open(self) -> bool:
        group = self.personalize.describe_dataset_group(datasetGroupArn=GROUP_ARN)
        return group["datasetGroup"]["status"] == "ACTIVE"
