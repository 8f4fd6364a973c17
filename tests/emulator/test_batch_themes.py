"""Batch inference jobs can name what the items that they recommend have in common."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cdk_personalize.avro_schema import AvroSchema, DatasetType, SchemaField
from personalize_emulator import PersonalizeEmulator, Quotas
from tests.emulator.cloud import ROLE, Cloud, interactions

if TYPE_CHECKING:
    from collections.abc import Iterator

THEMES: Any = {
    "batchInferenceJobMode": "THEME_GENERATION",
    "themeGenerationConfig": {"fieldsForThemeGeneration": {"itemName": "TITLE"}},
}
SCHEMA = AvroSchema.of(
    DatasetType.ITEMS,
    [
        SchemaField.string("TITLE", nullable=True),
        SchemaField.string("STORY", textual=True, nullable=True),
        SchemaField.float("PRICE"),
    ],
)
MATERIALS = ("red", "blue", "small", "large", "old", "new", "round", "flat", "fine", "plain")
ROWS = "\n".join(
    [
        "ITEM_ID,TITLE,STORY,PRICE",
        *(f"a{n},{word} ceramic teapot,brews tea,{n}" for n, word in enumerate(MATERIALS)),
        *(f"b{n},{word} garden spade,digs earth,{n}" for n, word in enumerate(MATERIALS)),
    ]
)


@pytest.fixture(scope="module")
def library() -> Iterator[Cloud]:
    """An account whose items have names and descriptions, with a model of similar items."""
    quotas = Quotas(import_interactions=None, training_interactions=None, training_users=None)
    with PersonalizeEmulator(speed=1e-6, quotas=quotas, strict_answers=True) as emulator:
        cloud = Cloud(emulator, "123456789012")
        group = cloud.group()
        cloud.dataset(group, csv=interactions())
        cloud.import_csv(cloud.dataset_of_schema(group, SCHEMA), ROWS)
        cloud.version(cloud.solution(group, "similar", "aws-similar-items"))
        yield cloud
        cloud.close()


def start(cloud: Cloud, *items: str, version: str = "", name: str = "job", **options: Any) -> str:
    if not version:
        solution = cloud.arn("solution/similar")
        (found,) = cloud.personalize.list_solution_versions(solutionArn=solution)[
            "solutionVersions"
        ]
        version = found["solutionVersionArn"]
    lines = "\n".join(json.dumps({"itemId": item}) for item in items)
    return cloud.personalize.create_batch_inference_job(
        jobName=name,
        solutionVersionArn=version,
        jobInput={"s3DataSource": {"path": cloud.put(f"{name}/in.json", lines)}},
        jobOutput={"s3DataDestination": {"path": cloud.path(f"{name}/out/")}},
        roleArn=ROLE,
        **options,
    )["batchInferenceJobArn"]


def refusal(cloud: Cloud, **options: Any) -> str:
    with pytest.raises(cloud.personalize.exceptions.InvalidInputException) as refused:
        start(cloud, "a1", **options)
    return str(refused.value)


def test_a_theme_is_what_the_items_have_in_common(library: Cloud) -> None:
    arn = start(library, "a1", "b1", name="themes", numResults=5, **THEMES)
    assert library.settle(arn)["status"] == "ACTIVE"
    answers = [json.loads(line) for line in library.read("themes/out/in.json.out").splitlines()]
    assert [answer["output"]["theme"] for answer in answers] == ["Ceramic teapot", "Garden spade"]
    for answer, taste in zip(answers, "ab", strict=True):
        assert {item[0] for item in answer["output"]["recommendedItems"]} == {taste}


def test_the_items_closest_to_the_theme_come_first(library: Cloud) -> None:
    arn = start(library, "a1", name="scores", numResults=15, **THEMES)
    library.settle(arn)
    output = json.loads(library.read("scores/out/in.json.out"))["output"]
    scores = output["itemsThemeRelevanceScores"]
    assert scores == sorted(scores, reverse=True)
    assert len(scores) == len(output["recommendedItems"]) > 1
    assert scores[0] > 0
    assert "scores" not in output


def test_is_described_with_its_theme(library: Cloud) -> None:
    found = library.describe(start(library, "a1", name="described", **THEMES))
    assert {name: found[name] for name in THEMES} == THEMES
    library.settle(found["batchInferenceJobArn"])


def test_a_hundred_lines_are_the_most(library: Cloud) -> None:
    found = library.settle(start(library, *["a1"] * 101, name="many", **THEMES))
    assert "has 101 lines, at most 100 are allowed" in found["failureReason"]


def test_a_theme_needs_a_name(library: Cloud) -> None:
    said = refusal(library, batchInferenceJobMode="THEME_GENERATION")
    assert "themeGenerationConfig must be given" in said


def test_a_name_alone_makes_no_theme(library: Cloud) -> None:
    said = refusal(library, themeGenerationConfig=THEMES["themeGenerationConfig"])
    assert "needs the batchInferenceJobMode THEME_GENERATION" in said


@pytest.mark.parametrize("column", ["NAME", "PRICE"])
def test_the_name_must_be_a_column_of_text(library: Cloud, column: str) -> None:
    config = {"fieldsForThemeGeneration": {"itemName": column}}
    said = refusal(library, **{**THEMES, "themeGenerationConfig": config})
    assert f"got {column}" in said


def test_other_recipes_have_no_themes(library: Cloud) -> None:
    group = library.arn("dataset-group/shop")
    version = library.version(library.solution(group, "sims", "aws-sims"))
    assert "themes are for aws-similar-items" in refusal(library, version=version, **THEMES)


def test_a_group_without_items_has_no_themes(library: Cloud) -> None:
    group = library.group("bare")
    dataset = library.personalize.create_dataset(
        name="log",
        datasetType="Interactions",
        datasetGroupArn=group,
        schemaArn=library.arn("schema/Interactions"),
    )["datasetArn"]
    library.settle(dataset)
    library.import_csv(dataset, interactions())
    version = library.version(library.solution(group, "bare", "aws-similar-items"))
    assert "themes need a dataset of type Items" in refusal(library, version=version, **THEMES)


def test_some_regions_have_no_themes() -> None:
    with PersonalizeEmulator(
        speed=1e-6, quotas=Quotas.none(), strict_answers=True, region="eu-west-1"
    ) as emulator:
        cloud = Cloud(emulator, "123456789012")
        group = emulator.service.call("CreateDatasetGroup", {"name": "shop"})["datasetGroupArn"]
        cloud.settle(group)
        cloud.dataset(group, csv=interactions())
        version = cloud.version(cloud.solution(group, "similar", "aws-similar-items"))
        assert "not in eu-west-1" in refusal(cloud, version=version, **THEMES)
        cloud.close()
