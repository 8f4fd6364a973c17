"""Which values are known at deployment only, and how they are written down.

The CDK is asked only where it may be so: it runs in a process of its own, and nearly all that we
ask about is plain.
"""

import json
import math
import re
from collections.abc import Callable
from functools import lru_cache

from aws_cdk import Stack, Token

# How the CDK writes a token into a text or a list, and below which number none is one.
_IN_TEXT = "${Token["
_IN_LIST = "#{Token["
_LARGEST_TOKEN = -1e200
_TOKEN = re.compile(r"\$\{Token\[(?P<name>[^]]*)\.\d+\]\}")
# How the names of those begin that stand for a pseudo parameter.
_PSEUDO = "AWS."
# Those that are known to refer to a resource, which their names do not tell.
_references: set[str] = set()


def is_token(value: object) -> bool:
    """Return whether a value is, or has in it, what only the deployment knows."""
    if value is None:
        return False
    if isinstance(value, str):
        return (_IN_TEXT in value or _IN_LIST in value) and _is_token_text(value)
    if isinstance(value, int | float):
        return math.isfinite(value) and value <= _LARGEST_TOKEN and Token.is_unresolved(value)
    return Token.is_unresolved(value)


def known_reference(token: str) -> str:
    """Return a token, and remember that it refers to a resource and stands for no other text."""
    _references.add(token)
    return token


def masked(text: str, mask: Callable[[str], str]) -> str:
    """Return a text with something else in place of each token in it.

    Args:
        text: The text.
        mask: What stands in place of a token; it is told its name: `AWS.Region`, say.
    """
    return _TOKEN.sub(lambda token: mask(token["name"]), text) if is_token(text) else text


def json_of(stack: Stack, value: object) -> str:
    """Return a value as JSON text, with the tokens in it; the deployment sees what they stand for.

    It is what `Stack.to_json_string` would return.
    """
    try:
        return json.dumps(_plain(value), separators=(",", ":"), ensure_ascii=False)
    except _OnlyTheCdkKnowsError:
        return stack.to_json_string(value)


def resolved(stack: Stack, value: object) -> object:
    """Return a value as CloudFormation will see it."""
    try:
        plain = _plain(value)
    except _OnlyTheCdkKnowsError:
        return stack.resolve(value)
    return stack.resolve(value) if _IN_TEXT in json.dumps(plain) else plain


class _OnlyTheCdkKnowsError(Exception):
    """There is a token that may stand for any text, or for no text."""


def _plain(value: object) -> object:
    """Return a value as the CDK would write it, which leaves out what is nothing."""
    match value:
        case dict():
            return {_plain(name): _plain(each) for name, each in value.items() if each is not None}
        case list() | tuple():
            return [_plain(each) for each in value if each is not None]
        case bool() | int() | float() if value > _LARGEST_TOKEN:
            return int(value) if isinstance(value, float) and value.is_integer() else value
        case str() if _IN_LIST not in value and _IN_TEXT not in _TOKEN.sub(_unless_plain, value):
            return value
    raise _OnlyTheCdkKnowsError


def _unless_plain(token: re.Match[str]) -> str:
    """Return a token, or nothing if it is one that becomes an intrinsic function.

    Text would have to be escaped in JSON, which the CDK does.
    """
    plain = token["name"].startswith(_PSEUDO) or token[0] in _references
    return "" if plain else token[0]


@lru_cache(maxsize=1024)
def _is_token_text(text: str) -> bool:
    # The only member of a list may stand for all of it.
    return Token.is_unresolved(text) or Token.is_unresolved([text])
