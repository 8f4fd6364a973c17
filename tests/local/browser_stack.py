"""A stack whose API the pages of one origin may ask."""

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_kinesis as kinesis
from constructs import Construct

from cdk_personalize import Campaign, DatasetType, Recipe, fields_of_csv
from cdk_personalize.patterns import ApiAccess, Cors, HttpEndpoint, RecommendationApi
from tests.local.piped_stack import PipedStack

NAME = "Browser"

_MODELS = {
    "for-you": Recipe.USER_PERSONALIZATION_V2,
    "ranking": Recipe.PERSONALIZED_RANKING_V2,
}


class BrowserStack(PipedStack):
    """The stack."""

    def __init__(self, scope: Construct, *, data: Path, origin: str) -> None:
        """Define the stack.

        Args:
            scope: The app.
            data: The folder with the `interactions.csv` that the models learn from.
            origin: The origin whose pages may ask.
        """
        super().__init__(scope, NAME)
        interactions = self.schema(
            DatasetType.INTERACTIONS, fields_of_csv(data / "interactions.csv")
        )
        self.group.add_dataset("Interactions", schema=interactions)
        models = {
            name: Campaign(
                self, f"{name}Campaign", solution=self.group.add_solution(name, recipe=recipe)
            )
            for name, recipe in _MODELS.items()
        }
        self.add_pipeline()
        stream = kinesis.Stream(self, "Events", removal_policy=cdk.RemovalPolicy.DESTROY)
        api = RecommendationApi(
            self,
            "Api",
            models=models,
            access=ApiAccess.public(),
            endpoint=HttpEndpoint(cors=Cors(origins=[origin])),
            event_stream=stream,
        )
        cdk.CfnOutput(self, "ApiUrl", value=api.url)
        cdk.CfnOutput(self, "StreamName", value=stream.stream_name)
