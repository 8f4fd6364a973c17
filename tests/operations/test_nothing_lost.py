"""Whatever breaks: each letter is put at least once, and deleted only after."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from personalize_operations.replay import Request
from personalize_operations.stream import MAX_BYTES, MAX_RECORDS
from tests.operations.flaky_aws import FlakyAws
from tests.operations.test_letters import LETTER


def letters(count: int, size: int = 3) -> list[str]:
    return [json.dumps(LETTER | {"data": f"{n}".ljust(size, "x")}) for n in range(count)]


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(
    count=st.integers(0, 25),
    refusals=st.lists(st.booleans(), max_size=60),
    crashes=st.lists(st.tuples(st.integers(1, 12), st.booleans()), max_size=6),
)
def test_each_letter_is_put_at_least_once_and_deleted_only_after(
    count: int, refusals: list[bool], crashes: list[tuple[int, bool]]
) -> None:
    # The queue itself asserts that the record of a message is there when that is deleted.
    aws = FlakyAws(letters(count), refusals, crashes)

    for _ in range(len(crashes) + 1):
        aws.run()

    assert aws.queue == {}
    assert {data.decode() for data in aws.on_stream} == set(letters(count))


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(count=st.integers(0, 40), refusals=st.lists(st.booleans(), max_size=60))
def test_without_a_crash_each_letter_is_put_once(count: int, refusals: list[bool]) -> None:
    aws = FlakyAws(letters(count), refusals)

    report = aws.run().report

    assert sorted(data.decode() for data in aws.on_stream) == sorted(letters(count))
    assert report.replayed.total() == report.records == count


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(kinds=st.lists(st.sampled_from(["why", "because", "no letter"]), max_size=40))
def test_what_is_not_replayed_is_visible_again_at_the_end(kinds: list[str]) -> None:
    aws = FlakyAws(
        [json.dumps(LETTER | {"reason": kind}) if kind != "no letter" else kind for kind in kinds]
    )

    aws.run(Request(reason="why"))

    assert len(aws.visible) == len(aws.queue) == len(kinds) - kinds.count("why")


def test_messages_stay_out_of_sight_while_the_stream_is_slow() -> None:
    aws = FlakyAws(letters(20), [False, *[True] * 19] * 9, call_seconds=90)

    report = aws.run().report

    assert report.replayed.total() == len(aws.on_stream) == 20


def test_a_call_has_no_more_records_and_bytes_than_the_stream_takes() -> None:
    many, large = FlakyAws(letters(1200)), FlakyAws(letters(60, size=200_000))

    many.run()
    large.run()

    assert max(count for count, _ in many.put_sizes) == MAX_RECORDS
    assert MAX_BYTES * 0.9 < max(size for _, size in large.put_sizes) <= MAX_BYTES
