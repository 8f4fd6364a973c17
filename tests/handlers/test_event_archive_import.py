"""Whatever comes, an import takes the files that are made of it, and reads what was told."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from cdk_personalize.avro_schema import AvroSchema, DatasetType, SchemaField
from event_archive.conversion import Conversion
from event_archive.csv_tables import Table
from personalize_emulator.bulk.csv_import import read_csv
from personalize_emulator.bulk.files import BulkFile
from personalize_emulator.quotas import Quotas

DAY = "2026-11-22"
INTERACTIONS = AvroSchema.of(
    DatasetType.INTERACTIONS,
    [
        SchemaField.string("EVENT_TYPE"),
        SchemaField.float("EVENT_VALUE", nullable=True),
        SchemaField.string("IMPRESSION", nullable=True),
        SchemaField.string("DEVICE", nullable=True, categorical=True),
    ],
)
ITEMS = AvroSchema.of(
    DatasetType.ITEMS,
    [
        SchemaField.float("PRICE"),
        SchemaField.int("STOCK", nullable=True),
        SchemaField.string("COLOUR", categorical=True),
        SchemaField.boolean("FRAGILE", nullable=True),
        SchemaField.string("STORY", nullable=True, textual=True),
    ],
)


def tables(schema: AvroSchema, folder: str) -> dict[str, Table]:
    columns = ",".join(
        f"{each.name}:{'prose' if each.textual else each.type}{'?' if each.nullable else ''}"
        for each in schema.fields
    )
    written = {"columns": columns, "keywords": ",".join(schema.documented)}
    return Table.all_of(json.dumps({folder: written}))


def imported(
    records: list[dict[str, Any]], schema: AvroSchema, folder: str
) -> tuple[list[dict[str, object]], Conversion]:
    """Return what an import reads of the files that are made of some records."""
    known = tables(schema, folder)
    data = "\n".join(json.dumps(record) for record in records).encode()
    conversion = Conversion.of(data, known, day=DAY)
    files = [BulkFile(place.day, place.day, body) for place, body in conversion.files(known)]
    return list(read_csv(files, schema, Quotas()).rows()) if files else [], conversion


TEXT = st.text(st.characters(codec="utf-8"), max_size=40)
# What breaks the lines and the cells of CSV, and what is a keyword.
TRICKY = st.one_of(
    TEXT, st.text('",\\\r\n\0 a', max_size=12), st.sampled_from(["EVENT_VALUE", "PRICE"])
)
ANY = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), TRICKY, st.lists(TEXT)
)


@given(
    st.lists(
        st.fixed_dictionaries(
            {"sessionId": st.just("s"), "eventType": TRICKY, "sentAt": st.integers(1, 10**10)},
            optional={
                "userId": TRICKY,
                "itemId": TRICKY,
                "eventValue": ANY,
                "impression": st.lists(TRICKY, max_size=3),
                "properties": st.dictionaries(st.sampled_from(["device", "eventValue"]), ANY),
            },
        ),
        max_size=5,
    )
)
@settings(max_examples=200, deadline=None)
def test_an_import_takes_every_row_of_interactions(records: list[dict[str, Any]]) -> None:
    found, conversion = imported(records, INTERACTIONS, "interactions")

    assert len(found) == conversion.row_count
    assert conversion.row_count + conversion.left_out.total() + conversion.unreadable == len(
        records
    )


@given(
    st.lists(
        st.fixed_dictionaries(
            {"kind": st.just("item"), "itemId": TRICKY},
            optional={
                "properties": st.dictionaries(
                    st.sampled_from(["price", "stock", "colour", "fragile", "story"]), ANY
                )
            },
        ),
        max_size=5,
    )
)
@settings(max_examples=200, deadline=None)
def test_an_import_takes_every_row_of_items(records: list[dict[str, Any]]) -> None:
    found, conversion = imported(records, ITEMS, "items")

    assert len(found) == conversion.row_count


@given(TEXT.filter(bool), TEXT, st.floats(allow_nan=False, allow_infinity=False))
@settings(max_examples=200, deadline=None)
def test_an_import_reads_what_was_told(item_id: str, story: str, price: float) -> None:
    record = {
        "kind": "item",
        "itemId": item_id,
        "properties": {"price": price, "colour": "red", "story": story},
    }

    (found,), _ = imported([record], ITEMS, "items")

    assert found["ITEM_ID"] == on_one_line(item_id)
    assert found.get("STORY", "") == on_one_line(story)
    assert found["PRICE"] == price


def on_one_line(text: str) -> str:
    return text.replace("\r", " ").replace("\n", " ").replace("\0", " ")
