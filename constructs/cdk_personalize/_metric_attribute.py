"""The values that say what a metric attribution reports on."""

import re
from dataclasses import dataclass
from typing import Self

from cdk_personalize._request import known
from cdk_personalize.avro_schema import DatasetType
from cdk_personalize.metric_expression import SUMMED, MetricExpression, findings

# What the members of the API are called as arguments.
_ARGUMENTS = {"eventType": "event_type", "metricName": "metric_name"}
_MEMBER = re.compile("|".join(_ARGUMENTS))


@dataclass(frozen=True, slots=True)
class MetricAttribute:
    """One figure of a metric attribution: what the events of a type add up to.

    A class like an enumeration: each way to make one is a function of the service.

    Example:
        ```python
        MetricAttribute.sum(
            metric_name="Revenue",
            event_type="Purchase",
            dataset_type=DatasetType.ITEMS,
            column="PRICE",
        )
        ```
    """

    metric_name: str
    event_type: str
    expression: str

    @classmethod
    def count(cls, *, metric_name: str, event_type: str) -> Self:
        """Return how many events of a type there are: `SAMPLECOUNT()`.

        Args:
            metric_name: The name of the figure, 1 to 256 characters.
            event_type: The type of the events, 1 to 256 characters; case does not matter.

        Raises:
            ValueError: If the name or the type is refused.
        """
        return cls._of(metric_name, event_type, str(MetricExpression()))

    @classmethod
    def sum(
        cls, *, metric_name: str, event_type: str, dataset_type: DatasetType, column: str
    ) -> Self:
        """Return what a column of the events of a type, or of their items, adds up to: `SUM()`.

        Args:
            metric_name: The name of the figure, 1 to 256 characters.
            event_type: The type of the events, 1 to 256 characters; case does not matter.
            dataset_type: Interactions for a column of the events, Items for one of their items.
            column: The column, which must hold numbers. One of Items counts from the time on that
                items are imported.

        Raises:
            ValueError: If the name, the type, the dataset or the column is refused.
        """
        if dataset_type not in SUMMED:
            msg = f"dataset_type must be one of {', '.join(SUMMED)}, got {dataset_type}"
            raise ValueError(msg)
        return cls._of(metric_name, event_type, str(MetricExpression((dataset_type, column))))

    @classmethod
    def _of(cls, metric_name: str, event_type: str, expression: str) -> Self:
        attribute = cls(metric_name, event_type, expression)
        if found := findings(known(attribute.as_request())):
            msg = "; ".join(
                _MEMBER.sub(lambda member: _ARGUMENTS[member[0]], each) for each in found
            )
            raise ValueError(msg)
        return attribute

    def as_request(self) -> dict[str, str]:
        """Return the member of `metrics`."""
        return {
            "eventType": self.event_type,
            "metricName": self.metric_name,
            "expression": self.expression,
        }
