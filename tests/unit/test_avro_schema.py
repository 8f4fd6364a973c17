"""The rules of schemas."""

import json

import pytest

from cdk_personalize.avro_schema import (
    AvroSchema,
    DatasetType,
    Domain,
    SchemaField,
)
from tests.refusals import whole

INTERACTIONS, ITEMS, USERS = DatasetType.INTERACTIONS, DatasetType.ITEMS, DatasetType.USERS
KINDS = [
    *((None, kind) for kind in DatasetType),
    *((domain, kind) for domain in Domain for kind in (INTERACTIONS, ITEMS, USERS)),
]


def items(*fields: SchemaField, domain: Domain | None = None) -> AvroSchema:
    return AvroSchema(ITEMS, (SchemaField.string("ITEM_ID"), *fields), domain)


def interactions(*fields: SchemaField) -> AvroSchema:
    return AvroSchema.of(INTERACTIONS, fields)


# Types


@pytest.mark.parametrize(
    "text", ["Action_Interactions", "action_interactions", "ActionInteractions"]
)
def test_a_dataset_type_is_read_in_any_case(text: str) -> None:
    assert DatasetType.of(text) is DatasetType.ACTION_INTERACTIONS


def test_a_dataset_type_that_is_none_is_refused() -> None:
    with pytest.raises(
        ValueError,
        match=whole(
            "a dataset type must be one of Interactions, Items, Users, Actions,"
            " Action_Interactions, got 'Views'"
        ),
    ):
        DatasetType.of("Views")


def test_action_interactions_have_a_name_of_their_own_in_records_and_in_arns() -> None:
    kind = DatasetType.ACTION_INTERACTIONS

    assert (kind.record_name, kind.arn_segment) == ("ActionInteractions", "ACTION_INTERACTIONS")


# Writing and reading


def test_writes_the_envelope_of_the_guide() -> None:
    record = json.loads(AvroSchema.of(ITEMS).to_json())

    assert {key: record[key] for key in ("type", "name", "namespace", "version")} == {
        "type": "record",
        "name": "Items",
        "namespace": "com.amazonaws.personalize.schema",
        "version": "1.0",
    }


def test_writes_null_as_a_union_and_only_the_attributes_that_are_on() -> None:
    field = SchemaField.string("GENRES", nullable=True, categorical=True)

    assert field.as_avro() == {"name": "GENRES", "type": ["null", "string"], "categorical": True}


@pytest.mark.parametrize(("domain", "kind"), KINDS)
def test_reads_what_it_wrote(domain: Domain | None, kind: DatasetType) -> None:
    schema = AvroSchema.of(kind, domain=domain)

    assert AvroSchema.parse(schema.to_json(), domain) == schema


@pytest.mark.parametrize("union", [["null", "string"], ["string", "null"]])
def test_reads_null_on_either_side(union: list[str]) -> None:
    assert SchemaField.from_avro({"name": "A", "type": union}).nullable


def test_reads_a_union_of_one() -> None:
    assert SchemaField.from_avro({"name": "A", "type": ["string"]}) == SchemaField.string("A")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "{",
            "the schema is no JSON: Expecting property name enclosed in double quotes: line 1"
            " column 2 (char 1)",
        ),
        ("[]", 'the schema must be a JSON object with "type": "record"'),
        ('{"type": "record", "name": "Items"}', 'the schema must have a list of "fields"'),
        (
            '{"type": "record", "name": "Views", "fields": []}',
            "the name of the record must be one of Interactions, Items, Users, Actions,"
            " ActionInteractions, got Views",
        ),
    ],
)
def test_refuses_what_is_no_schema(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=whole(message)):
        AvroSchema.parse(text)


