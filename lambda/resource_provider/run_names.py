"""The names that a pipeline gives to what its runs make: trainings, and jobs on files.

By them it knows its own from those of another pipeline of the dataset group, such as the one that
takes its place when its construct is renamed: CloudFormation creates that one first, and it begins
at once.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable


class _AllNames:
    def __contains__(self, name: object) -> bool:
        return True


ALL_NAMES: Container[object] = _AllNames()
"""Those of every pipeline, and of what was begun by hand."""


class RunNames:
    """The names of the runs of one pipeline: one of its beginnings, and 20 digits of a hash."""

    def __init__(self, beginnings: Iterable[str]) -> None:
        """Take the beginnings."""
        alternatives = "|".join(map(re.escape, beginnings))
        self._pattern = re.compile(rf"({alternatives})-[0-9a-fA-F]{{20}}")

    def __contains__(self, name: object) -> bool:
        """Tell whether a run of the pipeline has made what has this name."""
        return isinstance(name, str) and self._pattern.fullmatch(name) is not None
