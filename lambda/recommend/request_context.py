"""What the headers of a request tell by themselves: device, country, and the user's local time.

They are those that CloudFront adds (CloudFront developer guide, "Add CloudFront request headers"),
and without it what the client says. A client can say anything: what is read here changes its own
recommendations, and nothing else.
"""

import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import NamedTuple

TIME_ZONE_HEADER = "x-time-zone"
"""The header by which a client without CloudFront tells its time zone, by its IANA name."""

_CLOUDFRONT_TIME_ZONE = "cloudfront-viewer-time-zone"
_CLOUDFRONT_COUNTRY = "cloudfront-viewer-country"
_CLOUDFRONT_LATITUDE = "cloudfront-viewer-latitude"
# A tablet may be a mobile viewer for CloudFront as well: the first that is true tells more.
_CLOUDFRONT_DEVICES = (
    ("cloudfront-is-smarttv-viewer", "tv"),
    ("cloudfront-is-tablet-viewer", "tablet"),
    ("cloudfront-is-mobile-viewer", "mobile"),
    ("cloudfront-is-desktop-viewer", "desktop"),
)

# The words by which browsers tell what they run on. Not more than these: an iPad asks for the pages
# of a Macintosh, and what is no browser often says nothing. The first that is found counts. They
# are compiled when a request needs them, as few APIs do.
_LONGEST_USER_AGENT = 512
_USER_AGENTS = (
    (r"SMART-?TV|SmartTV|Google ?TV|Apple ?TV|HbbTV|Roku|CrKey|Web0S|\bAFT[A-Z]", "tv"),
    (r"iPad|Tablet|PlayBook|Kindle|Android(?!.*Mobi)", "tablet"),
    (r"Mobi|iPhone|iPod", "mobile"),
    (r"Windows NT|Macintosh|X11|CrOS", "desktop"),
)

_COUNTRY_LETTERS = 2
_NO_COUNTRIES = frozenset({"XX", "ZZ"})  # as some databases of addresses have it
_ZONE = r"[A-Za-z0-9_+-]{1,32}(/[A-Za-z0-9_+-]{1,32}){0,2}"

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
# The hour that each part of the day ends before.
_PARTS_OF_THE_DAY = ((6, "night"), (12, "morning"), (18, "afternoon"), (22, "evening"))
# By the month, as meteorologists have it: winter is December to February in the north.
_SEASONS = ("winter", "spring", "summer", "autumn")
_MONTHS_OF_A_SEASON = 3

_HIGHEST_LATITUDE = 90
# Within ten degrees of the equator the months are alike, but for the rain: there a season would be
# a word without a meaning. So most people of a country have to live farther away than that.
_TROPICAL_LATITUDE = 10
_TROPICAL_COUNTRIES = (
    "AO BI BJ BN CD CF CG CI CM CO CR EC ET FM GA GF GH GN GQ GY ID IO KE KI LK LR MH MV MY NG NR"
    " PA PG PW RW SB SC SG SL SO SR SS ST TG TK TL TV TZ UG VE"
)
_SOUTHERN_COUNTRIES = (
    "AQ AR AS AU BO BR BV BW CC CK CL CX FJ FK GS HM KM LS MG MU MW MZ NA NC NF NU NZ PE PF PN PY"
    " RE SH SZ TF TO UY VU WF WS YT ZA ZM ZW"
)


