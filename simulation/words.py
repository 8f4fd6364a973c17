"""Numbers as a page shows them."""

import math

_MINUTE, _HOUR = 60.0, 3600.0
_THOUSAND = 1_000
_LEAST_SHARE = 0.001


def number(value: float, digits: int = 3) -> str:
    """Return a number with some digits that count, and commas.

    Args:
        value: The number.
        digits: The digits.
    """
    if value == 0:
        return "0"
    places = digits - 1 - math.floor(math.log10(abs(value)))
    rounded = round(value, places)
    return f"{rounded:,.{max(0, places)}f}" if abs(rounded) < _THOUSAND else f"{rounded:,.0f}"


def duration(seconds: float) -> str:
    """Return a duration in its unit."""
    if seconds < 2 * _MINUTE:
        return f"{number(seconds, 2)} s"
    if seconds < 2 * _HOUR:
        return f"{number(seconds / _MINUTE, 2)} min"
    return f"{number(seconds / _HOUR, 2)} h"


def share(part: float) -> str:
    """Return a share in per cent."""
    return "less than 0.1 %" if part < _LEAST_SHARE else f"{number(100 * part)} %"


def dollars(value: float) -> str:
    """Return an amount of money."""
    return number(value, 3) if value >= 1 else f"{value:.2f}"


def table(head: list[str], rows: list[list[str]], *, numbers: bool = True) -> str:
    """Return a table in Markdown.

    Args:
        head: The titles of the columns.
        rows: The cells.
        numbers: Whether all columns but the first are of numbers.
    """
    rule = ["---"] + ["---:" if numbers else "---"] * (len(head) - 1)
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, rule, *rows])
