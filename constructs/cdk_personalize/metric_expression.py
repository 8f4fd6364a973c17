"""The metrics of a metric attribution: what each adds up, and what that needs of the datasets.

The rules are those of the developer guide's page "Guidelines and requirements for a metric
attribution" (metric-attribution-requirements) and of the API's MetricAttribute and
MetricAttributes. Metrics are mappings as the API has them: `eventType`, `metricName` and
`expression`. A value that is None is not known yet, and not checked. Pure Python: the constructs
check with it at synth, the emulator when it is asked.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cdk_personalize.avro_schema import NUMERIC_TYPES, AvroSchema, DatasetType
from cdk_personalize.solution_config import findings_of_event_type

Metric = Mapping[str, str | None]

MAX_METRICS = 10
MAX_LENGTH = 256
SUMMED = (DatasetType.INTERACTIONS, DatasetType.ITEMS)
"""The datasets whose columns can be summed up; actions are not reported on at all."""

_EXPRESSION = re.compile(r"SAMPLECOUNT\(\)|SUM\((?P<dataset>\w+)\.(?P<column>\w+)\)", re.ASCII)


@dataclass(frozen=True, slots=True)
class MetricExpression:
    """What the events of a type add up to.

    Attributes:
        summed: The dataset and the column that are summed up; None where events are counted.
    """

    summed: tuple[DatasetType, str] | None = None

    @property
    def function(self) -> str:
        """The name of the function, in small letters as reports have it."""
        return "samplecount" if self.summed is None else "sum"

    def __str__(self) -> str:
        """Return the expression as the API takes it."""
        arguments = "" if self.summed is None else ".".join(self.summed)
        return f"{self.function.upper()}({arguments})"


def parse(expression: str) -> MetricExpression:
    """Read an expression.

    Raises:
        ValueError: If it is none.
    """
    match = _EXPRESSION.fullmatch(expression)
    if match is not None and match["dataset"] is None:
        return MetricExpression()
    for dataset_type in SUMMED:
        if match is not None and match["dataset"].casefold() == dataset_type.casefold():
            return MetricExpression((dataset_type, match["column"]))
    sums = ", ".join(f"SUM({dataset_type}.COLUMN)" for dataset_type in SUMMED)
    msg = f"an expression must be {sums} or SAMPLECOUNT(), got {expression}"
    raise ValueError(msg)


def findings(metric: Metric) -> list[str]:
    """Return every rule that a metric breaks by itself; none if it is fine."""
    name, expression = metric["metricName"], metric["expression"]
    found = findings_of_event_type(metric["eventType"])
    if name is not None and not 1 <= len(name) <= MAX_LENGTH:
        found.append(f"metricName must have 1 to {MAX_LENGTH} characters, got {len(name)}")
    if expression is not None:
        if len(expression) > MAX_LENGTH:
            found.append(
                f"an expression has at most {MAX_LENGTH} characters, got {len(expression)}"
            )
        try:
            parse(expression)
        except ValueError as error:
            found.append(str(error))
    return found


def findings_of_names(metrics: Sequence[Metric]) -> list[str]:
    """Return the names that several metrics bear.

    Case does not tell names apart: the service tells all of them in upper case (CloudFormation's
    registry has it so).
    """
    names = [name for metric in metrics if (name := metric["metricName"]) is not None]
    counted = Counter(name.casefold() for name in names)
    several = {name.casefold(): name for name in names if counted[name.casefold()] > 1}
    return [
        f"the metrics of a metric attribution have different names, got {name} more than once"
        for name in several.values()
    ]


def findings_of_number(metrics: Sequence[Metric], most: int | None = MAX_METRICS) -> list[str]:
    """Return why there are too many metrics; `most` is None if there is no limit."""
    if most is None or len(metrics) <= most:
        return []
    return [f"a metric attribution has at most {most} metrics, got {len(metrics)}"]


def findings_of_columns(
    metrics: Sequence[Metric],
    schemas: Mapping[DatasetType, AvroSchema],
    *,
    complete: bool = False,
) -> list[str]:
    """Return what the datasets lack of what the metrics need; nothing if they are fine.

    Args:
        metrics: The metrics, each fine by itself.
        schemas: The schemas of the datasets that are known.
        complete: Whether these are all datasets of the group, so that no other can be used.
    """
    found = []
    interactions = schemas.get(DatasetType.INTERACTIONS)
    if complete if interactions is None else interactions.field("EVENT_TYPE") is None:
        found.append("a metric attribution needs a dataset Interactions with the column EVENT_TYPE")
    for metric in metrics:
        found += _findings_of_sum(metric, schemas, complete=complete)
    return list(dict.fromkeys(found))


def _findings_of_sum(
    metric: Metric, schemas: Mapping[DatasetType, AvroSchema], *, complete: bool
) -> Iterator[str]:
    summed = None if metric["expression"] is None else parse(metric["expression"]).summed
    if summed is None:
        return
    dataset_type, column = summed
    schema = schemas.get(dataset_type)
    if schema is None:
        if complete:
            yield f"the dataset group has no dataset {dataset_type}, got {metric['expression']}"
        return
    field = schema.field(column)
    if field is None:
        columns = ", ".join(schema.columns)
        yield f"the schema of {dataset_type} has no column {column}, only {columns}"
    elif field.type not in NUMERIC_TYPES:
        yield f"SUM adds up numbers, got {dataset_type}.{column} of type {field.type}"
