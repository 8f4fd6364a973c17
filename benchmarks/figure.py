"""What a benchmark reports."""

from typing import TypedDict


class Figure(TypedDict):
    """One measured figure, and what to hold it against.

    Attributes:
        unit: The unit of all three.
        ours: What the project does.
        naive: What the obvious other way does, measured in the same run; None if there is none.
        floor: What can be had for nothing, or cannot be beaten; None if there is no such thing.
    """

    unit: str
    ours: float
    naive: float | None
    floor: float | None
