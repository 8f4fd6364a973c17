"""A stack of what holds data, whose tags change: those of the app, and those of the CLI."""

import aws_cdk as cdk

from cdk_personalize import DatasetGroup, DatasetType, Recipe, Schema

app = cdk.App()
stack = cdk.Stack(app, "Tagged")
group = DatasetGroup(stack, "Group")
group.add_dataset(
    "Interactions", schema=Schema(stack, "Schema", dataset_type=DatasetType.INTERACTIONS)
)
group.add_event_tracker("Tracker")
group.add_solution("ForYou", recipe=Recipe.USER_PERSONALIZATION_V2)
cdk.Tags.of(app).add("owner", app.node.get_context("owner"))
app.synth()
