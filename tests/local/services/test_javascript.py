"""The AWS SDK for JavaScript, version 3, against local AWS."""

from __future__ import annotations

import json
import re
import subprocess
from typing import Any

from tests.local.services.cloud import Cloud
from tests.local.services.conftest import REPOSITORY


def printed(cloud: Cloud, script: str) -> str:
    """Run a script in the environment that points at local AWS; return what it prints."""
    environment = cloud.aws.environment | {"NODE_PATH": str(REPOSITORY / "node_modules")}
    done = subprocess.run(
        ["node", "--eval", script], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def node(cloud: Cloud, script: str) -> Any:
    """Run a script that prints JSON, and return it."""
    return json.loads(printed(cloud, script))


def test_the_example_of_the_documentation_lists_the_recipes(cloud: Cloud) -> None:
    page = (REPOSITORY / "docs" / "emulator.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```js\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)

    assert "aws-similar-items" in printed(cloud, example)


def test_the_control_plane_answers_javascript(cloud: Cloud) -> None:
    script = """
const { PersonalizeClient, DescribeRecipeCommand } = require("@aws-sdk/client-personalize");
const recipeArn = "arn:aws:personalize:::recipe/aws-similar-items";
new PersonalizeClient().send(new DescribeRecipeCommand({ recipeArn })).then(({ recipe }) =>
  console.log(JSON.stringify([recipe.name, recipe.creationDateTime instanceof Date])));
"""
    assert node(cloud, script) == ["aws-similar-items", True]


def test_an_error_of_the_runtime_has_its_class_in_javascript(cloud: Cloud) -> None:
    script = """
const { PersonalizeRuntimeClient, GetRecommendationsCommand, ResourceNotFoundException } =
  require("@aws-sdk/client-personalize-runtime");
const campaignArn = "arn:aws:personalize:us-east-1:123456789012:campaign/none";
new PersonalizeRuntimeClient()
  .send(new GetRecommendationsCommand({ campaignArn, userId: "u" }))
  .catch((error) => console.log(JSON.stringify(
    [error instanceof ResourceNotFoundException, error.$metadata.httpStatusCode])));
"""
    assert node(cloud, script) == [True, 404]
