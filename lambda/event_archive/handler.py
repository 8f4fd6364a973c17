"""Raw records in the archive to CSV files that Amazon Personalize can import."""

import os
import re
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from event_archive.conversion import Conversion
from event_archive.csv_tables import Table
from personalize_runtime.aws_client import AwsClient
from personalize_runtime.observability import logger, metrics
from personalize_runtime.retries import Deadline

_CONNECT_SECONDS = 1
# Firehose writes objects of up to 128 MiB.
_READ_SECONDS = 30
_RESERVE_FOR_ANSWER = 1
_MILLISECONDS = 1000
# Where Firehose puts an object, by the day on which its first record came.
_DAY = re.compile(r"/(\d{4})/(\d{2})/(\d{2})/")

tables = Table.all_of(os.environ["TABLES"])
prefix = os.environ["ARCHIVE_PREFIX"]
s3 = AwsClient.of(
    "s3",
    signing_name="s3",
    connect_timeout=_CONNECT_SECONDS,
    read_timeout=_READ_SECONDS,
    max_connections=1,
)


@metrics.log_metrics
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Convert the object that an event of Amazon S3 tells of."""
    metrics.add_metric("RawObjects", MetricUnit.Count, 1)
    bucket, key = event["detail"]["bucket"]["name"], event["detail"]["object"]["key"]
    deadline = Deadline(
        lambda: context.get_remaining_time_in_millis() / _MILLISECONDS,
        reserve=_RESERVE_FOR_ANSWER,
        call=_CONNECT_SECONDS + _READ_SECONDS,
    )
    data = deadline.retry(lambda: s3.get_object(bucket, key))
    conversion = Conversion.of(data, tables, day=_day_of(key, event["time"]))
    name = key.rpartition("/")[2]
    for place, content in conversion.files(tables):
        _put(bucket, place.key(prefix, name), content, deadline)
    left_out = conversion.left_out.total()
    metrics.add_metric("RowsArchived", MetricUnit.Count, conversion.row_count)
    metrics.add_metric("RowsLeftOut", MetricUnit.Count, left_out)
    metrics.add_metric("RecordsUnreadable", MetricUnit.Count, conversion.unreadable)
    if left_out or conversion.unreadable:
        logger.warning(
            "not all records have rows; the raw object keeps them",
            extra={
                "key": key,
                "unreadable": conversion.unreadable,
                "leftOut": dict(conversion.left_out),
            },
        )


def _put(bucket: str, key: str, content: bytes, deadline: Deadline) -> None:
    deadline.retry(lambda: s3.put_object(bucket, key, content))


def _day_of(key: str, time: str) -> str:
    """Return the day in the name of an object, or that of the event for one of another name."""
    found = _DAY.search(key)
    return "-".join(found.groups()) if found else time[: len("2026-01-31")]
