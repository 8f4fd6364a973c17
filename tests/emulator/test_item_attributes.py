"""The attributes that a user segment is asked for by."""

from __future__ import annotations

import pytest

from cdk_personalize.avro_schema import AvroSchema, DatasetType, SchemaField
from personalize_emulator.bulk.item_attributes import parse_item_attributes

ITEMS = AvroSchema.of(
    DatasetType.ITEMS,
    [
        SchemaField.string("GENRES", categorical=True),
        SchemaField.float("PRICE"),
        SchemaField.string("STORY", textual=True),
        SchemaField.string("Colour", categorical=True),
        SchemaField.string("COLOUR", categorical=True),
    ],
)


def parse(text: str) -> list[tuple[str, str]]:
    return parse_item_attributes(text, ITEMS)


def reason(text: str) -> str:
    with pytest.raises(ValueError) as failure:  # noqa: PT011 - what it says is what is tested
        parse(text)
    return str(failure.value)


def test_one_condition() -> None:
    assert parse('ITEMS.GENRES = "Comedy"') == [("GENRES", "Comedy")]


def test_conditions_are_joined_by_and() -> None:
    assert parse('ITEMS.GENRES = "Comedy" AND ITEMS.GENRES="Action" AND ITEMS.PRICE = 5') == [
        ("GENRES", "Comedy"),
        ("GENRES", "Action"),
        ("PRICE", "5"),
    ]


def test_case_does_not_matter_to_a_column() -> None:
    assert parse('ITEMS.genres = "Comedy"') == [("GENRES", "Comedy")]


def test_case_matters_where_columns_differ_by_nothing_else() -> None:
    assert parse('ITEMS.Colour = "red"') == [("Colour", "red")]
    assert "no column colour" in reason('ITEMS.colour = "red"')


def test_a_backslash_escapes() -> None:
    assert parse(r'ITEMS.GENRES = "the \"best\" of \\ it\'s"') == [
        ("GENRES", r'the "best" of \ it' + "'s")
    ]


def test_what_a_string_holds_joins_nothing() -> None:
    text = "a AND ITEMS.GENRES = b"
    assert parse(f'ITEMS.GENRES = "{text}"') == [("GENRES", text)]


@pytest.mark.parametrize("written", ["5", '"5"', "5.0", "+5", "0.5e1"])
def test_a_number_is_the_same_however_it_is_written(written: str) -> None:
    assert parse(f"ITEMS.PRICE = {written}") == [("PRICE", "5")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "expected a condition such as"),
        ("ITEMS.GENRES", "expected a condition such as"),
        ('ITEMS.GENRES != "Comedy"', "expected a condition such as"),
        ('ITEMS.GENRES IN ("Comedy")', "expected a condition such as"),
        ('ITEMS.GENRES = "Comedy" AND', "at character 27"),
        ('ITEMS.GENRES = "Comedy" OR ITEMS.GENRES = "Action"', "expected AND at character 24"),
        ('ITEMS.GENRES = "Comedy" ANDITEMS.GENRES = "Action"', "expected AND at character 24"),
        ('USERS.GENRES = "Comedy"', "the attributes are of ITEMS"),
        ('ITEMS.MOOD = "good"', "Items has no column MOOD; it has ITEM_ID, GENRES, PRICE"),
        ('ITEMS.STORY = "long"', "STORY is textual"),
        ('ITEMS.ITEM_ID = "a0"', "ITEM_ID is reserved"),
        ("ITEMS.GENRES = 5", "its value must be in double quotes"),
        ('ITEMS.PRICE = "cheap"', "PRICE is of type float, got 'cheap'"),
        ('ITEMS.PRICE = "1e999"', "PRICE is of type float"),
        ('ITEMS.PRICE = "nan"', "PRICE is of type float"),
    ],
)
def test_what_is_wrong_is_named(text: str, said: str) -> None:
    assert said in reason(text)
