"""Rows of a dataset written as CSV files, which can be imported again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice

from cdk_personalize.avro_schema import AvroSchema, SchemaField
from personalize_emulator.bulk.csv_format import write_rows

_ROWS_OF_A_FILE = 1_000_000


def write_csv(
    schema: AvroSchema,
    rows: Iterable[Mapping[str, object]],
    *,
    rows_of_a_file: int = _ROWS_OF_A_FILE,
) -> Iterator[bytes]:
    """Yield files with the columns of a schema, each with a header.

    Of rows that are alike in every column there is one, as the developer guide's page export-data
    says. A dataset without rows makes one file with nothing but the header.

    Args:
        schema: The schema of the dataset.
        rows: The rows; a column that one lacks is null, one that the schema lacks is left out.
        rows_of_a_file: The most rows of one file.
    """
    different = dict.fromkeys(
        tuple(_text(field, row.get(field.name)) for field in schema.fields) for row in rows
    )
    waiting = iter(different)
    part = list(islice(waiting, rows_of_a_file))
    while True:
        yield "".join(write_rows(chain([schema.columns], part))).encode()
        part = list(islice(waiting, rows_of_a_file))
        if not part:
            return


def _text(field: SchemaField, value: object) -> str:
    """Return a value as the import reads it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        # A column of whole numbers that may be null is kept as one of floats.
        return str(int(value)) if field.type in {"int", "long"} else repr(float(value))
    return str(value)
