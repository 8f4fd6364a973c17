"""What items are like, by a table of DynamoDB."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import boto3
import pytest
from boto3.dynamodb.types import TypeSerializer
from botocore.model import Shape
from botocore.validate import ParamValidator
from hypothesis import given, settings
from hypothesis import strategies as st

from personalize_runtime.aws_client import AwsClient
from personalize_runtime.retries import Deadline
from recommend.item_table import ItemTable, Metadata
from tests.handlers.upstream import Answer, Call, Upstream, refused

DYNAMODB = boto3.client("dynamodb", region_name="us-east-1").meta.service_model
INPUT = cast("Shape", DYNAMODB.operation_model("BatchGetItem").input_shape)


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class Table:
    """The table `items`, which gives as many items in a call as it likes, and what reads it."""

    items: dict[str, dict[str, Any]] = field(default_factory=dict)
    most: int = 100
    error: Answer | Exception | None = None
    seconds_of_a_call: float = 0.01
    clock: Clock = field(default_factory=Clock)
    told: list[str] = field(default_factory=list)
    upstream: Upstream = field(default_factory=Upstream)

    def __post_init__(self) -> None:
        self.upstream.answer = self._answer

    def _answer(self, call: Call) -> Answer | Exception:
        assert call.headers["X-Amz-Target"] == "DynamoDB_20120810.BatchGetItem"
        assert call.headers["Content-Type"] == "application/x-amz-json-1.0"
        assert not ParamValidator().validate(call.body, INPUT).has_errors()
        self.clock.wait(self.seconds_of_a_call)
        if self.error is not None:
            return self.error
        ((name, asked),) = call.body["RequestItems"].items()
        ids = [key["ITEM_ID"]["S"] for key in asked["Keys"]]
        assert len(ids) == len(set(ids)) <= 100
        names = asked["ExpressionAttributeNames"]
        wanted = {names[place] for place in asked["ProjectionExpression"].split(",")}
        later = ids[self.most :]
        return Answer(
            {
                "Responses": {
                    name: [
                        {
                            attribute: value
                            for attribute, value in {
                                **self.items[item_id],
                                "ITEM_ID": {"S": item_id},
                            }.items()
                            if attribute in wanted
                        }
                        for item_id in ids[: self.most]
                        if item_id in self.items
                    ]
                },
                "UnprocessedKeys": {
                    name: {**asked, "Keys": [{"ITEM_ID": {"S": item_id}} for item_id in later]}
                }
                if later
                else {},
            }
        )

    @property
    def calls(self) -> list[Call]:
        return self.upstream.calls

    @property
    def sizes(self) -> list[int]:
        """How many items each call asked for."""
        return [len(call.body["RequestItems"]["items"]["Keys"]) for call in self.calls]

    def reader(self, **options: Any) -> ItemTable:
        client = AwsClient.of(
            "dynamodb",
            signing_name="dynamodb",
            connect_timeout=1,
            read_timeout=1,
            max_connections=1,
        )
        client.connections = self.upstream
        options = {"name": "items", "key": "ITEM_ID", "attributes": ["TITLE", "PRICE"], **options}
        return ItemTable(client, told=self.told.append, clock=self.clock, **options)

    def deadline(self, seconds: float = 1) -> Deadline:
        end = self.clock.now + seconds
        return Deadline(lambda: end - self.clock.now, reserve=0, call=0.05, pause=self.clock.wait)


def film(title: str, price: str = "1") -> dict[str, Any]:
    return {"TITLE": {"S": title}, "PRICE": {"N": price}, "SECRET": {"S": "margin"}}


@pytest.fixture
def table() -> Table:
    return Table({"1": film("Heat"), "2": film("Alien", "9.99"), "3": film("Solaris")})


def test_items_have_the_attributes_that_the_table_is_read_for(table: Table) -> None:
    found = table.reader().metadata(["1", "2"], None, table.deadline())

    assert found == Metadata(
        {"1": {"TITLE": "Heat", "PRICE": 1}, "2": {"TITLE": "Alien", "PRICE": 9.99}},
        is_complete=True,
    )


def test_only_what_is_asked_for_is_told(table: Table) -> None:
    found = table.reader().metadata(["1"], ["TITLE", "UNKNOWN"], table.deadline())

    assert found.items == {"1": {"TITLE": "Heat"}}


def test_the_id_is_told_only_where_it_is_an_attribute(table: Table) -> None:
    reader = table.reader(attributes=["TITLE", "ITEM_ID"])

    assert reader.metadata(["1"], None, table.deadline()).items == {
        "1": {"TITLE": "Heat", "ITEM_ID": "1"}
    }


def test_an_item_that_is_not_there_is_left_out(table: Table) -> None:
    found = table.reader().metadata(["1", "none"], ["TITLE"], table.deadline())

    assert found == Metadata({"1": {"TITLE": "Heat"}}, is_complete=True)


def test_nothing_is_asked_for_nothing(table: Table) -> None:
    assert table.reader().metadata([], None, table.deadline()) == Metadata({}, is_complete=True)
    assert table.calls == []


def test_an_item_is_read_once_though_it_is_asked_for_twice(table: Table) -> None:
    table.reader().metadata(["1", "2", "1", "2", "2"], None, table.deadline())

    assert table.sizes == [2]


def test_a_call_reads_a_hundred_items_at_most(table: Table) -> None:
    ids = [str(number) for number in range(250)]
    table.items = {item_id: film(item_id) for item_id in ids}

    found = table.reader().metadata(ids, ["TITLE"], table.deadline())

    assert table.sizes == [100, 100, 50]
    assert found.items == {item_id: {"TITLE": item_id} for item_id in ids}


def test_names_that_are_reserved_words_are_written_by_numbers(table: Table) -> None:
    table.items = {"1": {"name": {"S": "Heat"}, "a.b": {"S": "dot"}, "SIZE": {"N": "1"}}}

    found = table.reader(attributes=["name", "a.b", "SIZE"]).metadata(["1"], None, table.deadline())

    (call,) = table.calls
    assert call.body["RequestItems"]["items"]["ProjectionExpression"] == "#0,#1,#2,#3"
    assert found.items == {"1": {"name": "Heat", "a.b": "dot", "SIZE": 1}}


def test_a_table_may_be_named_by_its_arn(table: Table) -> None:
    arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/items"

    found = table.reader(name=arn).metadata(["1"], ["TITLE"], table.deadline())

    assert found.items == {"1": {"TITLE": "Heat"}}


# What the table leaves for later, and what cannot be read.


def test_what_the_table_leaves_for_later_is_asked_for_again(table: Table) -> None:
    table.most = 2

    found = table.reader().metadata(["1", "2", "3", "none"], ["TITLE"], table.deadline())

    assert table.sizes == [4, 2]
    assert found.is_complete
    assert found.items.keys() == {"1", "2", "3"}


def test_what_is_still_left_at_the_end_of_the_time_is_missing(table: Table) -> None:
    table.most = 0

    found = table.reader().metadata(["1", "2"], None, table.deadline(seconds=1))

    assert found == Metadata({}, is_complete=False)
    assert table.clock.now <= 1001
    assert len(table.calls) > 1


def test_what_was_given_before_the_end_of_the_time_is_told(table: Table) -> None:
    reader = table.reader()
    reader.metadata(["1"], None, table.deadline())
    table.most = 0

    found = reader.metadata(["1", "2"], ["TITLE"], table.deadline())

    assert found == Metadata({"1": {"TITLE": "Heat"}}, is_complete=False)


def test_nothing_is_asked_when_there_is_no_time(table: Table) -> None:
    found = table.reader().metadata(["1"], None, table.deadline(seconds=0))

    assert found == Metadata({}, is_complete=False)
    assert table.calls == []


ERRORS: Mapping[str, Answer | Exception] = {
    "ResourceNotFoundException": refused("ResourceNotFoundException"),
    "AccessDeniedException": refused("AccessDeniedException"),
    "ThrottlingException": refused("ThrottlingException"),
    "InternalServerError": refused("InternalServerError", 500),
    "TimeoutError": TimeoutError(),
    "ConnectionRefusedError": ConnectionRefusedError(),
    "UnreadableAnswerError": Answer(b"<html>"),
    "KeyError": Answer({"Responses": {"items": [{"TITLE": {"S": "Heat"}}]}}),
    "AttributeError": Answer({"Responses": {"items": [{"ITEM_ID": {"S": "1"}, "TITLE": "Heat"}]}}),
}


@pytest.mark.parametrize("error", ERRORS)
def test_a_table_that_cannot_be_read_leaves_answers_without_metadata(
    table: Table, error: str
) -> None:
    table.error = ERRORS[error]

    found = table.reader().metadata(["1", "2"], None, table.deadline())

    assert found == Metadata({}, is_complete=False)
    assert table.clock.now <= 1001
    assert table.told == [f"items cannot be read: {error}"]


def test_after_a_failure_the_next_hundred_are_not_asked_for(table: Table) -> None:
    table.error = refused("AccessDeniedException")

    table.reader().metadata([str(number) for number in range(500)], None, table.deadline())

    assert len(table.calls) == 1


def test_ids_that_no_table_has_do_not_fail_the_call(table: Table) -> None:
    ids = ["", "a" * 2049, "\ud800", "1"]

    found = table.reader().metadata(ids, ["TITLE"], table.deadline())

    assert table.sizes == [1]
    assert found == Metadata({"1": {"TITLE": "Heat"}}, is_complete=True)


# What is remembered.


def test_an_item_is_remembered(table: Table) -> None:
    reader = table.reader()
    for _ in range(3):
        found = reader.metadata(["1", "none"], ["TITLE"], table.deadline())

    assert table.sizes == [2]
    assert found == Metadata({"1": {"TITLE": "Heat"}}, is_complete=True)


def test_only_the_items_that_are_not_remembered_are_read(table: Table) -> None:
    reader = table.reader()
    reader.metadata(["1", "2"], None, table.deadline())
    reader.metadata(["1", "2", "3"], None, table.deadline())

    assert table.sizes == [2, 1]


def test_an_item_is_read_again_after_its_time(table: Table) -> None:
    reader = table.reader(seconds=60)
    reader.metadata(["1"], None, table.deadline())
    table.items = {"1": film("Heat II"), "none": film("Now it is")}
    table.clock.now += 61

    found = reader.metadata(["1", "none"], ["TITLE"], table.deadline())

    assert found.items == {"1": {"TITLE": "Heat II"}, "none": {"TITLE": "Now it is"}}


def test_an_item_that_is_too_old_will_do_while_the_table_cannot_be_read(table: Table) -> None:
    reader = table.reader(seconds=60)
    reader.metadata(["1"], None, table.deadline())
    table.error = ConnectionRefusedError()
    table.clock.now += 61

    found = reader.metadata(["1", "2"], ["TITLE"], table.deadline())

    assert found == Metadata({"1": {"TITLE": "Heat"}}, is_complete=False)


def test_what_is_remembered_is_bounded(table: Table) -> None:
    reader = table.reader(most=2)
    for item_id in ("1", "2", "3", "1"):
        reader.metadata([item_id], None, table.deadline())

    assert table.sizes == [1, 1, 1, 1]


def test_whoever_is_told_may_change_what_he_was_told(table: Table) -> None:
    reader = table.reader()
    reader.metadata(["1"], None, table.deadline()).items["1"].clear()

    assert reader.metadata(["1"], ["TITLE"], table.deadline()).items == {"1": {"TITLE": "Heat"}}


# The values.


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ({"S": ""}, ""),
        ({"N": "-12"}, -12),
        ({"N": "12345678901234567890123456789012345678"}, 12345678901234567890123456789012345678),
        ({"N": "0.25"}, 0.25),
        ({"N": "1E+20"}, 1e20),
        ({"BOOL": False}, False),
        ({"NULL": True}, None),
        ({"SS": ["drama", "crime"]}, ["crime", "drama"]),
        ({"NS": ["10", "9", "0.5"]}, [0.5, 9, 10]),
        ({"L": [{"S": "a"}, {"B": "AA=="}, {"N": "1"}]}, ["a", 1]),
        ({"M": {"x": {"L": [{"M": {"y": {"NULL": True}}}]}}}, {"x": [{"y": None}]}),
        ({"M": {"x": {"BS": ["AA=="]}, "z": {"S": "s"}}}, {"z": "s"}),
    ],
)
def test_a_value_is_told_as_json_has_it(table: Table, typed: dict[str, Any], plain: object) -> None:
    table.items = {"1": {"TITLE": typed}}

    found = table.reader().metadata(["1"], None, table.deadline())

    assert found.items == {"1": {"TITLE": plain}}


@pytest.mark.parametrize("typed", [{"B": "AA=="}, {"BS": ["AA=="]}, {"NEW": "type"}])
def test_a_value_that_json_does_not_know_is_left_out(table: Table, typed: dict[str, Any]) -> None:
    table.items = {"1": {"TITLE": typed, "PRICE": {"N": "1"}}}

    found = table.reader().metadata(["1"], None, table.deadline())

    assert found.items == {"1": {"PRICE": 1}}


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(value=values)
def test_what_boto3_writes_is_read_as_it_was(value: object) -> None:
    table = Table({"1": {"TITLE": TypeSerializer().serialize(value)}})

    found = table.reader().metadata(["1"], None, table.deadline())

    assert found.items == {"1": {"TITLE": value}}


@settings(deadline=None)
@given(
    asked=st.lists(st.integers(0, 300).map(str), max_size=400),
    there=st.sets(st.integers(0, 300).map(str), max_size=200),
    most=st.integers(1, 100),
)
def test_whatever_the_table_gives_at_once_all_items_are_found_in_time(
    asked: list[str], there: set[str], most: int
) -> None:
    table = Table({item_id: film(item_id) for item_id in there}, most=most)

    found = table.reader().metadata(asked, ["TITLE"], table.deadline(seconds=1e6))

    wanted = {item_id: {"TITLE": item_id} for item_id in asked if item_id in there}
    assert found == Metadata(wanted, is_complete=True)


# The environment.


def read(settings: object) -> ItemTable:
    client = AwsClient("https://dynamodb", "dynamodb", Upstream())
    return ItemTable.read(json.dumps(settings), client, told=print)


def test_the_environment_names_the_table() -> None:
    table = read({"name": "items", "key": "ID", "attributes": ["B", "A", "B"], "seconds": 5})

    assert table.attributes == ("B", "A")


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ([], "must be an object of attributes, key, most, name, seconds"),
        ({"name": "items", "key": "ID", "attributes": ["A"], "ttl": 1}, "must be an object of"),
        ({"name": "items"}, "must have attributes, key"),
        ({"name": "items", "key": "ID", "attributes": []}, r"got 'items', 'ID' and \[\]"),
        ({"name": "", "key": "ID", "attributes": ["A"]}, "got '', 'ID'"),
        ({"name": "items", "key": "ID", "attributes": ["A"], "seconds": -1}, "seconds must be 0"),
    ],
)
def test_an_environment_that_names_no_table_is_refused(settings: object, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        read(settings)
