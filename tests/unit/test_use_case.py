"""The use cases of the domains."""

import pytest

from cdk_personalize.avro_schema import DatasetType, Domain
from cdk_personalize.recipe import Feature, RecipeType
from cdk_personalize.use_case import UseCase
from tests.refusals import whole


def test_a_use_case_has_the_arn_of_a_recipe() -> None:
    assert UseCase.TOP_PICKS.arn() == "arn:aws:personalize:::recipe/aws-vod-top-picks"


def test_each_domain_has_five_use_cases() -> None:
    for domain in Domain:
        assert len([each for each in UseCase.all() if each.domain is domain]) == 5


@pytest.mark.parametrize("use_case", UseCase.all(), ids=str)
def test_a_use_case_is_found_by_its_name_and_by_its_arn(use_case: UseCase) -> None:
    assert UseCase.of(use_case.name) is UseCase.of(use_case.arn()) is use_case


def test_a_use_case_that_is_not_known_is_refused_with_those_that_are() -> None:
    with pytest.raises(
        ValueError,
        match=whole(
            f"a use case must be one of {', '.join(map(str, UseCase.all()))}, got 'aws-ecomm-new'"
        ),
    ):
        UseCase.of("aws-ecomm-new")


def test_the_use_cases_that_follow_events_at_once_are_those_of_the_guide() -> None:
    assert [each.title for each in UseCase.all() if each.real_time] == [
        "Recommended for you",
        "Top picks for you",
    ]


@pytest.mark.parametrize("use_case", UseCase.all(), ids=str)
def test_related_items_name_an_item_and_no_others_do(use_case: UseCase) -> None:
    assert use_case.needs_item == (use_case.type is RecipeType.RELATED_ITEMS)


def test_two_use_cases_do_without_a_user() -> None:
    assert [each.title for each in UseCase.all() if not each.needs_user] == [
        "Frequently bought together",
        "Trending now",
    ]


def test_more_like_x_needs_items() -> None:
    assert DatasetType.ITEMS in UseCase.MORE_LIKE_X.required_datasets


@pytest.mark.parametrize(
    ("feature", "titles"),
    [
        (Feature.EXPLORATION, ["Recommended for you", "Top picks for you"]),
        (Feature.CONTEXT, ["Recommended for you", "Top picks for you"]),
        (
            Feature.AUTOMATIC_UPDATES,
            ["Recommended for you", "Trending now", "Top picks for you"],
        ),
        (Feature.SCORES, []),
    ],
)
def test_a_feature_is_of_the_use_cases_that_the_guide_says(
    feature: Feature, titles: list[str]
) -> None:
    assert [each.title for each in UseCase.supporting(feature)] == titles


def test_all_use_cases_have_promotions() -> None:
    assert UseCase.supporting(Feature.PROMOTIONS) == UseCase.all()
