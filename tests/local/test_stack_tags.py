"""`cdk deploy --tags`, twice: no tag of a stack replaces what holds data.

Local AWS keeps the tags of a stack on the stack. What AWS hands on to the resources, a dataset
group among them, only an account can show.
"""

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from demo.cdk_cli import CdkCli
from personalize_emulator.local import LocalAws

if TYPE_CHECKING:
    from mypy_boto3_personalize import PersonalizeClient

pytestmark = pytest.mark.local

STACK = "Tagged"


@pytest.fixture
def personalize(aws: LocalAws) -> "PersonalizeClient":
    return boto3.client("personalize", **aws.client_options)


def held(personalize: "PersonalizeClient") -> dict[str, Any]:
    """Return when everything in the dataset group was created."""
    groups = personalize.list_dataset_groups()["datasetGroups"]
    (group,) = (each for each in groups if each["name"].startswith(f"{STACK}-"))
    arn = group["datasetGroupArn"]
    datasets = personalize.list_datasets(datasetGroupArn=arn)["datasets"]
    trackers = personalize.list_event_trackers(datasetGroupArn=arn)["eventTrackers"]
    solutions = personalize.list_solutions(datasetGroupArn=arn)["solutions"]
    return {
        arn: group["creationDateTime"],
        **{each["datasetArn"]: each["creationDateTime"] for each in datasets},
        **{each["eventTrackerArn"]: each["creationDateTime"] for each in trackers},
        **{each["solutionArn"]: each["creationDateTime"] for each in solutions},
    }


def owners(personalize: "PersonalizeClient", arns: dict[str, Any]) -> dict[str, str]:
    """Return the tag `owner` of each dataset and solution."""
    found = {}
    for arn in arns:
        if ":dataset/" in arn or ":solution/" in arn:
            tags = personalize.list_tags_for_resource(resourceArn=arn)["tags"]
            found[arn] = {each["tagKey"]: each["tagValue"] for each in tags}["owner"]
    return found


def test_other_tags_of_a_stack_replace_nothing(
    aws: LocalAws, personalize: "PersonalizeClient", tmp_path: Path
) -> None:
    app = f"{sys.executable} tests/local/tagged_app.py"
    cli = CdkCli(aws, tmp_path, context=(("owner", "ann"),), app=app)
    cli.bootstrap()
    cli.deploy(STACK, tags={"team": "a"})
    before = held(personalize)

    replace(cli, context=(("owner", "bob"),)).deploy(STACK, tags={"team": "b", "cost": "1"})

    assert len(before) == 4
    assert held(personalize) == before
    assert set(owners(personalize, before).values()) == {"bob"}
    (stack,) = boto3.client("cloudformation", **aws.client_options).describe_stacks(
        StackName=STACK
    )["Stacks"]
    tags = {each["Key"]: each["Value"] for each in stack["Tags"]}
    assert (tags["team"], tags["cost"]) == ("b", "1")
    cli.destroy(STACK)
