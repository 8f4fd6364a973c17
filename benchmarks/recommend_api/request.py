"""A request of a shop for recommendations, and what the function knows of the stack."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.function.lambda_process import SOURCE, environment

CAMPAIGN_ARN = "arn:aws:personalize:us-east-1:123456789012:campaign/for-you"
_FILTER_ARN = "arn:aws:personalize:us-east-1:123456789012:filter/not-bought"
_CALLER = "arn:aws:sts::123456789012:assumed-role/web-shop/session"
_USER = "user-4711"


def settings(upstream: str, *, code: Path = SOURCE) -> Mapping[str, str]:
    """Return the environment of the function, as the construct sets it.

    Args:
        upstream: The URL that stands for all of AWS.
        code: The folder that its package lies in.
    """
    models = [
        {"name": name, "route": route, "arn": arn}
        for name, route, arn in (
            ("for-you", "recommendations", CAMPAIGN_ARN),
            ("related", "related", f"{CAMPAIGN_ARN}-related"),
            ("ranking", "ranking", f"{CAMPAIGN_ARN}-ranking"),
        )
    ]
    filters = {"not-bought": {"arn": _FILTER_ARN, "numbers": []}}
    return environment(upstream, code) | {
        "MODELS": json.dumps(models),
        "FILTERS": json.dumps(filters),
        "STREAM_NAME": "events",
        "CAMPAIGN_ARN": CAMPAIGN_ARN,  # all that the usual handler knows
    }


def event() -> dict[str, Any]:
    """Return a request as an HTTP API hands it to a function (payload format 2.0)."""
    return {
        "version": "2.0",
        "routeKey": "GET /recommendations",
        "rawPath": "/recommendations",
        "rawQueryString": f"userId={_USER}",
        "queryStringParameters": {"userId": _USER},
        "headers": {
            "accept": "application/json",
            "accept-encoding": "gzip, deflate, br",
            "authorization": "AWS4-HMAC-SHA256 Credential=AKIA, Signature=5e6f",
            "content-length": "0",
            "host": "a1b2c3d4e5.execute-api.us-east-1.amazonaws.com",
            "user-agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X)",
            "x-amz-date": "20261126T201500Z",
            "x-amzn-trace-id": "Root=1-6926d3a4-0a1b2c3d4e5f60718293a4b5",
            "x-forwarded-for": "203.0.113.7",
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
        },
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "a1b2c3d4e5",
            "authorizer": {
                "iam": {"accountId": "123456789012", "userArn": _CALLER, "userId": "AROA:session"}
            },
            "domainName": "a1b2c3d4e5.execute-api.us-east-1.amazonaws.com",
            "domainPrefix": "a1b2c3d4e5",
            "http": {
                "method": "GET",
                "path": "/recommendations",
                "protocol": "HTTP/1.1",
                "sourceIp": "203.0.113.7",
                "userAgent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X)",
            },
            "requestId": "PqRsTuVwXyZ0123=",
            "routeKey": "GET /recommendations",
            "stage": "$default",
            "time": "26/Nov/2026:20:15:00 +0000",
            "timeEpoch": 1795724100000,
        },
        "isBase64Encoded": False,
    }
