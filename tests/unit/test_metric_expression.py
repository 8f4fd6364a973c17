"""The metrics of a metric attribution."""

import pytest

from cdk_personalize.avro_schema import AvroSchema, DatasetType, SchemaField
from cdk_personalize.metric_expression import (
    Metric,
    MetricExpression,
    findings,
    findings_of_columns,
    findings_of_names,
    findings_of_number,
    parse,
)

INTERACTIONS = AvroSchema.of(
    DatasetType.INTERACTIONS,
    (SchemaField.string("EVENT_TYPE"), SchemaField.float("EVENT_VALUE", nullable=True)),
)
ITEMS = AvroSchema.of(
    DatasetType.ITEMS, (SchemaField.float("PRICE"), SchemaField.string("GENRE", categorical=True))
)
SCHEMAS = {DatasetType.INTERACTIONS: INTERACTIONS, DatasetType.ITEMS: ITEMS}


def metric(expression: str | None = "SAMPLECOUNT()", **others: str | None) -> Metric:
    return {"metricName": "Bought", "eventType": "Purchase", "expression": expression, **others}


@pytest.mark.parametrize(
    ("text", "summed"),
    [
        ("SAMPLECOUNT()", None),
        ("SUM(Interactions.EVENT_VALUE)", (DatasetType.INTERACTIONS, "EVENT_VALUE")),
        ("SUM(Items.PRICE)", (DatasetType.ITEMS, "PRICE")),
    ],
)
def test_reads_and_writes_an_expression(text: str, summed: tuple[DatasetType, str] | None) -> None:
    assert parse(text) == MetricExpression(summed)
    assert str(parse(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "COUNT()",
        "SAMPLECOUNT",
        "SAMPLECOUNT(Items.PRICE)",
        "SUM()",
        "SUM(PRICE)",
        "SUM(Items.)",
        "SUM(Users.AGE)",
        "SUM(Actions.VALUE)",
        "SUM(Action_Interactions.VALUE)",
        "SUM(Items.PRICE) + 1",
        "AVG(Items.PRICE)",
    ],
)
def test_refuses_what_is_no_expression(text: str) -> None:
    with pytest.raises(ValueError, match="an expression must be") as refused:
        parse(text)

    assert str(refused.value) == (
        "an expression must be SUM(Interactions.COLUMN), SUM(Items.COLUMN) or SAMPLECOUNT(),"
        f" got {text}"
    )


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (metric(metricName=""), "metricName must have 1 to 256 characters, got 0"),
        (metric(metricName="x" * 257), "metricName must have 1 to 256 characters, got 257"),
        (metric(eventType="x" * 257), "eventType must have 1 to 256 characters, got 257"),
        (
            metric(f"SUM(Items.{'X' * 250})"),
            "an expression has at most 256 characters, got 261",
        ),
    ],
)
def test_a_metric_has_limits(broken: Metric, message: str) -> None:
    assert findings(broken) == [message]


def test_says_all_that_is_wrong_with_a_metric() -> None:
    assert len(findings(metric("MAX()", metricName="", eventType=""))) == 3


def test_what_is_not_known_is_not_checked() -> None:
    unknown = metric(None, metricName=None, eventType=None)

    assert findings(unknown) == []
    assert findings_of_names([unknown, unknown]) == []
    assert findings_of_columns([unknown], SCHEMAS, complete=True) == []


def test_names_are_different_whatever_their_case() -> None:
    metrics = [metric(), metric(metricName="BOUGHT"), metric(metricName="Viewed")]

    assert findings_of_names(metrics) == [
        "the metrics of a metric attribution have different names, got BOUGHT more than once"
    ]


@pytest.mark.parametrize(("number", "most"), [(10, 10), (11, None)])
def test_there_may_be_as_many_as_are_allowed(number: int, most: int | None) -> None:
    assert findings_of_number([metric()] * number, most) == []


def test_there_may_not_be_more() -> None:
    assert findings_of_number([metric()] * 11) == [
        "a metric attribution has at most 10 metrics, got 11"
    ]


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        (
            "SUM(Items.WEIGHT)",
            "the schema of Items has no column WEIGHT, only ITEM_ID, PRICE, GENRE",
        ),
        ("SUM(Items.GENRE)", "SUM adds up numbers, got Items.GENRE of type string"),
        (
            "SUM(Interactions.EVENT_TYPE)",
            "SUM adds up numbers, got Interactions.EVENT_TYPE of type string",
        ),
    ],
)
def test_adds_up_columns_of_numbers(expression: str, message: str) -> None:
    assert findings_of_columns([metric(expression)], SCHEMAS) == [message]


@pytest.mark.parametrize("expression", ["SUM(Items.PRICE)", "SUM(Interactions.EVENT_VALUE)"])
def test_accepts_columns_of_numbers(expression: str) -> None:
    assert findings_of_columns([metric(expression)], SCHEMAS, complete=True) == []


def test_a_dataset_that_the_group_lacks_is_told_if_all_are_known() -> None:
    schemas = {DatasetType.INTERACTIONS: INTERACTIONS}

    assert findings_of_columns([metric("SUM(Items.PRICE)")], schemas) == []
    assert findings_of_columns([metric("SUM(Items.PRICE)")], schemas, complete=True) == [
        "the dataset group has no dataset Items, got SUM(Items.PRICE)"
    ]


NO_EVENT_TYPE = "a metric attribution needs a dataset Interactions with the column EVENT_TYPE"


def test_needs_types_of_events() -> None:
    untyped = AvroSchema.of(DatasetType.INTERACTIONS, ())

    found = findings_of_columns([metric()], {DatasetType.INTERACTIONS: untyped})

    assert found == [NO_EVENT_TYPE]


def test_needs_interactions() -> None:
    assert findings_of_columns([metric()], {}) == []
    assert findings_of_columns([metric()], {}, complete=True) == [NO_EVENT_TYPE]
