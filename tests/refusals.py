"""What `match=` of a refusal is: the whole message, and nothing else."""

import re


def whole(message: str) -> str:
    """Return the pattern of an error that says `message` alone."""
    return rf"\A{re.escape(message)}\Z"


def at_synth(path: str, message: str) -> str:
    """Return the pattern of a synth that fails for what `message` says of one construct alone."""
    return rf"errors:\n  {re.escape(f'[{path}] {message}')}\Z"
