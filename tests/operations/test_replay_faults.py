"""What a replay does when AWS refuses, or when it is ended."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from personalize_operations import replay
from personalize_operations.aws import Services
from personalize_operations.errors import Cause, CommandError
from personalize_operations.replay import Request
from tests.operations.offline import Offline
from tests.operations.test_letters import LETTER

BODY = json.dumps(LETTER)
NO_JSON = "x"


@pytest.fixture(scope="module")
def services() -> Iterator[Services]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        yield Services.of(profile=None, region="us-east-1")


@pytest.fixture
def offline(services: Services) -> Iterator[Offline]:
    with (
        Stubber(services.sqs) as sqs,
        Stubber(services.kinesis) as kinesis,
        Stubber(services.s3) as s3,
    ):
        yield Offline(services, sqs, kinesis, s3)


def test_a_record_that_the_stream_refuses_for_now_is_put_again_alone(offline: Offline) -> None:
    offline.receives(BODY, BODY, BODY)
    offline.receives()
    offline.puts(3, refused=[1])
    offline.deletes(0, 2)
    offline.puts(1)
    offline.deletes(1)
    offline.receives()
    offline.receives()

    report = offline.replay().run()

    assert (report.replayed.total(), report.left) == (3, [])
    offline.all_happened()


def test_a_stream_that_takes_nothing_any_more_ends_the_run(offline: Offline) -> None:
    offline.receives(BODY, BODY)
    offline.receives()
    offline.puts(2, refused=[1])
    offline.deletes(0)
    for _ in range(10):
        offline.puts(1, refused=[0])
    offline.changes_visibility(1, to=0)

    report = offline.replay().run()

    assert report.replayed.total() == 1
    (left,) = report.left
    assert (left.cause, left.detail) == (
        Cause.STREAM_FULL,
        "ProvisionedThroughputExceededException",
    )
    offline.all_happened()


def test_what_is_on_the_stream_is_deleted_before_an_error_ends_the_run(offline: Offline) -> None:
    offline.receives(BODY, BODY)
    offline.receives()
    offline.puts(2, refused=[1])
    offline.deletes(0)
    offline.kinesis.add_client_error("put_records", "AccessDeniedException")
    offline.changes_visibility(1, to=0)

    with pytest.raises(ClientError, match="AccessDenied"):
        offline.replay().run()

    offline.all_happened()


def test_a_run_that_breaks_between_put_and_delete_lets_go_of_the_messages(
    offline: Offline,
) -> None:
    offline.receives(BODY, BODY)
    offline.receives()
    offline.puts(2)
    offline.sqs.add_client_error("delete_message_batch", "AccessDenied")
    offline.changes_visibility(0, 1, to=0)

    with pytest.raises(ClientError, match="AccessDenied"):
        offline.replay().run()

    offline.all_happened()


def test_the_first_error_is_told_if_the_messages_cannot_be_let_go_either(
    offline: Offline,
) -> None:
    offline.receives(BODY)
    offline.receives()
    offline.kinesis.add_client_error("put_records", "AccessDeniedException")
    offline.sqs.add_client_error("change_message_visibility_batch", "ExpiredToken")

    with pytest.raises(ClientError, match="AccessDenied"):
        offline.replay().run()


def test_a_message_that_the_queue_does_not_delete_at_once_is_deleted_later(
    offline: Offline,
) -> None:
    offline.receives(BODY, BODY)
    offline.receives()
    offline.puts(2)
    offline.deletes(0, 1, failed=[0])
    offline.deletes(0)
    offline.receives()
    offline.receives()

    assert offline.replay().run().replayed.total() == 2

    offline.all_happened()


def test_a_message_that_cannot_be_deleted_is_told(offline: Offline) -> None:
    offline.receives(BODY)
    offline.receives()
    offline.puts(1)
    for _ in range(3):
        offline.deletes(0, failed=[0])
    offline.receives()
    offline.receives()
    offline.changes_visibility(0, to=0)

    report = offline.replay().run()

    assert [left.cause for left in report.left] == [Cause.NOT_DELETED]
    assert report.replayed.total() == 0
    offline.all_happened()


def test_a_message_that_is_delivered_twice_is_replayed_once(offline: Offline) -> None:
    offline.receives(BODY)
    offline.receives()
    offline.puts(1)
    offline.deletes(0)
    offline.receives(BODY)
    offline.deletes(0)
    offline.receives()

    assert offline.replay().run().replayed.total() == 1

    offline.all_happened()


def test_a_run_that_is_asked_to_end_finishes_its_call_and_releases_the_rest(
    offline: Offline,
) -> None:
    offline.receives(BODY, NO_JSON)
    offline.puts(1)
    offline.deletes(0)
    offline.changes_visibility(1, to=0)
    answers = iter([False, True, True])

    report = offline.replay(is_stopped=lambda: next(answers)).run()

    assert report.replayed.total() == 1
    offline.all_happened()


def test_a_run_that_is_asked_to_end_does_not_wait_for_a_stream_that_is_full(
    offline: Offline,
) -> None:
    offline.receives(BODY)
    offline.puts(1, refused=[0])
    offline.changes_visibility(0, to=0)
    answers = iter([False, True, True])

    report = offline.replay(is_stopped=lambda: next(answers)).run()

    assert (report.replayed.total(), report.left) == (0, [])
    offline.all_happened()


def test_messages_stay_out_of_sight_as_long_as_they_are_worked_on(offline: Offline) -> None:
    now = 0.0
    queue = offline.replay().queue
    queue.now = lambda: now
    offline.receives(BODY, BODY)
    offline.changes_visibility(0, 1, to=600)
    offline.changes_visibility(0, 1, to=600)

    queue.receive()
    for now in (0.0, 290.0, 310.0, 600.0, 620.0):  # noqa: B007 - the clock reads it
        queue.keep()

    offline.all_happened()


def test_what_comes_while_it_runs_is_left_for_another_run(offline: Offline) -> None:
    offline.receives(BODY, at="Tue, 14 Nov 2023 22:13:18 GMT")
    offline.receives()
    offline.receives()
    offline.changes_visibility(0, to=0)

    report = offline.replay().run()

    assert (report.newer, report.replayed.total(), report.left) == (1, 0, [])
    offline.all_happened()


def test_a_queue_with_more_than_one_run_may_hold_is_told(
    offline: Offline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay, "MOST_HELD", 2)
    offline.receives(NO_JSON, NO_JSON, BODY)
    offline.puts(1)
    offline.deletes(2)
    offline.changes_visibility(0, 1, to=0)

    with pytest.raises(CommandError, match="more than 2 messages are left"):
        offline.replay().run()

    offline.all_happened()


def test_a_limit_asks_for_no_more_messages_than_that(offline: Offline) -> None:
    for _ in range(3):
        offline.receives(most=3)

    offline.replay(Request(limit=3)).run()

    offline.all_happened()