NO_TYPE = (
    "the type of TAGS must be one of string, long, int, float, double, boolean, alone or in a union"
    " with null, got "
)


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ('"TAGS"', 'a field must be an object with a name, got "TAGS"'),
        ('{"name": "TAGS", "type": {"type": "array"}}', NO_TYPE + '{"type": "array"}'),
        ('{"name": "TAGS", "type": ["string", "long"]}', NO_TYPE + '["string", "long"]'),
        ('{"name": "TAGS", "type": "bytes"}', NO_TYPE + '"bytes"'),
        (
            '{"name": "TAGS", "type": "string", "categorical": "yes"}',
            "categorical of TAGS must be true or false, got 'yes'",
        ),
    ],
)
def test_refuses_a_field_that_personalize_does_not_know(field: str, message: str) -> None:
    text = AvroSchema.of(ITEMS).to_json().replace('"fields":[', f'"fields":[{field},')

    with pytest.raises(ValueError, match=whole(message)):
        AvroSchema.parse(text)


def test_tells_everything_that_is_wrong_at_once() -> None:
    record = {
        "type": "record",
        "name": "Interactions",
        "fields": [
            {"name": "USER_ID", "type": "array"},
            {"name": "EVENT_VALUE", "type": "string"},
            {"name": "NOTE", "type": "string", "textual": True},
        ],
    }

    with pytest.raises(ValueError) as refusal:  # noqa: PT011 - the whole message is looked at
        AvroSchema.parse(json.dumps(record))

    assert str(refusal.value) == (
        "the type of USER_ID must be one of string, long, int, float, double, boolean, "
        'alone or in a union with null, got "array"; '
        "Interactions needs the column ITEM_ID (string); "
        "Interactions needs the column TIMESTAMP (long); "
        "EVENT_VALUE must be of type float, got string; "
        "only Items has textual columns, got NOTE"
    )


# Defaults


@pytest.mark.parametrize(("domain", "kind"), KINDS)
def test_the_default_schema_of_every_kind_is_fine(domain: Domain | None, kind: DatasetType) -> None:
    assert AvroSchema.of(kind, domain=domain).findings() == []


def test_interactions_have_the_type_and_value_of_events_by_default() -> None:
    assert AvroSchema.of(INTERACTIONS).columns == (
        "USER_ID",
        "ITEM_ID",
        "TIMESTAMP",
        "EVENT_TYPE",
        "EVENT_VALUE",
    )


def test_required_columns_are_put_first_when_they_are_not_given() -> None:
    schema = interactions(SchemaField.string("DEVICE", categorical=True))

    assert schema.columns == ("USER_ID", "ITEM_ID", "TIMESTAMP", "DEVICE")


def test_required_columns_stay_where_they_are_given() -> None:
    given = [SchemaField.long("TIMESTAMP"), SchemaField.string("ITEM_ID")]

    assert AvroSchema.of(INTERACTIONS, given).columns == ("USER_ID", "TIMESTAMP", "ITEM_ID")


def test_a_domain_needs_more_columns() -> None:
    assert AvroSchema.of(ITEMS, domain=Domain.ECOMMERCE).required == (
        "ITEM_ID",
        "PRICE",
        "CATEGORY_L1",
    )


def test_metadata_are_the_columns_that_are_neither_required_nor_reserved() -> None:
    metadata = [field.name for field in AvroSchema.of(ITEMS).metadata]

    assert metadata == ["PRICE", "CATEGORY_L1", "PRODUCT_DESCRIPTION"]


# Findings