class RequestContext(NamedTuple):
    """Which contextual column of the Interactions schema each thing goes to.

    Attributes:
        device: `mobile`, `tablet`, `desktop` or `tv` (default: to none; so are the others).
        country: Two capital letters (ISO 3166).
        time_of_day: `morning` from 6, `afternoon` from 12, `evening` from 18, `night` from 22.
        weekday: `monday` to `sunday`.
        season: `spring`, `summer`, `autumn` or `winter` where the user is.
    """

    device: str | None = None
    country: str | None = None
    time_of_day: str | None = None
    weekday: str | None = None
    season: str | None = None

    @classmethod
    def read(cls, text: str) -> "RequestContext":
        """Read the environment of the function: an object in JSON, of columns by what they hold.

        Raises:
            ValueError: If it is none, or names something that headers do not tell.
        """
        columns = json.loads(text)
        if not isinstance(columns, dict):
            msg = f"the context must be an object, got {text}"
            raise ValueError(msg)
        for name, column in columns.items():
            if name not in cls._fields:
                msg = f"the context must be of {', '.join(cls._fields)}, got {name}"
                raise ValueError(msg)
            if column is not None and (not isinstance(column, str) or not column):
                msg = f"the column of {name} must be a text that is not empty, got {column!r}"
                raise ValueError(msg)
        return cls(**columns)

    def of(self, headers: Mapping[str, str], now: float) -> dict[str, str]:
        """Return the context of a request: each column with its value, without what is unknown.

        Args:
            headers: The headers by their names in small letters.
            now: The time in seconds since 1970.
        """
        found: dict[str, str | None] = {}
        if self.device:
            found[self.device] = _device(headers)
        if self.country:
            found[self.country] = _country(headers)
        if self.time_of_day or self.weekday or self.season:
            zone = _zone_of(headers)
            local = datetime.fromtimestamp(now, zone or UTC)
            if self.time_of_day and zone:
                found[self.time_of_day] = _part_of_the_day(local.hour)
            if self.weekday and zone:
                found[self.weekday] = _WEEKDAYS[local.weekday()]
            if self.season:  # which a day more or less hardly changes
                found[self.season] = _season(headers, local.month)
        return {column: value for column, value in found.items() if value is not None}


def _device(headers: Mapping[str, str]) -> str | None:
    for header, device in _CLOUDFRONT_DEVICES:
        if headers.get(header, "").strip().lower() == "true":
            return device
    is_mobile = headers.get("sec-ch-ua-mobile", "").strip()
    if is_mobile == "?1":
        return "mobile"
    agent = headers.get("user-agent", "")[:_LONGEST_USER_AGENT]
    for words, device in _USER_AGENTS:
        if re.search(words, agent):
            return device
    # A browser that says that it is on no phone, and shows no sign of a tablet or a television.
    return "desktop" if is_mobile == "?0" else None


def _country(headers: Mapping[str, str]) -> str | None:
    country = headers.get(_CLOUDFRONT_COUNTRY, "").strip().upper()
    is_code = len(country) == _COUNTRY_LETTERS and country.isascii() and country.isalpha()
    return country if is_code and country not in _NO_COUNTRIES else None


def _part_of_the_day(hour: int) -> str:
    return next((part for end, part in _PARTS_OF_THE_DAY if hour < end), "night")


def _season(headers: Mapping[str, str], month: int) -> str | None:
    south = _is_south(headers)
    if south is None:
        return None
    seasons = len(_SEASONS)
    season = month % 12 // _MONTHS_OF_A_SEASON
    return _SEASONS[(season + seasons // 2) % seasons if south else season]


def _is_south(headers: Mapping[str, str]) -> bool | None:
    """Whether the user is in the south; None near the equator, and where nothing tells."""
    latitude = _latitude(headers)
    if latitude is not None:
        return None if abs(latitude) < _TROPICAL_LATITUDE else latitude < 0
    country = _country(headers)
    if country is None or country in _TROPICAL_COUNTRIES:
        return None
    return country in _SOUTHERN_COUNTRIES


def _latitude(headers: Mapping[str, str]) -> float | None:
    try:
        latitude = float(headers.get(_CLOUDFRONT_LATITUDE, ""))
    except ValueError:
        return None
    return latitude if math.isfinite(latitude) and abs(latitude) <= _HIGHEST_LATITUDE else None


def _zone_of(headers: Mapping[str, str]) -> tzinfo | None:
    for header in (_CLOUDFRONT_TIME_ZONE, TIME_ZONE_HEADER):
        name = headers.get(header, "").strip()
        if re.fullmatch(_ZONE, name) and (zone := _zone(name)):
            return zone
    return None


@lru_cache(maxsize=128)  # also of names that are none, for which `ZoneInfo` looks around each time
def _zone(name: str) -> tzinfo | None:
    from zoneinfo import ZoneInfo  # noqa: PLC0415, as few APIs ask for it

    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # no such zone, a file that is none, a directory
        return None
