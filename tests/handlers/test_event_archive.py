"""The function that makes CSV files to import of the raw records in the archive."""

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import unquote, urlsplit

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import ClientError

from event_archive.handler import handler, s3
from event_ingest.dead_letters import DeadLetter
from personalize_runtime.retries import GivenUpError
from personalize_runtime.stream import Position, StreamRecord
from tests.handlers.conftest import Context
from tests.handlers.upstream import Answer, Call, Upstream, refused

RAW = "archive/raw/2026/11/22/shop-1-2026-11-22-23-59-30-1f"
SENT_AT = 1_795_300_000  # 2026-11-21T22:26:40Z
VIEW = {
    "userId": "ann",
    "sessionId": "s1",
    "eventType": "view",
    "itemId": "tea",
    "sentAt": SENT_AT,
}
HEADER = "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,EVENT_VALUE,IMPRESSION,RECOMMENDATION_ID,DEVICE"
VIEWS = "archive/interactions/day=2026-11-21/2026-11-21-shop-1-2026-11-22-23-59-30-1f.csv"
ITEMS = "archive/items/day=2026-11-22/2026-11-22-shop-1-2026-11-22-23-59-30-1f.csv"


@dataclass
class Bucket:
    """A bucket that answers as Amazon S3 does."""

    objects: dict[str, bytes] = field(default_factory=dict)
    mood: list[Answer] = field(default_factory=list)

    def answer(self, call: Call) -> Answer:
        if self.mood:
            return self.mood.pop(0)
        assert urlsplit(call.url).netloc == "s3.us-east-1.amazonaws.com"
        key = unquote(urlsplit(call.url).path).removeprefix("/data/")
        if call.method == "PUT":
            self.objects[key] = call.content
            return Answer(b"")
        return Answer(self.objects[key]) if key in self.objects else refused("NoSuchKey", 404)

    @property
    def files(self) -> dict[str, list[str]]:
        """The lines of the files, less their raw object."""
        return {
            key: content.decode().splitlines()
            for key, content in self.objects.items()
            if not key.startswith("archive/raw/")
        }


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    made = Bucket()
    with Upstream(made.answer).behind(s3):
        yield made


def lines(*records: bytes | dict[str, Any]) -> bytes:
    """Return records as Firehose writes them."""
    return b"".join(
        (each if isinstance(each, bytes) else json.dumps(each).encode()) + b"\n" for each in records
    )


def invoke(key: str = RAW) -> None:
    event = {
        "source": "aws.s3",
        "detail-type": "Object Created",
        "time": "2026-11-23T00:00:01Z",
        "detail": {"bucket": {"name": "data"}, "object": {"key": key}},
    }
    handler(event, cast("LambdaContext", Context(300)))


def archived(bucket: Bucket, *records: bytes | dict[str, Any]) -> dict[str, list[str]]:
    """Return the files that are made of some records."""
    bucket.objects[RAW] = lines(*records)
    invoke()
    return bucket.files


def rows(bucket: Bucket, *records: bytes | dict[str, Any]) -> list[str]:
    """Return the rows that are made of some records, whatever the file."""
    return [row for _, *found in archived(bucket, *records).values() for row in found]


def metric(captured: str, name: str) -> float:
    """Return a metric that a function has told of."""
    (value,) = json.loads(captured.splitlines()[-1])[name]
    return cast("float", value)


def item(item_id: str, **properties: object) -> dict[str, Any]:
    return {"kind": "item", "itemId": item_id, "properties": properties}


def test_an_interaction_is_a_row_of_the_day_on_which_it_happened(bucket: Bucket) -> None:
    assert archived(bucket, VIEW) == {VIEWS: [HEADER, f'"ann","tea",{SENT_AT},"view",,,,']}


def test_all_that_an_interaction_tells_has_its_column(bucket: Bucket) -> None:
    view = VIEW | {
        "eventValue": 2,
        "impression": ["tea", "milk"],
        "recommendationId": "RID-1",
        "properties": {"device": "phone"},
    }

    assert rows(bucket, view) == [
        f'"ann","tea",{SENT_AT},"view",2.0,"tea|milk","RID-1","phone"',
    ]


def test_what_an_event_tells_among_its_properties_counts_too(bucket: Bucket) -> None:
    view = {name: value for name, value in VIEW.items() if name != "itemId"}

    assert rows(bucket, view | {"properties": {"itemId": "milk", "eventValue": 3}}) == [
        f'"ann","milk",{SENT_AT},"view",3.0,,,',
    ]


def test_events_of_two_days_are_two_files_with_names_of_their_own(bucket: Bucket) -> None:
    files = archived(bucket, VIEW, VIEW | {"sentAt": "2026-11-22T00:00:00Z"})

    assert [(key, len(rows)) for key, rows in files.items()] == [
        (VIEWS, 2),
        (VIEWS.replace("2026-11-21", "2026-11-22"), 2),
    ]
    assert len({key.rpartition("/")[2] for key in files}) == 2


