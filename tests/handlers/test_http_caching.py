"""What lets browsers and CloudFront keep an answer."""

import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recommend.http_caching import CachePolicy, etag, is_still_good

ANSWER = {
    "recommendationId": "RID-1",
    "model": "for-you",
    "items": [{"itemId": "1", "score": 0.5, "metadata": {"TITLE": "Heat", "YEAR": 1995}}],
}
TAG = etag(ANSWER)
OPAQUE = TAG.removeprefix("W/")

documents = st.dictionaries(
    st.text(max_size=4),
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False)
        | st.text(max_size=4),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
        ),
        max_leaves=6,
    ),
    max_size=4,
)
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def test_a_tag_is_a_weak_one() -> None:
    assert re.fullmatch(r'W/"[\w-]{16}"', TAG)


def test_the_id_of_an_answer_does_not_change_its_tag() -> None:
    assert etag({**ANSWER, "recommendationId": "RID-2"}) == TAG


def test_the_order_of_members_does_not_change_the_tag() -> None:
    metadata = {"YEAR": 1995, "TITLE": "Heat"}
    items = [{"metadata": metadata, "score": 0.5, "itemId": "1"}]

    assert etag({"items": items, "model": "for-you"}) == TAG


@pytest.mark.parametrize(
    "change",
    [
        {"model": "new"},
        {"items": []},
        {"items": [{"itemId": "1", "score": 0.25}]},
        {"servedBy": "fallback"},
    ],
)
def test_what_the_answer_says_changes_its_tag(change: dict[str, Any]) -> None:
    assert etag({**ANSWER, **change}) != TAG


def test_the_order_of_items_changes_the_tag() -> None:
    assert etag({"items": ["1", "2"]}) != etag({"items": ["2", "1"]})


@unhurried
@given(first=documents, second=documents)
def test_tags_are_the_same_where_the_answers_are(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    assert (etag(first) == etag(second)) == (canonical(first) == canonical(second))


def canonical(document: dict[str, Any]) -> str:
    return json.dumps(
        {name: value for name, value in document.items() if name != "recommendationId"},
        sort_keys=True,
    )


def test_a_lone_surrogate_has_a_tag() -> None:
    assert etag({"items": ["\ud800"]}) != etag({"items": ["\ud801"]})


@pytest.mark.parametrize(
    "header",
    [
        TAG,
        OPAQUE,
        f"  {TAG}\t",
        "*",
        " * ",
        f'"a", {TAG}',
        f'{TAG},"b"',
        f'"a",W/"b" ,\t{OPAQUE} , "c"',
        f", ,{TAG},,",
        f'"a,b", {TAG}',
        f'"", {TAG}',
        f'"é", {TAG}',
    ],
)
def test_a_client_that_has_the_tag_has_the_answer(header: str) -> None:
    assert is_still_good(header, TAG)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        " ",
        ",",
        '"other"',
        f'"a,{OPAQUE}',
        OPAQUE.strip('"'),
        TAG.lower(),
        f"w/{OPAQUE}",
        f"W/ {OPAQUE}",
        f"W/{TAG}",
        f"{TAG} {TAG}",
        f"{TAG}, *",
        f"*, {TAG}",
        f"{TAG}, unquoted",
        f"unquoted, {TAG}",
        f"{TAG}x",
        f'"with space ", x {TAG}',
        f'"with space", {TAG}',
        f'"\x7f", {TAG}',
        '"*"',
        "**",
    ],
)
def test_a_client_without_the_tag_has_not(header: str | None) -> None:
    assert not is_still_good(header, TAG)


def test_a_strong_tag_is_compared_weakly_too() -> None:
    assert is_still_good('W/"x"', '"x"')


tags = st.from_regex(r'(W/)?"[!#-+\--~]{0,5}(,[a-z]?){0,2}"', fullmatch=True)


@unhurried
@given(
    given_tags=st.lists(tags, min_size=1, max_size=5),
    tag=tags,
    between=st.sampled_from([",", ", ", " , ", ",\t", ",,", ", ,"]),
    with_it=st.booleans(),
)
def test_a_list_is_of_the_tags_that_were_written(
    given_tags: list[str], tag: str, between: str, *, with_it: bool
) -> None:
    listed = [*given_tags, tag] if with_it else given_tags
    expected = tag.removeprefix("W/") in {each.removeprefix("W/") for each in listed}

    assert is_still_good(between.join(listed), tag) is expected


@given(header=st.text(max_size=30))
def test_no_header_breaks_it(header: str) -> None:
    assert is_still_good(header, TAG) is (header.strip(" \t") == "*")


def test_a_long_header_is_read_in_one_go() -> None:
    assert is_still_good('"a",' * 100_000 + TAG, TAG)
    assert not is_still_good(", " * 100_000 + '"', TAG)


@pytest.mark.parametrize(
    ("given_settings", "header"),
    [
        ({}, "private, max-age=0"),
        ({"maxAge": 60}, "private, max-age=60"),
        ({"maxAge": 60, "public": True}, "public, max-age=60"),
        ({"maxAge": 60, "public": False, "noStore": False}, "private, max-age=60"),
        (
            {"maxAge": 60, "public": True, "staleWhileRevalidate": 30, "staleIfError": 86400},
            "public, max-age=60, stale-while-revalidate=30, stale-if-error=86400",
        ),
        ({"noStore": True}, "no-store"),
        ({"noStore": True, "maxAge": 0, "public": False}, "no-store"),
    ],
)
def test_settings_say_how_long_an_answer_is_good(
    given_settings: dict[str, Any], header: str
) -> None:
    assert CachePolicy.of(given_settings).cache_control == header


@pytest.mark.parametrize(
    ("given_settings", "told"),
    [
        ({"ttl": 1}, "caching must be of maxAge, public, staleWhileRevalidate, .*, got ttl"),
        ({"maxAge": -1}, "maxAge must be whole seconds from 0, got -1"),
        ({"maxAge": 1.5}, "maxAge must be whole seconds from 0, got 1.5"),
        ({"staleIfError": True}, "staleIfError must be whole seconds from 0, got True"),
        ({"public": 1}, "public must be true or false, got 1"),
        ({"noStore": True, "maxAge": 1}, "must have no other settings"),
    ],
)
def test_settings_that_say_nothing_are_refused(given_settings: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        CachePolicy.of(given_settings)