@pytest.mark.parametrize(
    ("schema", "finding"),
    [
        (
            AvroSchema(USERS, (SchemaField.long("AGE"),)),
            "Users needs the column USER_ID (string)",
        ),
        (
            items(SchemaField.string("CATEGORY_L1", categorical=True), domain=Domain.ECOMMERCE),
            "Items needs the column PRICE (float)",
        ),
        (
            interactions(SchemaField.string("TIMESTAMP")),
            "TIMESTAMP must be of type long, got string",
        ),
        (
            interactions(SchemaField.double("EVENT_VALUE")),
            "EVENT_VALUE must be of type float, got double",
        ),
        (
            interactions(SchemaField.string("USER_ID", nullable=True)),
            "USER_ID is required and cannot be null",
        ),
        (
            interactions(SchemaField.string("EVENT_TYPE", categorical=True)),
            "EVENT_TYPE must not be categorical",
        ),
        (
            items(
                SchemaField.float("PRICE"),
                SchemaField.string("CATEGORY_L1"),
                domain=Domain.ECOMMERCE,
            ),
            "CATEGORY_L1 must be categorical",
        ),
        (
            items(
                SchemaField.float("PRICE"),
                SchemaField.string("CATEGORY_L1", categorical=True),
                SchemaField.string("PRODUCT_DESCRIPTION"),
                domain=Domain.ECOMMERCE,
            ),
            "PRODUCT_DESCRIPTION must be textual",
        ),
        (
            items(SchemaField.long("AGE"), SchemaField.string("A B", categorical=True)),
            "a column name is made of letters, digits and underscores, got 'A B'",
        ),
        (
            items(SchemaField.long("AGE"), SchemaField.long("AGE")),
            "the column AGE is there 2 times",
        ),
        (
            items(SchemaField.long("GENRES_FIELD_1"), SchemaField.long("GENRESFIELD1")),
            "the columns GENRES_FIELD_1 and GENRESFIELD1 differ by underscores alone",
        ),
        (
            items(SchemaField("PRICE", "float", categorical=True)),
            "PRICE is categorical and must be of type string, got float",
        ),
        (
            items(SchemaField.string("NOTE", categorical=True, textual=True)),
            "NOTE cannot be both categorical and textual",
        ),
        (
            items(SchemaField.string("A", textual=True), SchemaField.string("B", textual=True)),
            "Items has at most one textual column, got A, B",
        ),
        (
            AvroSchema.of(
                USERS, [SchemaField.long("AGE"), SchemaField.string("BIO", textual=True)]
            ),
            "only Items has textual columns, got BIO",
        ),
        (
            AvroSchema.of(USERS, [SchemaField.long("A"), SchemaField.string("B", item_name=True)]),
            "only Items has itemName columns, got B",
        ),
        (
            items(SchemaField.string("COLOUR"), SchemaField.boolean("NEW")),
            "Items needs at least one metadata column: categorical, textual, or a number",
        ),
        (
            items(SchemaField.long("CREATION_TIMESTAMP")),
            "Items needs at least one metadata column: categorical, textual, or a number",
        ),
        (
            AvroSchema.of(USERS, [SchemaField.string("NAME")]),
            "Users needs at least one metadata column: categorical, or a number",
        ),
        (
            interactions(*(SchemaField.long(f"METADATA{n}") for n in range(6))),
            "Interactions has at most 5 metadata columns, got 6",
        ),
        (
            AvroSchema(DatasetType.ACTIONS, (), Domain.ECOMMERCE),
            "the domain ECOMMERCE has no data set of type Actions",
        ),
    ],
)
def test_finds_the_rule_that_is_broken(schema: AvroSchema, finding: str) -> None:
    assert schema.findings() == [finding]


def test_the_type_of_events_does_not_count_as_metadata() -> None:
    metadata = (SchemaField.long(f"METADATA{n}") for n in range(5))

    assert interactions(SchemaField.string("EVENT_TYPE"), *metadata).findings() == []


# Replacing a schema


def test_a_schema_of_items_may_gain_a_nullable_column() -> None:
    old = AvroSchema.of(ITEMS)
    new = AvroSchema(ITEMS, (*old.fields, SchemaField.float("RATING", nullable=True)))

    assert old.findings_of_update(new) == []


def test_a_new_column_that_is_not_nullable_is_refused() -> None:
    old = AvroSchema.of(ITEMS)
    new = AvroSchema(ITEMS, (*old.fields, SchemaField.float("RATING")))

    assert old.findings_of_update(new) == ["the new column RATING must be nullable"]


def test_an_old_column_that_changes_or_goes_is_refused() -> None:
    old = items(SchemaField.float("PRICE"), SchemaField.long("SIZE"))
    new = items(SchemaField.double("PRICE"))

    assert old.findings_of_update(new) == [
        "the column PRICE must stay as it is",
        "the column SIZE must stay as it is",
    ]


def test_the_schema_of_interactions_cannot_be_replaced() -> None:
    schema = AvroSchema.of(INTERACTIONS)

    assert schema.findings_of_update(schema) == [
        "the schema of a data set of type Interactions cannot be replaced"
    ]
