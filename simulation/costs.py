"""What a month costs, at the list prices of us-east-1.

No copy of AWS's live price pages could be read when this was written. The prices were checked in
November 2026 against the sources that are named here; look at the pages before you decide.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from simulation.day import Day
from simulation.settings import GIB, KIB, Deployment, Traffic
from simulation.traffic import DAY

DAYS = 30
_HOURS = DAYS * 24
MONTH_SECONDS = DAYS * DAY
MILLION = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Prices:
    """List prices in USD.

    Attributes:
        stream_hour: A stream on demand. https://aws.amazon.com/kinesis/data-streams/pricing/, by
            the price API as Infracost's tests have it; so are the other prices of Kinesis.
        written_gib: What is written to it; each record counts as whole KiB.
        read_gib: What is read from it, as it is.
        kept_gib_month: What it keeps for longer than a day, up to seven.
        advantage: The share of these that On-demand Advantage takes, at most: "at least 60% lower",
            and nothing by the hour (developer guide of Kinesis, "Choose the right mode").
        advantage_bytes: What it charges at least, of writing and of reading, in bytes a second.
        shard_hour: A provisioned shard.
        put_units: A million records of up to 25 KB each.
        kept_shard_hour: A shard that keeps records for longer than a day, up to seven.
        requests: A million invocations. https://aws.amazon.com/lambda/pricing/, by Infracost.
        gib_second: A second of a GB of memory on ARM, the first 7.5 billion of a month.
        events_gib: Events that Amazon Personalize takes in. Three third parties agree on it;
            https://aws.amazon.com/personalize/pricing/ could not be read.
        logs_gib: Logs that are written. https://aws.amazon.com/cloudwatch/pricing/, by Infracost.
        logs_gib_month: Logs that are kept, without compression.
        traces: A million traces. https://aws.amazon.com/xray/pricing/, not confirmed.
    """

    stream_hour: float = 0.04
    written_gib: float = 0.08
    read_gib: float = 0.04
    kept_gib_month: float = 0.10
    advantage: float = 0.4
    advantage_bytes: float = 25 * KIB * KIB
    shard_hour: float = 0.015
    put_units: float = 0.014
    kept_shard_hour: float = 0.020
    requests: float = 0.20
    gib_second: float = 0.000_013_333_4
    events_gib: float = 0.05
    logs_gib: float = 0.50
    logs_gib_month: float = 0.03
    traces: float = 5.00


_PUT_UNIT_BYTES = 25 * KIB
_TRACED_SHARE = 0.05  # and one a second: the fixed rate of Lambda's active tracing


def bill(day: Day, prices: Prices | None = None) -> Mapping[str, float]:
    """Return the USD of a month of such days, by part, without Kinesis.

    Args:
        day: The day.
        prices: What things cost (default: the list prices).
    """
    prices = prices or Prices()
    function = day.deployment.function
    invocations = day.invocations * DAYS
    gib_seconds = day.invocation_seconds * DAYS * function.memory / KIB
    logs = invocations * function.log_bytes / GIB
    traces = min(invocations, MONTH_SECONDS + _TRACED_SHARE * invocations)
    return {
        "Lambda, time": gib_seconds * prices.gib_second,
        "Lambda, requests": invocations / MILLION * prices.requests,
        "CloudWatch Logs and X-Ray": logs * (prices.logs_gib + prices.logs_gib_month)
        + traces / MILLION * prices.traces,
        "Amazon Personalize, events": day.sent
        * DAYS
        * day.traffic.event_bytes
        / GIB
        * prices.events_gib,
    }


def on_demand(traffic: Traffic, retention_days: int, prices: Prices | None = None) -> float:
    """Return the USD a month of a stream on demand.

    Args:
        traffic: The events.
        retention_days: How long the stream keeps them, up to seven days.
        prices: What things cost (default: the list prices).
    """
    prices = prices or Prices()
    return prices.stream_hour * _HOURS + _by_volume(traffic, retention_days, prices)


def on_demand_advantage(
    traffic: Traffic, retention_days: int, prices: Prices | None = None
) -> float:
    """Return the USD a month of it in On-demand Advantage, if it is the only stream.

    Args:
        traffic: The events.
        retention_days: How long the stream keeps them, up to seven days.
        prices: What things cost (default: the list prices).
    """
    prices = prices or Prices()
    least = prices.advantage_bytes * MONTH_SECONDS / GIB
    written, read, kept = _volumes(traffic, retention_days)
    return prices.advantage * (
        max(written, least) * prices.written_gib
        + max(read, least) * prices.read_gib
        + kept * prices.kept_gib_month
    )


def provisioned(
    traffic: Traffic, shards: int, retention_days: int, prices: Prices | None = None
) -> float:
    """Return the USD a month of a stream with provisioned shards.

    Args:
        traffic: The events.
        shards: The shards.
        retention_days: How long the stream keeps them, up to seven days.
        prices: What things cost (default: the list prices).
    """
    prices = prices or Prices()
    by_hour = prices.shard_hour + (prices.kept_shard_hour if retention_days > 1 else 0.0)
    units = traffic.mean * MONTH_SECONDS * math.ceil(traffic.event_bytes / _PUT_UNIT_BYTES)
    return shards * by_hour * _HOURS + units / MILLION * prices.put_units


def of_stream(deployment: Deployment, traffic: Traffic) -> float:
    """Return the USD a month of the stream of a deployment.

    Args:
        deployment: Whose stream it is.
        traffic: The events.
    """
    days = deployment.retention_days
    if deployment.shard_count is None:
        return on_demand(traffic, days)
    return provisioned(traffic, deployment.shard_count, days)


def _by_volume(traffic: Traffic, retention_days: int, prices: Prices) -> float:
    written, read, kept = _volumes(traffic, retention_days)
    return written * prices.written_gib + read * prices.read_gib + kept * prices.kept_gib_month


def _volumes(traffic: Traffic, retention_days: int) -> tuple[float, float, float]:
    """Return the GiB of a month that are written, read, and kept beyond a day."""
    records = traffic.mean * MONTH_SECONDS
    written = records * math.ceil(traffic.event_bytes / KIB) * KIB / GIB
    read = records * traffic.event_bytes / GIB
    kept = traffic.mean * DAY * (retention_days - 1) * traffic.event_bytes / GIB
    return written, read, kept