def test_an_item_is_a_row_of_the_day_on_which_it_came(bucket: Bucket) -> None:
    chair = item(
        "chair",
        price=9,
        stock=3,
        weight=1.5,
        fragile=False,
        creationTimestamp=SENT_AT,
        story="Four legs.",
    )

    assert archived(bucket, chair) == {
        ITEMS: [
            "ITEM_ID,PRICE,STOCK,WEIGHT,FRAGILE,CREATION_TIMESTAMP,STORY",
            f'"chair",9.0,3,1.5,false,{SENT_AT},"Four legs."',
        ]
    }


def test_what_is_not_told_is_null(bucket: Bucket) -> None:
    assert rows(bucket, item("chair", price=9, story=None)) == ['"chair",9.0,,,,,']


def test_users_actions_and_action_interactions_have_files_of_their_own(bucket: Bucket) -> None:
    files = archived(
        bucket,
        {"kind": "user", "userId": "ann", "properties": {"planL1": "gold"}},
        {"kind": "action", "actionId": "letter", "properties": {"value": 7}},
        {
            "kind": "actionInteraction",
            "actionId": "letter",
            "userId": "ann",
            "sessionId": "s1",
            "eventType": "Not Taken",
            "sentAt": SENT_AT,
        },
    )

    assert {key.split("/")[1]: rows for key, rows in files.items()} == {
        "users": ["USER_ID,PLAN_L1", '"ann","gold"'],
        "actions": ["ACTION_ID,VALUE", '"letter",7'],
        "action_interactions": [
            "USER_ID,ACTION_ID,EVENT_TYPE,TIMESTAMP",
            f'"ann","letter","NOT_TAKEN",{SENT_AT}',
        ],
    }


def test_reads_the_forms_that_the_stream_takes(bucket: Bucket) -> None:
    event = {
        "id": "1",
        "detail-type": "view",
        "time": "2026-11-21T22:26:40Z",
        "detail": {"userId": "ann", "sessionId": "s1", "itemId": "tea"},
    }
    track = {
        "type": "track",
        "messageId": "m1",
        "event": "view",
        "userId": "ann",
        "timestamp": "2026-11-21T22:26:40Z",
        "properties": {"products": [{"sku": "tea"}, {"sku": "milk"}]},
    }

    assert rows(bucket, event, track) == [
        f'"ann","tea",{SENT_AT},"view",,,,',
        f'"ann","tea",{SENT_AT},"view",,,,',
        f'"ann","milk",{SENT_AT},"view",,,,',
    ]


def test_reads_a_record_that_was_dead_lettered_and_put_on_the_stream_again(
    bucket: Bucket,
) -> None:
    first = StreamRecord(json.dumps(VIEW).encode(), Position("stream", "shard", "1"), "1")
    letter = DeadLetter(first, "there was no tracker").body().encode()

    assert rows(bucket, letter) == [f'"ann","tea",{SENT_AT},"view",,,,']


def test_a_record_may_have_line_breaks_of_its_own(bucket: Bucket) -> None:
    record = json.dumps(VIEW, indent=2).encode()

    assert len(rows(bucket, record, VIEW, record)) == 3


def test_quotes_and_backslashes_are_escaped_and_line_breaks_are_spaces(bucket: Bucket) -> None:
    text = 'a "b", \\c\r\nd\x00e'

    assert rows(bucket, item("chair", price=1, story=text)) == [
        r'"chair",1.0,,,,,"a \"b\", \\c  d e"'
    ]


def test_text_of_any_language_is_utf_8(bucket: Bucket) -> None:
    rows(bucket, item("té", price=1, story="茶"))

    assert "té".encode() in bucket.objects[ITEMS]
    assert "茶".encode() in bucket.objects[ITEMS]


def test_a_number_is_a_text_where_the_column_is_one(bucket: Bucket) -> None:
    assert rows(bucket, VIEW | {"properties": {"device": 7}}) == [
        f'"ann","tea",{SENT_AT},"view",,,,"7"'
    ]


def test_as_much_of_an_impression_is_kept_as_a_column_holds(bucket: Bucket) -> None:
    ids = [f"{letter * 249}" for letter in "abcdefg"]

    (row,) = rows(bucket, VIEW | {"impression": ids})

    assert row.split(",")[5].strip('"').split("|") == ids[:4]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"userId": None}, "USER_ID is missing"),
        ({"itemId": None}, "ITEM_ID is missing"),
        ({"properties": {"device": "x" * 1001}}, "DEVICE is no string that can be imported"),
        (
            {"properties": {"device": "EVENT_ATTRIBUTION_SOURCE"}},
            "DEVICE is no string that can be imported",
        ),
        ({"properties": {"device": ["phone"]}}, "DEVICE is no string that can be imported"),
    ],
)
def test_an_event_that_no_import_takes_is_counted_with_the_reason(
    bucket: Bucket,
    log: io.StringIO,
    capsys: pytest.CaptureFixture[str],
    given: dict[str, Any],
    reason: str,
) -> None:
    # Properties have at most 1,024 characters: the long one just fits.
    assert rows(bucket, VIEW | given, VIEW) == [f'"ann","tea",{SENT_AT},"view",,,,']

    assert metric(capsys.readouterr().out, "RowsLeftOut") == 1
    assert json.loads(log.getvalue())["leftOut"] == {reason: 1}


