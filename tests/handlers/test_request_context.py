"""What the headers of a request tell by themselves."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recommend.request_context import (
    _SOUTHERN_COUNTRIES,
    _TROPICAL_COUNTRIES,
    TIME_ZONE_HEADER,
    RequestContext,
)

EVERYTHING = RequestContext("DEVICE", "COUNTRY", "TIME_OF_DAY", "WEEKDAY", "SEASON")
NAMES = [
    "cloudfront-is-mobile-viewer",
    "cloudfront-is-tablet-viewer",
    "cloudfront-is-desktop-viewer",
    "cloudfront-is-smarttv-viewer",
    "cloudfront-viewer-country",
    "cloudfront-viewer-time-zone",
    "cloudfront-viewer-latitude",
    "sec-ch-ua-mobile",
    "user-agent",
    TIME_ZONE_HEADER,
]
VALUES = {
    "DEVICE": {"mobile", "tablet", "desktop", "tv"},
    "TIME_OF_DAY": {"morning", "afternoon", "evening", "night"},
    "WEEKDAY": {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"},
    "SEASON": {"spring", "summer", "autumn", "winter"},
}
CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like"
    " Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
)


def at(text: str) -> float:
    """Return a time of UTC in seconds since 1970."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


MONDAY_NOON = at("2026-11-02T12:00")


def context(headers: Mapping[str, str], now: float = MONDAY_NOON) -> dict[str, str]:
    return EVERYTHING.of(headers, now)


def test_the_columns_are_those_of_the_environment() -> None:
    read = RequestContext.read('{"device": "DEVICE_TYPE", "weekday": null}')

    assert read == RequestContext(device="DEVICE_TYPE")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"browser": "B"}', "must be of device, country, time_of_day, weekday, season, got brow"),
        ('{"device": 1}', "the column of device must be a text that is not empty, got 1"),
        ('{"device": ""}', "the column of device must be a text that is not empty, got ''"),
        ("[]", r"must be an object, got \[\]"),
        ("", "Expecting value"),
    ],
)
def test_an_environment_that_names_no_columns_is_refused(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        RequestContext.read(text)


def test_what_is_off_is_not_told() -> None:
    headers = {"cloudfront-viewer-country": "NZ", "cloudfront-is-mobile-viewer": "true"}

    assert RequestContext(country="LAND").of(headers, MONDAY_NOON) == {"LAND": "NZ"}


def test_nothing_is_told_where_all_is_off() -> None:
    headers = {"cloudfront-viewer-country": "NZ", TIME_ZONE_HEADER: "UTC", "user-agent": IPHONE}

    assert RequestContext().of(headers, MONDAY_NOON) == {}


def test_nothing_is_told_where_nothing_is_known() -> None:
    assert context({}) == {}


@pytest.mark.parametrize(
    ("header", "device"),
    [
        ("cloudfront-is-mobile-viewer", "mobile"),
        ("cloudfront-is-tablet-viewer", "tablet"),
        ("cloudfront-is-desktop-viewer", "desktop"),
        ("cloudfront-is-smarttv-viewer", "tv"),
    ],
)
def test_cloudfront_tells_the_device(header: str, device: str) -> None:
    headers = dict.fromkeys(NAMES[:4], "false") | {header: "true", "user-agent": "CloudFront"}

    assert context(headers) == {"DEVICE": device}


def test_a_tablet_that_is_a_mobile_viewer_too_is_a_tablet() -> None:
    headers = {"cloudfront-is-mobile-viewer": "true", "cloudfront-is-tablet-viewer": "true"}

    assert context(headers) == {"DEVICE": "tablet"}


def test_cloudfront_is_believed_rather_than_the_browser() -> None:
    headers = {"cloudfront-is-desktop-viewer": "true", "user-agent": IPHONE}

    assert context(headers) == {"DEVICE": "desktop"}


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        (IPHONE, "mobile"),
        (f"Mozilla/5.0 (Linux; Android 10; K) {CHROME} Mobile Safari/537.36", "mobile"),
        ("Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0", "mobile"),
        (f"Mozilla/5.0 (Linux; Android 10; K) {CHROME} Safari/537.36", "tablet"),
        ("Mozilla/5.0 (iPad; CPU OS 12_5 like Mac OS X) Version/12.1 Mobile/15E148", "tablet"),
        ("Mozilla/5.0 (Android 15; Tablet; rv:140.0) Gecko/140.0 Firefox/140.0", "tablet"),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Safari/537.36", "desktop"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/18.5 Safari/605.1.15", "desktop"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "desktop"),
        (f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {CHROME} Safari/537.36", "desktop"),
        ("Mozilla/5.0 (SMART-TV; LINUX; Tizen 7.0) AppleWebKit/537.36 TV Safari/537.36", "tv"),
        ("Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 Safari/537.36", "tv"),
        ("Mozilla/5.0 (Linux; Android 9; AFTMM Build/PS7624) Safari/537.36", "tv"),
        (f"Mozilla/5.0 (X11; Linux armv7l) {CHROME} Safari/537.36 CrKey/1.56.500000", "tv"),
    ],
)
def test_a_browser_tells_the_device(agent: str, device: str) -> None:
    assert context({"user-agent": agent}) == {"DEVICE": device}


