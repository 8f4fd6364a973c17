"""The recipes."""

import pytest

from cdk_personalize.avro_schema import DatasetType
from cdk_personalize.recipe import Feature, Recipe, RecipeType
from tests.refusals import whole


def test_a_recipe_belongs_to_no_account_and_no_region() -> None:
    assert Recipe.SIMILAR_ITEMS.arn() == "arn:aws:personalize:::recipe/aws-similar-items"


def test_a_recipe_of_another_partition_has_its_arn_there() -> None:
    assert Recipe.SIMS.arn("aws-cn") == "arn:aws-cn:personalize:::recipe/aws-sims"


@pytest.mark.parametrize("recipe", Recipe.all(), ids=str)
def test_a_recipe_is_found_by_its_name_and_by_its_arn(recipe: Recipe) -> None:
    assert Recipe.of(recipe.name) is Recipe.of(recipe.arn()) is recipe


def test_a_recipe_that_is_not_known_is_refused_with_those_that_are() -> None:
    with pytest.raises(
        ValueError,
        match=whole(f"a recipe must be one of {', '.join(map(str, Recipe.all()))}, got 'aws-new'"),
    ):
        Recipe.of("aws-new")


def test_a_recipe_that_is_newer_than_the_library_can_be_made() -> None:
    recipe = Recipe("aws-new", RecipeType.RELATED_ITEMS)

    assert recipe.arn() == "arn:aws:personalize:::recipe/aws-new"


def test_every_attribute_of_the_class_is_listed_once() -> None:
    names = [recipe.name for recipe in Recipe.all()]

    assert len(names) == len(set(names)) == 15


def test_the_recipes_that_follow_events_at_once_are_those_of_the_guide() -> None:
    assert {recipe.name for recipe in Recipe.all() if recipe.real_time} == {
        "aws-user-personalization-v2",
        "aws-user-personalization",
        "aws-personalized-ranking-v2",
        "aws-personalized-ranking",
        "aws-next-best-action",
    }


def test_semantic_similarity_needs_items_and_no_interactions() -> None:
    assert Recipe.SEMANTIC_SIMILARITY.required_datasets == {DatasetType.ITEMS}


def test_similar_items_learns_from_items_where_they_are() -> None:
    assert Recipe.SIMILAR_ITEMS.optional_datasets == {DatasetType.ITEMS}


@pytest.mark.parametrize(
    ("kind", "needs_user", "needs_item"),
    [
        (RecipeType.USER_PERSONALIZATION, True, False),
        (RecipeType.PERSONALIZED_RANKING, True, False),
        (RecipeType.RELATED_ITEMS, False, True),
        (RecipeType.POPULAR_ITEMS, False, False),
        (RecipeType.PERSONALIZED_ACTIONS, True, False),
    ],
)
def test_the_type_of_a_recipe_tells_what_a_request_must_name(
    kind: RecipeType, *, needs_user: bool, needs_item: bool
) -> None:
    assert (kind.needs_user, kind.needs_item) == (needs_user, needs_item)


def test_only_user_segments_have_no_campaign() -> None:
    assert [kind for kind in RecipeType if not kind.is_real_time] == [RecipeType.USER_SEGMENTATION]


def names(feature: Feature) -> set[str]:
    return {recipe.name.removeprefix("aws-") for recipe in Recipe.supporting(feature)}


FEATURES = [
    (Feature.EVENTS_CONFIG, {"user-personalization-v2", "personalized-ranking-v2"}),
    (Feature.OBJECTIVE, {"user-personalization", "personalized-ranking"}),
    (Feature.AUTO_ML, {"hrnn", "hrnn-metadata", "hrnn-coldstart"}),
    (Feature.INCREMENTAL_UPDATE, {"semantic-similarity"}),
    (Feature.UPDATE_MODE, {"user-personalization", "hrnn-coldstart"}),
    (
        Feature.AUTOMATIC_UPDATES,
        {"user-personalization-v2", "user-personalization", "next-best-action"},
    ),
    (Feature.EXPLORATION, {"user-personalization"}),
    (Feature.RANKING_INFLUENCE, {"semantic-similarity"}),
    (
        Feature.PROMOTIONS,
        {
            "user-personalization-v2",
            "user-personalization",
            "similar-items",
            "sims",
            "trending-now",
            "popularity-count",
        },
    ),
    (
        Feature.CONTEXT,
        {
            "user-personalization-v2",
            "user-personalization",
            "personalized-ranking-v2",
            "personalized-ranking",
        },
    ),
    (Feature.REASONS, {"user-personalization-v2"}),
    (
        Feature.METADATA,
        {"user-personalization-v2", "personalized-ranking-v2", "semantic-similarity"},
    ),
    (Feature.THEMES, {"similar-items"}),
]


@pytest.mark.parametrize(("feature", "recipes"), FEATURES)
def test_a_feature_is_of_the_recipes_that_the_guide_says(
    feature: Feature, recipes: set[str]
) -> None:
    assert names(feature) == recipes


def test_batch_inference_is_not_of_trends_actions_and_segments() -> None:
    others = {recipe.name for recipe in Recipe.all()} - {
        recipe.name for recipe in Recipe.supporting(Feature.BATCH_INFERENCE)
    }
    assert others == {
        "aws-trending-now",
        "aws-next-best-action",
        "aws-item-affinity",
        "aws-item-attribute-affinity",
    }


def test_related_items_of_interactions_and_popular_items_have_no_scores() -> None:
    real_time = {recipe for recipe in Recipe.all() if recipe.type.is_real_time}
    without = {recipe.name for recipe in real_time - set(Recipe.supporting(Feature.SCORES))}
    assert without == {"aws-similar-items", "aws-sims", "aws-popularity-count"}


def test_a_recipe_of_the_service_is_known_and_a_newer_one_is_not() -> None:
    assert Recipe.SIMS.is_known
    assert not Recipe("aws-new", RecipeType.RELATED_ITEMS).is_known
