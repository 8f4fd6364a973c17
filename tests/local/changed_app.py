"""The demo app in its next version: what can be changed in a stack that serves."""

from pathlib import Path

import aws_cdk as cdk

from cdk_personalize import Recipe, SchemaField, fields_of_csv
from cdk_personalize.patterns import Model, RecommendationService

app = cdk.App()
data = Path(app.node.get_context("data"))
stack = cdk.Stack(app, "Shop")
RecommendationService(
    stack,
    "Shop",
    models={
        # a campaign that is updated in place
        "for-you": Model(recipe=Recipe.USER_PERSONALIZATION_V2, min_provisioned_tps=2),
        "related": Recipe.SIMILAR_ITEMS,
        "ranking": Recipe.PERSONALIZED_RANKING_V2,
        # one more model, which the pipeline trains although no new data came
        "similar": Recipe.SIMILAR_ITEMS,
    },
    interactions=fields_of_csv(data / "interactions.csv"),
    # a column that the service takes without replacing the dataset
    items=[
        *fields_of_csv(data / "items.csv"),
        SchemaField.string("BRAND", categorical=True, nullable=True),
    ],
    users=fields_of_csv(data / "users.csv"),
    # another expression, under the same name
    filters={"not-bought": 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("Purchase", "View")'},
    removal_policy=cdk.RemovalPolicy.DESTROY,
)
app.synth()
