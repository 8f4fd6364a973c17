"""The environment that the Lambda functions find when they are loaded, and their context."""

from __future__ import annotations

import io
import json
import logging
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TextIO, cast

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

if TYPE_CHECKING:
    from tests.handlers.declared_api import Declare, DeclaredApi

CAMPAIGN_ARN = "arn:aws:personalize:us-east-1:123456789012:campaign"
DATASET_ARN = "arn:aws:personalize:us-east-1:123456789012:dataset/shop"
FILTER_ARN = "arn:aws:personalize:us-east-1:123456789012:filter"

os.environ |= {
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_EC2_METADATA_DISABLED": "true",
    "POWERTOOLS_SERVICE_NAME": "test",
    "TRACKING_ID": "tracker-1",
    "ACTION_TRACKING_ID": "tracker-2",
    "ITEMS_DATASET_ARN": f"{DATASET_ARN}/ITEMS",
    "USERS_DATASET_ARN": f"{DATASET_ARN}/USERS",
    "STREAM_NAME": "events",
    "DEAD_LETTER_BUCKET": "data",
    "DEAD_LETTER_PREFIX": "dead-letters/",
    "ARCHIVE_PREFIX": "archive/",
    "TABLES": json.dumps(
        {
            "interactions": {
                "columns": "USER_ID:string,ITEM_ID:string,TIMESTAMP:long,EVENT_TYPE:string,"
                "EVENT_VALUE:float?,IMPRESSION:string?,RECOMMENDATION_ID:string?,DEVICE:string?",
                "keywords": "USER_ID,ITEM_ID,EVENT_ATTRIBUTION_SOURCE",
            },
            "items": {
                "columns": "ITEM_ID:string,PRICE:float,STOCK:int?,WEIGHT:double?,FRAGILE:boolean?,"
                "CREATION_TIMESTAMP:long?,STORY:prose?",
                "keywords": "ITEM_ID,CREATION_TIMESTAMP",
            },
            "users": {"columns": "USER_ID:string,PLAN_L1:string?", "keywords": "USER_ID"},
            "actions": {"columns": "ACTION_ID:string,VALUE:long?", "keywords": "ACTION_ID"},
            "action_interactions": {
                "columns": "USER_ID:string,ACTION_ID:string,EVENT_TYPE:string,TIMESTAMP:long",
                "keywords": "USER_ID",
            },
        }
    ),
    "DEAD_LETTER_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/dead-letters",
    "MODELS": json.dumps(
        [
            {
                "name": "for-you",
                "route": "recommendations",
                "arn": f"{CAMPAIGN_ARN}/for-you",
            },
            {"name": "new", "route": "recommendations", "arn": f"{CAMPAIGN_ARN}/new"},
            {"name": "similar", "route": "related", "arn": f"{CAMPAIGN_ARN}/similar"},
            {"name": "ranked", "route": "ranking", "arn": f"{CAMPAIGN_ARN}/ranked"},
        ]
    ),
    "FILTERS": json.dumps(
        {
            "unseen": {"arn": f"{FILTER_ARN}/unseen", "numbers": []},
            "genre": {"arn": f"{FILTER_ARN}/genre", "numbers": ["MAX_PRICE"]},
        }
    ),
}


@dataclass
class Context:
    """The little of a Lambda context that the functions read."""

    seconds: float = 60
    function_name: str = "function"
    memory_limit_in_mb: int = 256
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:function"
    aws_request_id: str = "request-1"
    _started: float = field(default_factory=time.monotonic)

    def get_remaining_time_in_millis(self) -> int:
        """Return what is left of the time."""
        return int((self._started + self.seconds - time.monotonic()) * 1000)


@pytest.fixture
def lambda_context() -> LambdaContext:
    return cast("LambdaContext", Context())


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Give what the functions log, as CloudWatch gets it."""
    # Loaded here, since Powertools reads the environment above when it is loaded.
    from personalize_runtime.observability import logger  # noqa: PLC0415

    text = io.StringIO()
    handler = cast("logging.StreamHandler[TextIO]", logger.registered_handler)
    stream = handler.setStream(text)
    yield text
    handler.setStream(stream or sys.stdout)


@pytest.fixture
def declare(monkeypatch: pytest.MonkeyPatch) -> Declare:
    """Return what declares an API by the environment that it is given."""
    from tests.handlers.declared_api import declared_api  # noqa: PLC0415 - it imports this module

    return lambda **environment: declared_api(monkeypatch, **environment)


@pytest.fixture
def api(declare: Declare) -> Iterator[DeclaredApi]:
    with declare() as declared:
        yield declared
