"""`docs/scaling.md`: what is between its comments is written by the simulation."""

import re
from collections.abc import Mapping

_BLOCK = re.compile(
    r"(?P<begin><!-- simulation: (?P<name>[\w-]+) -->\n).*?(?P<end><!-- simulation ends -->)",
    re.DOTALL,
)


def names(page: str) -> list[str]:
    """Return the names of the blocks that a page has."""
    return [match["name"] for match in _BLOCK.finditer(page)]


def rendered(page: str, blocks: Mapping[str, str]) -> str:
    """Return a page with its blocks as the simulation writes them now.

    Args:
        page: The page as it is.
        blocks: The text of each block by its name.

    Raises:
        KeyError: If the page has a block that nothing writes.
    """
    return _BLOCK.sub(
        lambda match: f"{match['begin']}\n{blocks[match['name']]}\n\n{match['end']}", page
    )
