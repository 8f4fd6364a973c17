"""What tags may be: the rules of TagResource, and of every operation that takes tags.

The limits are those of the shapes of the API, and of the developer guide's page tagging-resources.
Pure Python: the values that declare jobs check with it at synth, the emulator when it is asked.
"""

MAX_TAGS = 50
_MAX_KEY_LENGTH = 128
_MAX_VALUE_LENGTH = 256
_RESERVED = "aws:"


def findings_of_tag(key: str | None, value: str | None) -> list[str]:
    """Return what is wrong with a tag; what is None is not known yet, and not checked.

    Args:
        key: The key.
        value: The value.
    """
    found = []
    if key is not None and key.lower().startswith(_RESERVED):
        found.append(f"keys of tags that begin with {_RESERVED} are reserved, got {key}")
    if key is not None and not 1 <= len(key) <= _MAX_KEY_LENGTH:
        found.append(
            f"the key of a tag must have 1 to {_MAX_KEY_LENGTH} characters, got {len(key)}"
        )
    if value is not None and len(value) > _MAX_VALUE_LENGTH:
        found.append(
            f"the value of a tag must have at most {_MAX_VALUE_LENGTH} characters, got {len(value)}"
        )
    return found
