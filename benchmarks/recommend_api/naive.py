"""The usual handler: boto3 as it comes, and its answer as JSON."""

import json
import os
from typing import Any

import boto3

personalize_runtime = boto3.client("personalize-runtime")


def handler(event: dict[str, Any], _: object) -> dict[str, Any]:
    """Answer what suits a user."""
    answer = personalize_runtime.get_recommendations(
        campaignArn=os.environ["CAMPAIGN_ARN"],
        userId=event["queryStringParameters"]["userId"],
    )
    body = {"recommendationId": answer["recommendationId"], "items": answer["itemList"]}
    return {
        "statusCode": 200,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps(body),
    }
