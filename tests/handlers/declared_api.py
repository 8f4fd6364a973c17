"""The function of the API, as a stack of the test's own declares it."""

import base64
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlencode

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from recommend import handler as function
from recommend.api import Api
from tests.handlers.conftest import CAMPAIGN_ARN, FILTER_ARN, Context
from tests.handlers.upstream import Answer, Call, Upstream

RECOMMENDER_ARN = "arn:aws:personalize:us-east-1:123456789012:recommender"
MODELS: Sequence[Mapping[str, Any]] = (
    {"name": "for-you", "route": "recommendations", "arn": f"{CAMPAIGN_ARN}/for-you"},
    {"name": "new", "route": "recommendations", "arn": f"{CAMPAIGN_ARN}/new"},
    {"name": "similar", "route": "related", "arn": f"{CAMPAIGN_ARN}/similar"},
    {"name": "best", "route": "popular", "arn": f"{RECOMMENDER_ARN}/best", "needsUser": True},
    {"name": "liked", "route": "popular", "arn": f"{CAMPAIGN_ARN}/liked"},
    {"name": "rising", "route": "trending", "arn": f"{CAMPAIGN_ARN}/rising"},
    {"name": "ranked", "route": "ranking", "arn": f"{CAMPAIGN_ARN}/ranked"},
    {"name": "next", "route": "actions", "arn": f"{CAMPAIGN_ARN}/next"},
)
FILTERS: Mapping[str, Any] = {
    "unseen": {"arn": f"{FILTER_ARN}/unseen", "numbers": [], "texts": []},
    "genre": {"arn": f"{FILTER_ARN}/genre", "numbers": ["MAX_PRICE"], "texts": ["GENRE"]},
}
PROMOTIONS: Mapping[str, Any] = {
    "sale": {"filter": "genre", "percent": 20, "values": {"GENRE": ["sale"]}},
}


def answer_all(call: Call) -> Answer:
    """Answer as Amazon Personalize does, whatever is asked."""
    if call.url.endswith("/personalize-ranking"):
        entries = [{"itemId": one, "score": 0.5} for one in call.body["inputList"]]
        return Answer({"recommendationId": "RID-2", "personalizedRanking": entries})
    if call.url.endswith("/action-recommendations"):
        return Answer({"recommendationId": "RID-3", "actionList": [{"actionId": "join"}]})
    items = [{"itemId": "tea", "score": 0.9}, {"itemId": "cup"}]
    return Answer({"recommendationId": "RID-1", "itemList": items})


@dataclass
class Reply:
    """What a client sees."""

    status: int
    headers: Mapping[str, str]
    body: Any


@dataclass
class DeclaredApi:
    """The function, and what stands for Amazon Personalize."""

    api: Api
    personalize: Upstream
    context: Context

    def get(
        self, path: str, headers: Mapping[str, str] | None = None, **query: str | list[str]
    ) -> Reply:
        return self.send("GET", path, query, headers=headers)

    def post(self, path: str, body: object, headers: Mapping[str, str] | None = None) -> Reply:
        return self.send("POST", path, {}, body, headers=headers)

    def send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str | list[str]],
        body: object = None,
        *,
        headers: Mapping[str, str] | None = None,
        authorizer: Mapping[str, Any] | None = None,
    ) -> Reply:
        """Send a request as an HTTP API hands it on (payload format 2.0)."""
        event = {
            "version": "2.0",
            "rawPath": path,
            "rawQueryString": urlencode(query, doseq=True),
            "headers": {"content-type": "application/json", **(headers or {})},
            "requestContext": {
                "http": {"method": method, "path": path},
                "requestId": "request-1",
                "stage": "$default",
                "authorizer": authorizer or {},
            },
            "body": None if body is None else base64.b64encode(_bytes_of(body)).decode(),
            "isBase64Encoded": body is not None,
        }
        return self.invoke(event)

    def invoke_refresh(self, *models: str) -> dict[str, Any]:
        """Let the function keep the lists of models, as a rule of EventBridge does."""
        kept: dict[str, Any] = function.handler(
            {"refresh": list(models)}, cast("LambdaContext", self.context)
        )
        return kept

    def invoke(self, event: Mapping[str, Any]) -> Reply:
        answer = function.handler(dict(event), cast("LambdaContext", self.context))
        body = answer["body"]
        return Reply(answer["statusCode"], answer["headers"], json.loads(body) if body else None)


Declare = Callable[..., AbstractContextManager[DeclaredApi]]


@contextmanager
def declared_api(patch: pytest.MonkeyPatch, **environment: object) -> Iterator[DeclaredApi]:
    """Declare an API.

    Args:
        patch: What puts the API into the function, and takes it out again.
        environment: The environment of the function; what is no text becomes JSON.
    """
    api = put_into_function(patch, **environment)
    with Upstream(answer_all).behind(api.recommender.client) as personalize:
        yield DeclaredApi(api, personalize, Context(10))


def put_into_function(patch: pytest.MonkeyPatch, **environment: object) -> Api:
    """Declare an API whose calls go out, and return it.

    Args:
        patch: What puts the API into the function, and takes it out again.
        environment: The environment of the function; what is no text becomes JSON.
    """
    declared = {"MODELS": MODELS, "FILTERS": FILTERS, "PROMOTIONS": PROMOTIONS, **environment}
    texts = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in declared.items()
    }
    api = Api(texts, function.measures)
    patch.setattr(function, "api", api)
    return api


def _bytes_of(body: object) -> bytes:
    if isinstance(body, bytes):
        return body
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()
