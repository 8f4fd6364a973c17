"""What lets browsers and CloudFront keep an answer: its tag, and for how long it is good."""

import base64
import json
import re
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, NamedTuple

CHANGING_MEMBERS = frozenset({"recommendationId"})
"""What is another in each answer, though it says the same."""

_TAG_BYTES = 12
_encoder = json.JSONEncoder(sort_keys=True, separators=(",", ":"))
# RFC 9110 section 8.8.3: a comma may stand within the quotes, so that a list cannot be split.
_ENTITY_TAG = r'(?:W/)?("[\x21\x23-\x7e\x80-\U0010ffff]*")'
_BETWEEN = r"[ \t]*(?:,[ \t]*)+"


def etag(document: Mapping[str, Any]) -> str:
    """Return the tag of an answer: weak, as answers of one tag say the same in other bytes.

    A client that is told that its answer is still good (304) goes on with the recommendation id
    that it has: it is that of the list that the user sees.

    Args:
        document: The answer, of what JSON knows.
    """
    same = {name: value for name, value in document.items() if name not in CHANGING_MEMBERS}
    digest = blake2b(_encoder.encode(same).encode(), digest_size=_TAG_BYTES).digest()
    return f'W/"{base64.urlsafe_b64encode(digest).decode()}"'


def is_still_good(if_none_match: str | None, tag: str) -> bool:
    """Whether a client has the answer of a tag already (RFC 9110 section 13.1.2).

    Tags are compared weakly: `W/` makes no difference. A header that is no list of tags says
    nothing, and the client gets the whole answer.

    Args:
        if_none_match: The header `If-None-Match`, if there is one; several are joined by commas.
        tag: The tag of the answer.
    """
    if if_none_match is None:
        return False
    text = if_none_match.strip(" \t")
    if text == "*":
        return True
    entity_tag, between = re.compile(_ENTITY_TAG), re.compile(_BETWEEN)
    opaque = tag.removeprefix("W/")
    text = text.strip(" \t,")
    found = False
    position = 0
    while position < len(text):
        one = entity_tag.match(text, position)
        if one is None:
            return False
        found = found or one[1] == opaque
        gap = between.match(text, one.end())
        if gap is None:
            return found and one.end() == len(text)
        position = gap.end()
    return found


class CachePolicy(NamedTuple):
    """For how long an answer is good, and for whom (RFC 9111, RFC 5861).

    Attributes:
        max_age: The seconds that it is good.
        is_public: Whether CloudFront may give it to other users (default: only the browser that
            asked may keep it).
        stale_while_revalidate: The seconds after that in which it may be given while it is asked
            for anew.
        stale_if_error: The seconds after that in which it may be given if no other can be had.
        no_store: Whether nobody may keep it; all else is then without a meaning.
    """

    max_age: int = 0
    is_public: bool = False
    stale_while_revalidate: int = 0
    stale_if_error: int = 0
    no_store: bool = False

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "CachePolicy":
        """Return what settings say.

        Args:
            settings: `maxAge`, `public`, `staleWhileRevalidate`, `staleIfError`, `noStore`, each
                if it is not the default.

        Raises:
            ValueError: If there is another, or one has a value that it may not have.
        """
        if unknown := sorted(settings.keys() - _SETTINGS.keys()):
            msg = f"caching must be of {', '.join(_SETTINGS)}, got {unknown[0]}"
            raise ValueError(msg)
        for name, value in settings.items():
            is_flag = isinstance(value, bool)
            if name in _FLAGS and not is_flag:
                msg = f"{name} must be true or false, got {value!r}"
                raise ValueError(msg)
            if name not in _FLAGS and (is_flag or not isinstance(value, int) or value < 0):
                msg = f"{name} must be whole seconds from 0, got {value!r}"
                raise ValueError(msg)
        if settings.get("noStore") and any(
            settings[name] for name in settings.keys() - {"noStore"}
        ):
            msg = f"what nobody may keep (noStore) must have no other settings, got {settings}"
            raise ValueError(msg)
        return cls(**{_SETTINGS[name]: value for name, value in settings.items()})

    @property
    def cache_control(self) -> str:
        """The value of the header `Cache-Control`."""
        if self.no_store:
            return "no-store"
        parts = ["public" if self.is_public else "private", f"max-age={self.max_age}"]
        if self.stale_while_revalidate:
            parts.append(f"stale-while-revalidate={self.stale_while_revalidate}")
        if self.stale_if_error:
            parts.append(f"stale-if-error={self.stale_if_error}")
        return ", ".join(parts)


_FLAGS = frozenset({"public", "noStore"})
_SETTINGS = {
    "maxAge": "max_age",
    "public": "is_public",
    "staleWhileRevalidate": "stale_while_revalidate",
    "staleIfError": "stale_if_error",
    "noStore": "no_store",
}
