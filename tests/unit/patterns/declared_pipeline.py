"""A stack with a training pipeline, and what its template says of it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import aws_cdk as cdk

from cdk_personalize import (
    Campaign,
    DatasetGroup,
    DatasetType,
    Recipe,
    Schema,
    SchemaField,
    Solution,
)
from cdk_personalize.patterns import DataStore, TrainingPipeline
from tests.unit.apps import new_app

Tree = Mapping[str, Any]
MACHINE = "AWS::StepFunctions::StateMachine"


class Declared:
    """A stack with a pipeline, and a dataset, a solution and a campaign declared after it."""

    def __init__(self, *, fields: Sequence[SchemaField] | None = None, **options: Any) -> None:
        self.stack = cdk.Stack(new_app(), "Shop")
        self.store = DataStore(self.stack, "Data")
        self.group = DatasetGroup(
            self.stack, "Group", encryption_key=self.store.key, role=self.store.role
        )
        self.pipeline = TrainingPipeline(
            self.stack, "Pipeline", dataset_group=self.group, data_store=self.store, **options
        )
        schema = Schema(self.stack, "Schema", dataset_type=DatasetType.INTERACTIONS, fields=fields)
        self.dataset = self.group.add_dataset("Interactions", schema=schema)
        self.solution = Solution(
            self.stack,
            "Solution",
            dataset_group=self.group,
            recipe=Recipe.USER_PERSONALIZATION_V2,
            algorithm_hyper_parameters={"apply_recency_bias": "false"},
        )
        self.campaign = Campaign(
            self.stack, "Campaign", solution=self.solution, min_provisioned_tps=2
        )


def resources(template: Tree, resource_type: str) -> dict[str, Tree]:
    return {
        logical_id: resource
        for logical_id, resource in template["Resources"].items()
        if resource["Type"] == resource_type
    }


def definition(template: Tree, part: str) -> Tree:
    machine = next(
        resource
        for logical_id, resource in resources(template, MACHINE).items()
        if f"Pipeline{part}Machine" in logical_id
    )
    parts = machine["Properties"]["DefinitionString"]["Fn::Join"][1]
    text = "".join(
        each if isinstance(each, str) else json.dumps(each).replace('"', "'") for each in parts
    )
    read: Tree = json.loads(text)
    return read


def plan(template: Tree) -> Tree:
    found: Tree = definition(template, "Rounds")["States"]["What the stack declares"]["Assign"][
        "Plan"
    ]
    return found


def statements(template: Tree, role_part: str) -> list[Tree]:
    return [
        statement
        for logical_id, policy in resources(template, "AWS::IAM::Policy").items()
        if role_part in logical_id
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    ]


def actions(statement: Tree) -> list[str]:
    found = statement["Action"]
    return found if isinstance(found, list) else [found]