@pytest.mark.parametrize(
    "agent",
    ["curl/8.5.0", "okhttp/4.12.0", "Shop/7 CFNetwork/3826 Darwin/24.5.0", "Amazon CloudFront", ""],
)
def test_what_is_no_browser_has_no_device(agent: str) -> None:
    assert context({"user-agent": agent}) == {}


def test_the_hint_of_a_browser_tells_that_it_is_on_a_phone() -> None:
    assert context({"sec-ch-ua-mobile": "?1"}) == {"DEVICE": "mobile"}


@pytest.mark.parametrize(
    ("agent", "device"), [("", "desktop"), (f"Mozilla/5.0 (Linux; Android 10) {CHROME}", "tablet")]
)
def test_what_is_on_no_phone_is_a_desktop_or_a_tablet(agent: str, device: str) -> None:
    assert context({"sec-ch-ua-mobile": "?0", "user-agent": agent}) == {"DEVICE": device}


def test_the_country_is_in_capitals() -> None:
    assert RequestContext(country="C").of({"cloudfront-viewer-country": "de"}, 0) == {"C": "DE"}


@pytest.mark.parametrize("country", ["", "D", "DEU", "D1", "ßß", "ZZ", "XX", "ÄÖ"])
def test_what_is_no_country_is_left_out(country: str) -> None:
    assert context({"cloudfront-viewer-country": country}) == {}


@pytest.mark.parametrize(
    ("utc", "part"),
    [
        ("2026-11-02T05:59:59", "night"),
        ("2026-11-02T06:00", "morning"),
        ("2026-11-02T11:59:59", "morning"),
        ("2026-11-02T12:00", "afternoon"),
        ("2026-11-02T18:00", "evening"),
        ("2026-11-02T21:59:59", "evening"),
        ("2026-11-02T22:00", "night"),
        ("2026-11-02T00:00", "night"),
    ],
)
def test_the_day_has_four_parts(utc: str, part: str) -> None:
    assert context({TIME_ZONE_HEADER: "UTC"}, at(utc))["TIME_OF_DAY"] == part


def test_time_and_weekday_are_those_of_the_user() -> None:
    headers = {"cloudfront-viewer-time-zone": "Pacific/Auckland"}

    assert context(headers, at("2026-11-02T17:30")) == {
        "TIME_OF_DAY": "morning",
        "WEEKDAY": "tuesday",
    }


def test_the_time_follows_the_summer_time_of_the_zone() -> None:
    headers = {"cloudfront-viewer-time-zone": "Europe/Berlin"}

    assert context(headers, at("2026-07-01T04:30"))["TIME_OF_DAY"] == "morning"
    assert context(headers, at("2026-01-01T04:30"))["TIME_OF_DAY"] == "night"


def test_the_zone_of_cloudfront_counts_before_that_of_the_client() -> None:
    headers = {"cloudfront-viewer-time-zone": "Asia/Tokyo", TIME_ZONE_HEADER: "Europe/Berlin"}

    assert context(headers)["TIME_OF_DAY"] == "evening"


