"""Lists come in pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.emulator.cloud import Cloud


def test_pages_follow_one_another_until_the_end(cloud: Cloud) -> None:
    names = [f"schema-{number}" for number in range(5)]
    for name in names:
        cloud.schema(name=name)
    pages = cloud.personalize.get_paginator("list_schemas").paginate(
        PaginationConfig={"PageSize": 2}
    )
    assert [[schema["name"] for schema in page["schemas"]] for page in pages] == [
        names[:2],
        names[2:4],
        names[4:],
    ]


def test_the_last_page_has_no_token(cloud: Cloud) -> None:
    cloud.schema(name="only")
    assert "nextToken" not in cloud.personalize.list_schemas(maxResults=1)


def test_a_page_has_a_hundred_at_most(cloud: Cloud) -> None:
    for number in range(101):
        cloud.schema(name=f"schema-{number}")
    assert len(cloud.personalize.list_schemas()["schemas"]) == 100


def test_a_made_up_token_is_refused(cloud: Cloud) -> None:
    with pytest.raises(cloud.personalize.exceptions.InvalidNextTokenException):
        cloud.personalize.list_schemas(nextToken="made-up")


def test_the_token_of_another_list_is_refused(cloud: Cloud) -> None:
    for name in ("one", "two"):
        cloud.schema(name=name)
    token = cloud.personalize.list_schemas(maxResults=1)["nextToken"]
    with pytest.raises(cloud.personalize.exceptions.InvalidNextTokenException):
        cloud.personalize.list_dataset_groups(nextToken=token)


def test_one_that_is_deleted_between_two_pages_is_not_missed(cloud: Cloud) -> None:
    for name in ("one", "two", "three"):
        cloud.schema(name=name)
    first = cloud.personalize.list_schemas(maxResults=1)
    cloud.personalize.delete_schema(schemaArn=cloud.arn("schema/one"))
    rest = cloud.personalize.list_schemas(nextToken=first["nextToken"])["schemas"]
    assert [schema["name"] for schema in rest] == ["two", "three"]


def test_recipes_come_in_pages_too(cloud: Cloud) -> None:
    first = cloud.personalize.list_recipes(maxResults=3)
    rest = cloud.personalize.list_recipes(nextToken=first["nextToken"])
    names = [recipe["name"] for page in (first, rest) for recipe in page["recipes"]]
    assert len(names) == len(set(names)) > 10
