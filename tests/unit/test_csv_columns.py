"""The columns of CSV files."""

from pathlib import Path

import pytest

from cdk_personalize.avro_schema import Domain, SchemaField, fields_of_csv
from tests.refusals import whole


def csv_file(folder: Path, name: str, *lines: str) -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_columns_of_a_file_are_in_its_order_with_their_documented_types(tmp_path: Path) -> None:
    path = csv_file(
        tmp_path,
        "interactions.csv",
        "TIMESTAMP,EVENT_TYPE,ITEM_ID,USER_ID,EVENT_VALUE",
        "1700000000,view,7,1,3",
    )

    assert fields_of_csv(path) == [
        SchemaField.long("TIMESTAMP"),
        SchemaField.string("EVENT_TYPE"),
        SchemaField.string("ITEM_ID"),
        SchemaField.string("USER_ID"),
        SchemaField.float("EVENT_VALUE"),
    ]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        (["1", "-2"], SchemaField.long("X")),
        (["1", "2.5"], SchemaField.float("X")),
        (["1", ""], SchemaField.long("X", nullable=True)),
        (["007", "123"], SchemaField.string("X", categorical=True)),
        (["red", "blue"], SchemaField.string("X", categorical=True)),
        (["", ""], SchemaField.string("X", nullable=True, categorical=True)),
        ([f"red|{n}" for n in range(30)], SchemaField.string("X", categorical=True)),
        ([f"code{n}" for n in range(30)], SchemaField.string("X")),
        ([str(10**30), "1"], SchemaField.float("X")),
        (["true", "false"], SchemaField.string("X", categorical=True)),
    ],
)
def test_the_type_of_a_column_is_what_all_its_values_allow(
    tmp_path: Path, values: list[str], field: SchemaField
) -> None:
    rows = (f"{number},{value}" for number, value in enumerate(values))

    assert fields_of_csv(csv_file(tmp_path, "items.csv", "ITEM_ID,X", *rows))[1] == field


PROSE = [
    "ITEM_ID,TITLE,DESCRIPTION",
    "1,The red mug,A mug that is red and holds tea",
    "2,The blue mug,A mug that is blue and holds tea",
    "3,The last mug,A mug that is the last one of all",
]


def test_the_longest_prose_of_items_is_textual(tmp_path: Path) -> None:
    fields = fields_of_csv(csv_file(tmp_path, "items.csv", *PROSE))

    assert [field.name for field in fields if field.textual] == ["DESCRIPTION"]


def test_no_column_of_users_is_textual(tmp_path: Path) -> None:
    lines = [line.replace("ITEM_ID", "USER_ID") for line in PROSE]

    fields = fields_of_csv(csv_file(tmp_path, "users.csv", *lines))

    assert not any(field.textual for field in fields)


def test_the_kind_of_a_file_follows_from_its_columns_if_its_name_is_another(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "catalogue.csv", "ITEM_ID,CREATION_TIMESTAMP,PRICE", "1,1700000000,2")

    assert fields_of_csv(path)[1] == SchemaField.long("CREATION_TIMESTAMP")


def test_the_columns_of_a_domain_have_the_types_of_the_domain(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "items.csv", "ITEM_ID,PRICE,CATEGORY_L1", "1,2,mugs")

    assert fields_of_csv(path, domain=Domain.ECOMMERCE)[1] == SchemaField.float("PRICE")


def test_a_domain_needs_its_columns(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "items.csv", "ITEM_ID,PRICE", "1,2")

    with pytest.raises(
        ValueError,
        match=whole(
            "items.csv misses CATEGORY_L1: Items needs ITEM_ID, PRICE, CATEGORY_L1, got"
            " ITEM_ID, PRICE"
        ),
    ):
        fields_of_csv(path, domain=Domain.ECOMMERCE)


def test_a_mark_of_the_byte_order_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    path = tmp_path / "users.csv"
    path.write_text("USER_ID,AGE\n1,30\n", encoding="utf-8-sig")

    assert fields_of_csv(path)[0] == SchemaField.string("USER_ID")


HEADER = "USER_ID,ITEM_ID,TIMESTAMP"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([""], "interactions.csv is empty: it needs a header and at least one row"),
        ([HEADER], "interactions.csv has a header and no rows"),
        (
            ["USER_ID,ITEM_ID", "1,2"],
            "interactions.csv misses TIMESTAMP: Interactions needs USER_ID, ITEM_ID, TIMESTAMP, "
            "got USER_ID, ITEM_ID",
        ),
        (
            [HEADER, "1,2,1700000000", "1,2,2023-11-14"],
            "interactions.csv, line 3: TIMESTAMP must be epoch seconds, got '2023-11-14'",
        ),
        (
            [HEADER, "1,2,1700000000000"],
            "interactions.csv, line 2: TIMESTAMP must be epoch seconds, "
            "got milliseconds: '1700000000000'",
        ),
        (
            [f"{HEADER},EVENT_VALUE", "1,2,1700000000,much"],
            "interactions.csv, line 2: EVENT_VALUE must be a float, got 'much'",
        ),
        (
            [HEADER, "1,2,1700000000", "", "1,2,soon"],
            "interactions.csv, line 4: TIMESTAMP must be epoch seconds, got 'soon'",
        ),
        ([HEADER, "1,2"], "interactions.csv, line 2: 3 columns expected, got 2"),
        ([HEADER, ",2,1700000000"], "interactions.csv, line 2: USER_ID must not be empty"),
    ],
)
def test_a_file_that_cannot_be_imported_is_refused_with_the_line(
    tmp_path: Path, lines: list[str], message: str
) -> None:
    with pytest.raises(ValueError) as refusal:  # noqa: PT011 - the whole message is looked at
        fields_of_csv(csv_file(tmp_path, "interactions.csv", *lines))

    assert str(refusal.value) == message


def test_a_file_without_ids_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match=whole("data.csv needs a column USER_ID or ITEM_ID, got A, B")
    ):
        fields_of_csv(csv_file(tmp_path, "data.csv", "A,B", "1,2"))


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "users.csv"
    path.write_bytes("USER_ID,CITY\n1,Zürich\n".encode("latin-1"))

    with pytest.raises(
        ValueError,
        match=whole(
            "users.csv must be UTF-8: 'utf-8' codec can't decode byte 0xfc in position 16:"
            " invalid start byte"
        ),
    ):
        fields_of_csv(path)
