"""The quotas of Amazon Personalize on what a Region and a dataset group hold.

The figures are those of the developer guide's page "Amazon Personalize endpoints and quotas"
(limits), but for the recommenders of a Region, which its page creating-recommenders tells. Pure
Python: the constructs count with it at synth, the emulator at each request.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quota:
    """How much of something there may be.

    Args:
        what: The things that are counted.
        limit: How many of them there may be.
        adjustable: Whether AWS allows an account more, if it is asked to.
    """

    what: str
    limit: int
    adjustable: bool = False

    def finding(self, holder: str, count: int) -> str | None:
        """Return that there are too many; none if there are not.

        Args:
            holder: What holds them, with its article.
            count: How many there are.
        """
        if count <= self.limit:
            return None
        if self.adjustable:
            return (
                f"{holder} holds {self.limit} {self.what} unless AWS has raised the quota of the"
                f" account, got number {count}"
            )
        return f"{holder} holds at most {self.limit} {self.what}, got number {count}"


# By the types of resources as ARNs write them.
IN_REGION: Mapping[str, Quota] = {
    "schema": Quota("schemas", 500),
    "dataset-group": Quota("dataset groups", 5, adjustable=True),
    "recommender": Quota("recommenders", 15),
}
IN_DATASET_GROUP: Mapping[str, Quota] = {
    "solution": Quota("solutions", 10, adjustable=True),
    "campaign": Quota("campaigns", 5, adjustable=True),
    "recommender": Quota("recommenders", 5),
    "filter": Quota("filters", 30, adjustable=True),
}
