"""Which values are known at deployment only."""

from functools import lru_cache

from aws_cdk import Token

# How the CDK writes a token into a text, and below which number none is one.
_IN_TEXT = "${Token["
_LARGEST_TOKEN = -1e200


def is_token(value: object) -> bool:
    """Return whether a value is, or has in it, what only the deployment knows.

    The CDK is asked only where it may be so: it runs in a process of its own, and nearly all that
    we ask about is plain.
    """
    if value is None:
        return False
    if isinstance(value, str):
        return _IN_TEXT in value and _is_token_text(value)
    if isinstance(value, int | float) and value > _LARGEST_TOKEN:
        return False
    return Token.is_unresolved(value)


@lru_cache(maxsize=1024)
def _is_token_text(text: str) -> bool:
    return Token.is_unresolved(text)
