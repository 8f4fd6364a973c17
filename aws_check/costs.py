"""What a run costs: each item with its price, where the price is from, and the arithmetic.

The prices are those of us-east-1, and orders of magnitude: none of them was read from a bill.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

HOURS = 5.0
"""How long a run takes on AWS, roughly: the demo learns for two hours, the questions take three."""

_TRAINING_V2 = 0.002  # per 1,000 interactions
_TRAINING_HOUR = 0.24
_TRAINING_HOURS = 5  # billed hours, which may exceed those of the clock
_INGESTION_GB = 0.05
_TPS_HOUR = 0.20
_REQUESTS_V2 = 0.15  # per 1,000
_REQUESTS_OF_FLOOR = 3.6  # thousands an hour, at one a second
_STREAM_HOUR = 0.04
_KEY_MONTH = 1.00
_METRIC_MONTH = 0.30
_MONTH_HOURS = 730

CAMPAIGN_V2_HOUR = _REQUESTS_V2 * _REQUESTS_OF_FLOOR
"""What a campaign of a v2 recipe costs, if the floor of one request a second holds for it."""
CAMPAIGN_HOUR = _TPS_HOUR
STREAM_HOUR = _STREAM_HOUR
KEY_HOUR = _KEY_MONTH / _MONTH_HOURS

_PERSONALIZE = "aws.amazon.com/personalize/pricing, as third parties quote it (2026)"


@dataclass(frozen=True)
class Cost:
    """One item.

    Args:
        item: What is paid for.
        arithmetic: How the sum comes about.
        dollars: The sum, in US dollars.
        source: Where the price is from.
    """

    item: str
    arithmetic: str
    dollars: float
    source: str


def costs(files: list[Path], hours: float = HOURS) -> list[Cost]:
    """Return the items of a run.

    Args:
        files: The data files; the last one is of interactions.
        hours: How long the run lasts.
    """
    gigabytes = sum(file.stat().st_size for file in files) / 1e9
    with files[-1].open(encoding="utf-8") as lines:
        thousands = (sum(1 for _ in lines) - 1) / 1000
    return [
        Cost(
            "data ingestion",
            f"{gigabytes:.4f} GB x ${_INGESTION_GB}/GB",
            gigabytes * _INGESTION_GB,
            _PERSONALIZE,
        ),
        Cost(
            "training of two v2 solutions",
            f"2 x {thousands:g} thousand interactions x ${_TRAINING_V2}",
            2 * thousands * _TRAINING_V2,
            _PERSONALIZE,
        ),
        Cost(
            "training of one solution of another recipe",
            f"{_TRAINING_HOURS} training hours (assumed) x ${_TRAINING_HOUR}",
            _TRAINING_HOURS * _TRAINING_HOUR,
            _PERSONALIZE,
        ),
        Cost(
            "two campaigns of v2 recipes, by the hour",
            f"2 x {hours:g} h x {_REQUESTS_OF_FLOOR:g} thousand requests (if the floor of 1 TPS"
            f" holds: question 8) x ${_REQUESTS_V2}",
            2 * hours * CAMPAIGN_V2_HOUR,
            _PERSONALIZE,
        ),
        Cost(
            "one campaign of another recipe, and one more for an hour (question 1)",
            f"({hours:g} h + 1 h) x 1 TPS x ${_TPS_HOUR}/TPS-hour",
            (hours + 1) * CAMPAIGN_HOUR,
            _PERSONALIZE,
        ),
        Cost(
            "Kinesis stream on demand",
            f"{hours:g} h x ${_STREAM_HOUR}",
            hours * STREAM_HOUR,
            "aws.amazon.com/kinesis/data-streams/pricing (not looked up)",
        ),
        Cost(
            "KMS key, which then waits for its deletion free of charge",
            f"{hours:g} h of a month of {_MONTH_HOURS} h x ${_KEY_MONTH:.2f}",
            hours * KEY_HOUR,
            "aws.amazon.com/kms/pricing (not looked up)",
        ),
        Cost(
            "metric of CloudWatch, made by a metric attribution (question 14)",
            f"at most 1 metric x ${_METRIC_MONTH:.2f} a month",
            _METRIC_MONTH,
            "developer guide, metric-attribution-requirements",
        ),
        Cost(
            "S3, Lambda, Step Functions, DynamoDB, SQS, API Gateway, CloudWatch Logs",
            "some thousand requests, each well below $1 per thousand; taken together",
            0.20,
            "assumed",
        ),
    ]


def per_hour(leftover: str) -> float:
    """Return what something that was left costs by the hour; 0 where nothing is billed so.

    Args:
        leftover: What it is, as `service: name`.
    """
    service, _, name = leftover.partition(": ")
    if service == "personalize" and ":campaign/" in name:
        return CAMPAIGN_V2_HOUR  # the dearer of the two kinds
    return {"kinesis": STREAM_HOUR, "kms": KEY_HOUR}.get(service, 0.0)
