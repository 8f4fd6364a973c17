"""The rules of hyperparameters, as the constructs and the emulator share them."""

import pytest

from cdk_personalize.hyperparameters import Kind, findings, findings_of_tuning, parameters_of
from cdk_personalize.recipe import Recipe

V1 = "aws-user-personalization"


@pytest.mark.parametrize("recipe", Recipe.all(), ids=str)
def test_the_defaults_of_a_recipe_are_allowed(recipe: Recipe) -> None:
    known = parameters_of(recipe.name)

    assert findings(recipe.name, known.defaults(), known.feature_defaults()) == []


@pytest.mark.parametrize("recipe", Recipe.all(), ids=str)
def test_all_of_what_a_recipe_can_tune_may_be_searched(recipe: Recipe) -> None:
    ranges: dict[Kind, dict[str, tuple[float, float]]] = {kind: {} for kind in Kind}
    categories = {}
    for parameter in parameters_of(recipe.name).tunable:
        if parameter.kind is Kind.CATEGORICAL:
            categories[parameter.name] = parameter.values
        else:
            assert parameter.greatest is not None
            ranges[parameter.kind][parameter.name] = (parameter.least, parameter.greatest)

    assert (
        findings_of_tuning(
            recipe.name,
            integers=ranges[Kind.INTEGER],
            continuous=ranges[Kind.CONTINUOUS],
            categorical=categories,
        )
        == []
    )


def test_the_recipes_that_can_be_tuned_are_those_of_the_guide() -> None:
    assert {one.name for one in Recipe.all() if parameters_of(one.name).tunable} == {
        "aws-user-personalization",
        "aws-hrnn",
        "aws-hrnn-metadata",
        "aws-hrnn-coldstart",
        "aws-personalized-ranking",
        "aws-similar-items",
        "aws-sims",
    }


def test_all_that_is_wrong_is_found_at_once() -> None:
    found = findings(
        V1,
        {"bptt": "1", "recency_mask": "perhaps", "depth": "3"},
        {"min_user_history_length_percentile": "-1"},
    )

    assert found == [
        "bptt must be a whole number within [2, 32], got '1'",
        "recency_mask must be one of true, false, got 'perhaps'",
        "an algorithm hyperparameter of aws-user-personalization must be one of:"
        " hidden_dimension, bptt, recency_mask; got depth",
        "min_user_history_length_percentile must be a number within [0.0, 1.0], got '-1'",
    ]


def test_percentiles_are_in_order() -> None:
    least, greatest = (f"{end}_user_history_length_percentile" for end in ("min", "max"))

    assert findings(V1, {}, {least: "0.9", greatest: "0.5"}) == [
        "min_user_history_length_percentile must not be above max_user_history_length_percentile,"
        " got 0.9 and 0.5"
    ]


def test_every_range_is_looked_at() -> None:
    found = findings_of_tuning(
        V1,
        integers={"bptt": (2, 64), "recency_mask": (0, 1)},
        continuous={"hidden_dimension": (32.0, 64.0), "depth": (0.0, 1.0)},
        categorical={"recency_mask": []},
    )

    assert found == [
        "the range of bptt must be within [2, 32], got 2 to 64",
        "recency_mask must be tuned as categorical, got a range that is integer",
        "hidden_dimension must be tuned as integer, got a range that is continuous",
        "a hyperparameter to tune of aws-user-personalization must be one of: hidden_dimension,"
        " bptt, recency_mask; got depth",
        "recency_mask must have at least one value to choose from",
    ]


def test_a_value_that_is_not_known_yet_is_not_checked() -> None:
    unknown = dict.fromkeys(parameters_of(V1).defaults())
    features = dict.fromkeys(parameters_of(V1).feature_defaults())

    assert findings(V1, unknown, features) == []


@pytest.mark.parametrize(("bounds", "count"), [((None, 64), 1), ((None, 16), 0), ((2, None), 0)])
def test_of_a_range_that_is_half_known_the_other_end_is_checked(
    bounds: tuple[float | None, float | None], count: int
) -> None:
    assert len(findings_of_tuning(V1, integers={"bptt": bounds})) == count


def test_a_value_to_choose_from_that_is_not_known_yet_is_not_checked() -> None:
    assert findings_of_tuning(V1, categorical={"recency_mask": [None]}) == []


def test_a_recipe_that_is_not_in_the_table_has_no_parameters() -> None:
    assert findings("aws-vod-top-picks", {"bptt": "8"}, {}) == [
        "an algorithm hyperparameter of aws-vod-top-picks must be one of: none; got bptt"
    ]