@pytest.mark.parametrize(
    "zone",
    [
        "Mars/Olympus",
        "America",  # a directory
        "zone.tab",
        "tzdata.zi",
        "../../etc/passwd",
        "/etc/localtime",
        "Europe/../Europe/Berlin",
        "Europe/Berlin\0",
        "Europe//Berlin",
        "a" * 5000,
        "+01:00",
        "München",
    ],
)
def test_what_is_no_zone_tells_no_time(zone: str) -> None:
    assert context({TIME_ZONE_HEADER: zone}) == {}


@pytest.mark.parametrize(
    ("month", "north", "south"),
    [
        (1, "winter", "summer"),
        (2, "winter", "summer"),
        (3, "spring", "autumn"),
        (5, "spring", "autumn"),
        (6, "summer", "winter"),
        (8, "summer", "winter"),
        (9, "autumn", "spring"),
        (11, "autumn", "spring"),
        (12, "winter", "summer"),
    ],
)
def test_the_season_is_that_of_the_hemisphere(month: int, north: str, south: str) -> None:
    season = RequestContext(season="SEASON")
    now = at(f"2026-{month:02}-15T12:00")

    assert season.of({"cloudfront-viewer-latitude": "47.60620"}, now) == {"SEASON": north}
    assert season.of({"cloudfront-viewer-latitude": "-36.84850"}, now) == {"SEASON": south}
    assert season.of({"cloudfront-viewer-country": "CA"}, now) == {"SEASON": north}
    assert season.of({"cloudfront-viewer-country": "AR"}, now) == {"SEASON": south}


def test_the_latitude_counts_before_the_country() -> None:
    headers = {"cloudfront-viewer-country": "FR", "cloudfront-viewer-latitude": "-21.1"}

    assert RequestContext(season="S").of(headers, at("2026-07-15T12:00")) == {"S": "winter"}


@pytest.mark.parametrize(
    "headers",
    [
        {"cloudfront-viewer-latitude": "1.35"},
        {"cloudfront-viewer-latitude": "-6.2", "cloudfront-viewer-country": "ID"},
        {"cloudfront-viewer-country": "SG"},
        {"cloudfront-viewer-country": "EC"},
    ],
)
def test_there_is_no_season_near_the_equator(headers: Mapping[str, str]) -> None:
    assert RequestContext(season="S").of(headers, MONDAY_NOON) == {}


@pytest.mark.parametrize("latitude", ["nan", "inf", "-inf", "91", "-1e9", "north", "", "1,5"])
def test_a_latitude_that_is_none_leaves_the_country_to_tell(latitude: str) -> None:
    headers = {"cloudfront-viewer-latitude": latitude, "cloudfront-viewer-country": "CL"}

    assert RequestContext(season="S").of(headers, at("2026-07-15T12:00")) == {"S": "winter"}


def test_the_season_begins_with_the_month_of_the_user() -> None:
    headers = {"cloudfront-viewer-time-zone": "Asia/Tokyo", "cloudfront-viewer-country": "JP"}

    assert RequestContext(season="S").of(headers, at("2026-02-28T20:00")) == {"S": "spring"}


def test_no_country_is_both_in_the_south_and_near_the_equator() -> None:
    assert not set(_SOUTHERN_COUNTRIES.split()) & set(_TROPICAL_COUNTRIES.split())


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    headers=st.dictionaries(
        st.sampled_from(NAMES),
        st.one_of(
            st.text(),
            st.sampled_from(
                ["true", "?0", "Europe/Berlin", "Africa", "AR", "-90", "1e400", IPHONE]
            ),
        ),
    ),
    now=st.floats(min_value=0, max_value=1e11),
)
def test_any_headers_tell_something_known_or_nothing(headers: dict[str, str], now: float) -> None:
    told = context(headers, now)

    assert told.keys() <= {"DEVICE", "COUNTRY", "TIME_OF_DAY", "WEEKDAY", "SEASON"}
    for column, values in VALUES.items():
        assert told.get(column) in {None, *values}
    country = told.get("COUNTRY", "AA")
    assert country.isascii()
    assert country.isupper()
