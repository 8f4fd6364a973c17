"""Every recipe knows its hyperparameters, and refuses what is not one of them."""

from __future__ import annotations

import pytest

from cdk_personalize.recipe import Recipe
from personalize_emulator.models import TrainingSettings, Tuning, train
from personalize_emulator.models.data import TrainingData
from personalize_emulator.models.hyperparameters import Kind, Values, check, parameters_of

USER_PERSONALIZATION = "aws-user-personalization"
WITHOUT = {"aws-popularity-count", "aws-semantic-similarity"}


@pytest.mark.parametrize("recipe", [recipe.name for recipe in Recipe.all()])
def test_every_recipe_of_the_service_is_in_the_table(recipe: str) -> None:
    known = parameters_of(recipe)
    assert bool(known.algorithm or known.features) is (recipe not in WITHOUT)


@pytest.mark.parametrize("recipe", [recipe.name for recipe in Recipe.all()])
def test_defaults_are_values_that_are_allowed(recipe: str) -> None:
    known = parameters_of(recipe)
    check(recipe, TrainingSettings(known.defaults(), known.feature_defaults()))


def test_a_use_case_has_no_hyperparameters() -> None:
    with pytest.raises(ValueError, match="must be one of: none; got bptt"):
        check("aws-vod-top-picks", TrainingSettings({"bptt": "8"}))


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("hidden_dimension", "31", r"a whole number within \[32, 256\], got '31'"),
        ("hidden_dimension", "32.5", "a whole number"),
        ("bptt", "many", r"a whole number within \[2, 32\], got 'many'"),
        ("bptt", "33", "a whole number"),
        ("recency_mask", "maybe", "one of true, false, got 'maybe'"),
    ],
)
def test_a_value_that_is_not_allowed_is_refused(name: str, value: str, allowed: str) -> None:
    with pytest.raises(ValueError, match=f"{name} must be {allowed}"):
        check(USER_PERSONALIZATION, TrainingSettings({name: value}))


@pytest.mark.parametrize("value", ["nan", "-0.1", "1.01", "inf", ""])
def test_a_share_is_a_number_from_0_to_1(value: str) -> None:
    settings = TrainingSettings({"popularity_discount_factor": value})
    with pytest.raises(ValueError, match=r"a number within \[0.0, 1.0\]"):
        check("aws-similar-items", settings)


@pytest.mark.parametrize("value", ["0", "inf"])
def test_a_number_without_a_limit_is_above_its_least(value: str) -> None:
    settings = TrainingSettings(features={"cold_start_max_duration": value})
    with pytest.raises(ValueError, match=r"a number within \(0.0, infinity\)"):
        check("aws-hrnn-coldstart", settings)


def test_a_parameter_of_another_recipe_is_refused() -> None:
    with pytest.raises(ValueError, match="must be one of: apply_recency_bias; got bptt"):
        check("aws-user-personalization-v2", TrainingSettings({"bptt": "8"}))


def test_a_feature_is_no_parameter_of_the_algorithm() -> None:
    settings = TrainingSettings({"min_user_history_length_percentile": "0.1"})
    with pytest.raises(ValueError, match="an algorithm hyperparameter of"):
        check(USER_PERSONALIZATION, settings)


def test_percentiles_are_in_order() -> None:
    features = {
        "min_user_history_length_percentile": "0.9",
        "max_user_history_length_percentile": "0.5",
    }
    with pytest.raises(ValueError, match="must not be above max_user_history_length_percentile"):
        check(USER_PERSONALIZATION, TrainingSettings(features=features))


def test_a_minimum_is_held_against_the_default_of_its_maximum() -> None:
    features = {"min_item_interaction_count_percentile": "0.95"}
    with pytest.raises(ValueError, match=r"got 0.95 and 0.9$"):
        check("aws-sims", TrainingSettings(features=features))


@pytest.mark.parametrize("value", ["true", "True", "TRUE"])
def test_categories_are_taken_in_any_case(value: str) -> None:
    settings = TrainingSettings({"apply_recency_bias": value})
    assert Values.of("aws-user-personalization-v2", settings).flag("apply_recency_bias")


def test_names_are_taken_with_the_prefix_that_the_service_gives_them() -> None:
    settings = TrainingSettings({"training.bptt": "8"})
    assert Values.of(USER_PERSONALIZATION, settings).integer("bptt") == 8


def test_what_is_not_given_is_the_default() -> None:
    values = Values.of(USER_PERSONALIZATION, TrainingSettings({"bptt": "8"}))
    assert values.integer("hidden_dimension") == 149


@pytest.mark.parametrize(
    ("recipe", "tuning", "reason"),
    [
        (
            USER_PERSONALIZATION,
            Tuning(integers={"bptt": (2, 64)}),
            r"the range of bptt must be within \[2, 32\], got 2 to 64",
        ),
        (USER_PERSONALIZATION, Tuning(integers={"bptt": (9, 8)}), "got 9 to 8"),
        (
            USER_PERSONALIZATION,
            Tuning(continuous={"bptt": (2.0, 8.0)}),
            "bptt must be tuned as integer, got a range that is continuous",
        ),
        (
            USER_PERSONALIZATION,
            Tuning(categorical={"recency_mask": []}),
            "at least one value",
        ),
        (
            "aws-similar-items",
            Tuning(continuous={"popularity_discount_factor": (0.0, 1.0)}),
            "to tune of aws-similar-items must be one of: item_id_hidden_dim,"
            " item_metadata_hidden_dim",
        ),
        (USER_PERSONALIZATION, Tuning(trials=0), "at least 1 trial"),
    ],
)
def test_a_range_that_cannot_be_tuned_in_is_refused(
    recipe: str, tuning: Tuning, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        check(recipe, TrainingSettings(tuning=tuning))


def test_training_refuses_what_the_check_refuses() -> None:
    with pytest.raises(ValueError, match="hidden_dimension must be"):
        train(
            USER_PERSONALIZATION,
            TrainingData.of(["u", "v"], ["i", "i"], [0, 1]),
            settings=TrainingSettings({"hidden_dimension": "1"}),
        )


def test_kinds_are_those_of_the_service_model() -> None:
    kinds = {one.kind for recipe in Recipe.all() for one in parameters_of(recipe.name).algorithm}
    assert kinds == {Kind.INTEGER, Kind.CONTINUOUS, Kind.CATEGORICAL}