@pytest.mark.parametrize(
    ("properties", "column"),
    [
        ({}, "PRICE"),
        ({"price": "9"}, "PRICE"),
        ({"price": True}, "PRICE"),
        ({"price": 10**400}, "PRICE"),
        ({"price": 1, "stock": 1.5}, "STOCK"),
        ({"price": 1, "stock": 2**31}, "STOCK"),
        ({"price": 1, "stock": True}, "STOCK"),
        ({"price": 1, "creationTimestamp": 2**63}, "CREATION_TIMESTAMP"),
        ({"price": 1, "fragile": "yes"}, "FRAGILE"),
        ({"price": 1, "story": {"a": 1}}, "STORY"),
    ],
)
def test_an_item_whose_properties_do_not_fit_is_counted(
    bucket: Bucket, log: io.StringIO, properties: dict[str, Any], column: str
) -> None:
    assert rows(bucket, item("chair", **properties)) == []

    ((reason, count),) = json.loads(log.getvalue())["leftOut"].items()
    assert (reason.split(" ")[0], count) == (column, 1)


def test_a_whole_number_may_be_written_as_a_float(bucket: Bucket) -> None:
    assert rows(bucket, item("chair", price=1, stock=3.0)) == ['"chair",1.0,3,,,,']


def test_what_no_dataset_is_for_is_counted(
    bucket: Bucket, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(handler_tables(), "users")

    assert rows(bucket, {"kind": "user", "userId": "ann"}, VIEW) != []
    assert json.loads(log.getvalue())["leftOut"] == {"there is no dataset of users": 1}


def handler_tables() -> dict[str, Any]:
    from event_archive.handler import tables  # noqa: PLC0415, what the function has loaded

    return cast("dict[str, Any]", tables)


@pytest.mark.parametrize(
    "unreadable",
    [
        b"\xff\xfe",
        b"no JSON",
        b"[1]",
        b'{"half": ',
        b"{" * 100_000,
        b'{"itemId": "tea"} {"itemId": "milk"}',
        b'{"userId": "ann"}',
    ],
)
def test_a_record_that_is_none_is_counted_and_its_neighbours_are_rows(
    bucket: Bucket, capsys: pytest.CaptureFixture[str], unreadable: bytes
) -> None:
    assert len(rows(bucket, VIEW, unreadable, VIEW)) == 2

    assert metric(capsys.readouterr().out, "RecordsUnreadable") == 1


def test_counts_the_rows(bucket: Bucket, capsys: pytest.CaptureFixture[str]) -> None:
    rows(bucket, VIEW, item("chair", price=1))

    out = capsys.readouterr().out
    assert metric(out, "RowsArchived") == 2
    assert metric(out, "RowsLeftOut") == 0


def test_tells_nothing_of_a_user_in_its_log(bucket: Bucket, log: io.StringIO) -> None:
    rows(bucket, VIEW | {"itemId": None}, VIEW | {"properties": {"device": ["secret"]}}, b"ann")

    assert "leftOut" in log.getvalue()
    assert "ann" not in log.getvalue()
    assert "secret" not in log.getvalue()


def test_the_same_object_makes_the_same_files_again(bucket: Bucket) -> None:
    before = dict(archived(bucket, VIEW, item("chair", price=1)))

    invoke()

    assert bucket.files == before


def test_an_object_of_another_name_has_the_day_of_its_event(bucket: Bucket) -> None:
    bucket.objects["archive/raw/by hand é.json"] = lines(item("chair", price=1))

    invoke("archive/raw/by hand é.json")

    assert list(bucket.files) == ["archive/items/day=2026-11-23/2026-11-23-by hand é.json.csv"]


def test_an_empty_object_makes_no_file(bucket: Bucket) -> None:
    assert archived(bucket) == {}


def test_tries_again_what_passes(bucket: Bucket) -> None:
    bucket.mood = [refused("SlowDown", 503), refused("InternalError", 500)]

    assert rows(bucket, VIEW) != []


def test_fails_where_it_may_not_read_so_that_its_event_becomes_a_dead_letter(
    bucket: Bucket,
) -> None:
    bucket.mood = [refused("AccessDenied", 403)]

    with pytest.raises(GivenUpError) as given_up:
        invoke()

    assert isinstance(given_up.value.__cause__, ClientError)
