"""CSV files are read against a schema, and what is wrong is said so that one can mend it."""

from __future__ import annotations

import numpy as np
import pytest

from cdk_personalize.avro_schema import AvroSchema, DatasetType, SchemaField
from personalize_emulator.bulk.csv_import import read_csv
from personalize_emulator.bulk.files import read_folder
from personalize_emulator.data.columns import Table
from personalize_emulator.errors import JobFailedError
from personalize_emulator.objects import MemoryObjects
from personalize_emulator.quotas import Quotas

LOG = AvroSchema.of(
    DatasetType.INTERACTIONS,
    [
        SchemaField.string("EVENT_TYPE"),
        SchemaField.float("EVENT_VALUE", nullable=True),
        SchemaField.string("DEVICE", nullable=True, categorical=True),
    ],
)
HEADER = "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,EVENT_VALUE,DEVICE\n"
ROW = "u1,i1,1700000000,view,2.5,phone\n"


def read(
    *files: str | bytes,
    location: str = "s3://data/log/",
    schema: AvroSchema = LOG,
    quotas: Quotas | None = None,
    most_bytes: int | None = None,
) -> Table:
    objects = MemoryObjects()
    for number, body in enumerate(files):
        content = body.encode() if isinstance(body, str) else body
        objects.put("data", f"log/{number}.csv", content)
    found = read_folder(objects, location, most_bytes=most_bytes)
    return read_csv(found, schema, quotas or Quotas.none())


def reason(*files: str | bytes, location: str = "s3://data/log/") -> str:
    with pytest.raises(JobFailedError) as failure:
        read(*files, location=location)
    return str(failure.value)


def rows(*files: str | bytes) -> list[dict[str, object]]:
    return list(read(*files).rows())


def test_reads_values_by_their_types() -> None:
    assert rows(HEADER + ROW) == [
        {
            "USER_ID": "u1",
            "ITEM_ID": "i1",
            "TIMESTAMP": 1_700_000_000,
            "EVENT_TYPE": "view",
            "EVENT_VALUE": 2.5,
            "DEVICE": "phone",
        }
    ]


def test_the_order_of_the_columns_does_not_matter() -> None:
    text = "DEVICE,EVENT_VALUE,EVENT_TYPE,TIMESTAMP,ITEM_ID,USER_ID\nphone,2.5,view,17,i1,u1\n"
    assert rows(text)[0]["USER_ID"] == "u1"


def test_nothing_is_null_in_a_column_that_may_be_null() -> None:
    (row,) = rows(HEADER + "u1,i1,17,view,,\n")
    assert "EVENT_VALUE" not in row
    assert "DEVICE" not in row


def test_reads_quoted_values() -> None:
    (row,) = rows(HEADER + '"u,1","i ""1""",17,view,,"a\nb"\n')
    assert (row["USER_ID"], row["ITEM_ID"], row["DEVICE"]) == ("u,1", 'i "1"', "a\nb")


def test_reads_a_file_with_a_byte_order_mark() -> None:
    assert len(rows(b"\xef\xbb\xbf" + (HEADER + ROW).encode())) == 1


def test_reads_windows_line_ends() -> None:
    assert len(rows((HEADER + ROW).replace("\n", "\r\n"))) == 1


def test_reads_all_files_of_a_folder() -> None:
    assert [row["USER_ID"] for row in rows(HEADER + ROW, HEADER + ROW.replace("u1", "u2"))] == [
        "u1",
        "u2",
    ]


def test_reads_one_file_of_a_folder() -> None:
    table = read(HEADER + ROW, HEADER + ROW + ROW, location="s3://data/log/1.csv")
    assert len(table) == 2


def test_a_table_survives_its_serialisation() -> None:
    table = read(HEADER + ROW + "u2,i1,17,view,,\n")
    assert list(Table.from_bytes(table.to_bytes()).rows()) == list(table.rows())


def test_large_numbers_keep_their_last_digit() -> None:
    table = read(HEADER + "u1,i1,9007199254740993,view,,\n")
    assert table.integers("TIMESTAMP")[0] == np.int64(9007199254740993)


def test_a_missing_column_is_named() -> None:
    text = "USER_ID,ITEM_ID,EVENT_TYPE,EVENT_VALUE,DEVICE\nu1,i1,view,2.5,phone\n"
    said = reason(text)
    assert "s3://data/log/0.csv, line 1" in said
    assert "misses the column TIMESTAMP" in said


def test_an_extra_column_is_named() -> None:
    said = reason(HEADER.replace("\n", ",COLOUR\n") + ROW.replace("\n", ",red\n"))
    assert "'COLOUR'" in said
    assert "the schema has USER_ID, ITEM_ID, TIMESTAMP" in said


def test_a_column_that_is_there_twice_is_named() -> None:
    assert "'DEVICE' twice" in reason(HEADER.replace("\n", ",DEVICE\n") + ROW)


@pytest.mark.parametrize("written", ["yesterday", "2023-11-14", "17.5", "1_000", " 17", "1e9", "٣"])
def test_a_timestamp_that_is_none_is_named_with_its_place(written: str) -> None:
    said = reason(HEADER + ROW + f"u2,i2,{written},view,,\n")
    assert "s3://data/log/0.csv, line 3, column TIMESTAMP" in said
    assert f"got {written!r}, expected a whole number (timestamps are epoch seconds)" in said


