"""Two recommendation services in one account, whose names differ in their last letter."""

from pathlib import Path

import aws_cdk as cdk

from cdk_personalize import Recipe, fields_of_csv
from cdk_personalize.patterns import RecommendationService

app = cdk.App()
data = Path(app.node.get_context("data"))
for name in ("RecommendationsForShopA", "RecommendationsForShopB"):
    RecommendationService(
        cdk.Stack(app, name),
        "Shop",
        models={"for-you": Recipe.USER_PERSONALIZATION_V2},
        interactions=fields_of_csv(data / "interactions.csv"),
        filters={"not-bought": 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("Purchase")'},
        removal_policy=cdk.RemovalPolicy.DESTROY,
    )
app.synth()
