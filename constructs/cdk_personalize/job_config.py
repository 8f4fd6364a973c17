"""What jobs on the files of a bucket can be told: the rules of their Create operations.

The limits are those of the shapes of the API, and of the developer guide's page of limits; each
rule that is not names the page that it is from. Pure Python: the values that declare jobs check
with it at synth, the emulator when it is asked.

A request is as the API writes it. What is None in it is there and not known yet, as a token of the
CDK is; it is not checked. Recipes that are newer than this library are not checked either.
"""

import re
from collections.abc import Iterable

from cdk_personalize.avro_schema import DatasetType
from cdk_personalize.filter_expression import FilterExpression, Target
from cdk_personalize.recipe import Feature, Recipe, RecipeType
from cdk_personalize.serving_config import findings as findings_of_answers
from cdk_personalize.training_data import Config, Schemas

THEME_GENERATION = "THEME_GENERATION"
BATCH_INFERENCE = "BATCH_INFERENCE"
DEFAULT_RESULTS = 25
"""How many items or users answer a line (batch-data-upload, the sections on each job)."""
MAX_SEGMENT_USERS = 5_000_000
MAX_ITEM_NAME_LENGTH = 150
REGIONS_WITH_THEMES = ("us-east-1", "us-west-2", "ap-northeast-1")
"""Where batch inference makes themes (themed-batch-recommendations)."""
EXPORTED = (DatasetType.INTERACTIONS, DatasetType.ITEMS, DatasetType.USERS)
"""What can be exported (export-data)."""
MAX_PREFIX_LENGTH = 187
"""A location has 256 characters at most, of which `s3://`, a bucket and a slash take up to 69."""

_ITEM_NAME = re.compile(r"[A-Za-z_][A-Za-z\d_]*")


def findings_of_batch_inference(request: Config, recipe: Recipe) -> list[str]:
    """Return all that is wrong with a batch inference job, whatever data there is.

    Args:
        request: What it is told: `numResults`, `batchInferenceJobConfig`, `batchInferenceJobMode`
            and `themeGenerationConfig` are looked at.
        recipe: The recipe of its solution.
    """
    found = findings_of_results(request)
    themes = request.get("batchInferenceJobMode", BATCH_INFERENCE) == THEME_GENERATION
    config = request.get("themeGenerationConfig")
    if themes and config is None:
        found.append(
            f"themeGenerationConfig must be given for the batchInferenceJobMode {THEME_GENERATION}"
        )
    if config is not None:
        if not themes:
            found.append(
                f"themeGenerationConfig needs the batchInferenceJobMode {THEME_GENERATION}"
            )
        found += _findings_of_item_name(_item_name(config))
    if recipe.is_known and not recipe.supports(Feature.BATCH_INFERENCE):
        found.append(f"{recipe} makes no batch recommendations")
        return found
    found += findings_of_answers(request.get("batchInferenceJobConfig", {}), recipe)
    if recipe.is_known and themes and not recipe.supports(Feature.THEMES):
        known = " and ".join(map(str, Recipe.supporting(Feature.THEMES)))
        found.append(f"themes are for {known}, not for {recipe}")
    return found


def findings_of_batch_segment(
    request: Config, recipe: Recipe, *, most: int | None = MAX_SEGMENT_USERS
) -> list[str]:
    """Return all that is wrong with a batch segment job, whatever data there is.

    Args:
        request: What it is told: `numResults` is looked at.
        recipe: The recipe of its solution.
        most: How many users a segment may have; None is any number.
    """
    found = findings_of_results(request, most)
    if recipe.type is not RecipeType.USER_SEGMENTATION:
        found.append(f"{recipe} makes no user segments")
    return found


def findings_of_results(request: Config, most: int | None = None) -> list[str]:
    """Return what is wrong with how many items or users shall answer a line."""
    results = request.get("numResults")
    if results is None or (
        results == int(results) and results >= 1 and (most is None or results <= most)
    ):
        return []
    allowed = "at least 1" if most is None else f"from 1 to {most}"
    return [f"numResults must be {allowed}, got {results}"]


def findings_of_themes(
    request: Config, schemas: Schemas, *, complete: bool, region: str | None
) -> list[str]:
    """Return what themes lack of the data, and of the Region (themed-batch-recommendations).

    Args:
        request: What a batch inference job is told.
        schemas: The columns of the dataset group.
        complete: Whether those are all of its datasets.
        region: The Region; None if it is not known yet.
    """
    if request.get("batchInferenceJobMode") != THEME_GENERATION:
        return []
    found = []
    if region is not None and region not in REGIONS_WITH_THEMES:
        found.append(f"themes are generated in {', '.join(REGIONS_WITH_THEMES)}, not in {region}")
    items = schemas.get(DatasetType.ITEMS)
    if items is None:
        return [*found, "themes need a dataset of type Items"] if complete else found
    if not any(field.textual for field in items.fields):
        found.append("themes need a textual column of Items")
    name = _item_name(request.get("themeGenerationConfig", {}))
    column = items.field(name) if name is not None else None
    if name is not None and (column is None or column.type != "string"):
        found.append(f"itemName must be a column of Items of type string, got {name}")
    return found


def findings_of_target(
    expression: FilterExpression | None, target: Target, recipe: Recipe | None = None
) -> list[str]:
    """Return why a filter cannot be one of a job.

    Args:
        expression: The filter.
        target: What the job answers with.
        recipe: The recipe of its solution.
    """
    parts = () if expression is None else expression.expressions
    wrong = sorted({str(part.target) for part in parts if part.target is not target})
    found = [f"a filter of {target} is needed, got one of {each}" for each in wrong]
    # The guide's page filter-expressions, of user segments.
    if recipe == Recipe.ITEM_ATTRIBUTE_AFFINITY and any(
        condition.column.source is DatasetType.INTERACTIONS
        for part in parts
        for condition in part.conditions
    ):
        found.append(f"{recipe} takes no filter by Interactions")
    return found


def findings_of_export(dataset_type: DatasetType) -> list[str]:
    """Return why the data of a dataset cannot be exported."""
    if dataset_type in EXPORTED:
        return []
    return [f"the data of {' or '.join(EXPORTED)} is exported, not that of {dataset_type}"]


def findings_of_prefixes(prefixes: Iterable[tuple[str, str | None]]) -> list[str]:
    """Return what is wrong with folders of a bucket, each with the member that it is told by."""
    return [
        f"{member} must be a folder of the bucket with a slash at its end and none at its begin,"
        f" at most {MAX_PREFIX_LENGTH} characters, got {prefix!r}"
        for member, prefix in prefixes
        if prefix is not None
        and not (
            prefix.endswith("/") and not prefix.startswith("/") and len(prefix) <= MAX_PREFIX_LENGTH
        )
    ]


def _item_name(config: Config) -> str | None:
    name: str | None = config.get("fieldsForThemeGeneration", {}).get("itemName")
    return name


def _findings_of_item_name(name: str | None) -> list[str]:
    if name is None or (_ITEM_NAME.fullmatch(name) and len(name) <= MAX_ITEM_NAME_LENGTH):
        return []
    return [
        f"itemName must have 1 to {MAX_ITEM_NAME_LENGTH} letters, digits and underscores, the"
        f" first no digit, got {name!r}"
    ]
