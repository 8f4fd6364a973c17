"""What a benchmark measures."""

from typing import TypedDict


class Figure(TypedDict):
    """One figure, with what it is held against, all measured in one run.

    Attributes:
        unit: The unit of all three.
        ours: What this project takes, or gives.
        naive: What the usual way does; None where there is none.
        floor: What cannot be beaten, or what anything must beat; None where there is none.
    """

    unit: str
    ours: float
    naive: float | None
    floor: float | None
