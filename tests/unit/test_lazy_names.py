"""The public names are there when they are used, and cost nothing before."""

import subprocess
import sys

import pytest

import cdk_personalize
from cdk_personalize import patterns


def loaded_after(statement: str) -> set[str]:
    """Return the modules that a new interpreter has loaded after a statement."""
    script = f"import sys\n{statement}\nprint(*sys.modules)"
    answer = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    return set(answer.stdout.split())


@pytest.mark.parametrize(
    "statement",
    [
        "from cdk_personalize.avro_schema import AvroSchema, fields_of_csv",
        "from cdk_personalize.filter_expression import parse",
        "from cdk_personalize.hyperparameters import parameters_of",
        "from cdk_personalize.recipe import Recipe",
        "from cdk_personalize.serving_config import findings",
        "from cdk_personalize.solution_config import findings",
        "from cdk_personalize.training_data import findings_of_choice",
        "from cdk_personalize import DatasetType, Recipe, SchemaField",
    ],
)
def test_the_rules_load_neither_the_cdk_nor_its_node_process(statement: str) -> None:
    assert not loaded_after(statement) & {"aws_cdk", "jsii", "constructs", "boto3", "botocore"}


@pytest.mark.parametrize("name", cdk_personalize.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(cdk_personalize, name).__name__ == name


@pytest.mark.parametrize("name", patterns.__all__)
def test_every_public_name_of_the_patterns_is_there(name: str) -> None:
    assert getattr(patterns, name).__name__ == name


def test_a_name_that_is_none_is_refused_as_python_does() -> None:
    with pytest.raises(AttributeError, match="module 'cdk_personalize' has no attribute 'Shop'"):
        getattr(cdk_personalize, "Shop")  # noqa: B009 - mypy knows that it is not there


def test_the_public_names_are_offered_for_completion() -> None:
    assert dir(cdk_personalize) == sorted(cdk_personalize.__all__)