@pytest.mark.parametrize("written", ["much", "nan", "inf", "1,5"])
def test_a_value_that_is_no_number_is_named(written: str) -> None:
    said = reason(HEADER + f'u1,i1,17,view,"{written}",\n')
    assert f"column EVENT_VALUE: got {written!r}, expected a number" in said


def test_a_number_too_large_for_a_long_is_named() -> None:
    assert "column TIMESTAMP" in reason(HEADER + f"u1,i1,{2**63},view,,\n")


def test_the_line_is_right_after_values_with_line_breaks() -> None:
    text = HEADER + 'u1,i1,17,view,,"a\nb\nc"\nu2,i2,never,view,,\n'
    assert "line 5, column TIMESTAMP" in reason(text)


def test_the_file_is_right_in_a_folder() -> None:
    assert "s3://data/log/1.csv, line 2" in reason(HEADER + ROW, HEADER + ROW.replace("17", "x"))


def test_the_line_is_right_far_down() -> None:
    text = HEADER + ROW * 60_000 + "u1,i1,x,view,,\n" + ROW * 10
    assert "line 60002, column TIMESTAMP" in reason(text)


def test_a_required_text_must_not_be_empty() -> None:
    said = reason(HEADER + ROW + ",i1,17,view,,\n")
    assert "line 3, column USER_ID: got nothing" in said


def test_a_required_number_must_not_be_empty() -> None:
    assert "column TIMESTAMP: got nothing" in reason(HEADER + "u1,i1,,view,,\n")


def test_a_row_with_too_few_values_is_named() -> None:
    assert "line 3, got 2 values, the header has 6 columns" in reason(HEADER + ROW + "u1,i1\n")


def test_an_empty_file_is_named() -> None:
    assert "s3://data/log/0.csv is empty: it has no header" in reason("")


def test_a_file_with_nothing_but_a_header_is_named() -> None:
    assert "s3://data/log/0.csv is empty: it has a header and no rows" in reason(HEADER)


def test_a_folder_without_files_is_named() -> None:
    assert "s3://data/none/ has no files" in reason(location="s3://data/none/")


def test_a_file_that_is_not_there_is_named() -> None:
    assert "s3://data/none.csv" in reason(location="s3://data/none.csv")


def test_a_location_that_is_no_bucket_is_named() -> None:
    assert "http://data/log is no S3 path" in reason(location="http://data/log")


def test_bytes_that_are_no_text_are_named() -> None:
    said = reason((HEADER + ROW).encode() + b"u\xff,i1,17,view,,\n")
    assert "s3://data/log/0.csv, line 3: got bytes that are no UTF-8" in said


def test_an_id_that_is_too_long_is_named() -> None:
    with pytest.raises(JobFailedError, match=r"column USER_ID.*at most 256 characters"):
        read(HEADER + ROW.replace("u1", "u" * 257), quotas=Quotas())


def test_an_impression_that_is_too_long_is_named() -> None:
    schema = AvroSchema.of(DatasetType.INTERACTIONS, [SchemaField.string("IMPRESSION")])
    text = f"USER_ID,ITEM_ID,TIMESTAMP,IMPRESSION\nu1,i1,17,{'|'.join(['item'] * 250)}\n"
    with pytest.raises(JobFailedError, match=r"column IMPRESSION.*at most 1000 characters"):
        read(text, schema=schema, quotas=Quotas())


@pytest.mark.parametrize("keyword", ["EVENT_VALUE", "USER_ID", "IMPRESSION"])
def test_a_keyword_in_the_data_is_named(keyword: str) -> None:
    said = reason(HEADER + ROW + ROW.replace("phone", keyword))
    assert f"line 3, column DEVICE: got {keyword!r}, expected a value" in said


def test_prose_that_is_too_long_is_cut_off() -> None:
    assert prose("word " * 5000) == ("word " * 4000)


def test_chinese_and_japanese_prose_is_cut_off_earlier() -> None:
    assert prose("\u732b" * 8000) == "\u732b" * 7000


def test_quotes_and_backslashes_may_be_escaped() -> None:
    assert prose(r"The \"best\" of C:\\x, \d and \\") == 'The "best" of C:\\x, \\d and \\'


def test_the_files_of_sub_folders_are_left_out() -> None:
    objects = MemoryObjects()
    objects.put("data", "log/1.csv", (HEADER + ROW).encode())
    objects.put("data", "log/old/2.csv", (HEADER + ROW).encode())
    (file,) = read_folder(objects, "s3://data/log/", most_bytes=None)
    assert file.path == "s3://data/log/1.csv"


def test_files_that_are_too_large_together_are_measured() -> None:
    size = len(HEADER + ROW)
    assert len(read(HEADER + ROW, HEADER + ROW, most_bytes=2 * size)) == 2
    with pytest.raises(JobFailedError, match=f"s3://data/log/ holds {2 * size} bytes"):
        read(HEADER + ROW, HEADER + ROW, most_bytes=2 * size - 1)


def test_a_file_that_is_too_large_is_measured() -> None:
    with pytest.raises(JobFailedError, match="at most 10 are allowed"):
        read(HEADER + ROW, location="s3://data/log/0.csv", most_bytes=10)


def prose(text: str) -> object:
    """What becomes of a text in a textual column."""
    schema = AvroSchema.of(DatasetType.ITEMS, [SchemaField.string("STORY", textual=True)])
    (row,) = read(f'ITEM_ID,STORY\ni1,"{text}"\n', schema=schema, quotas=Quotas()).rows()
    return row["STORY"]
