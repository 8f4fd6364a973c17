"""HTTP to Amazon Personalize: recommendations, related items and rankings, and events."""

import base64
import json
import os
import time
import traceback
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import boto3
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config

from personalize_runtime.aws_client import AwsClient
from personalize_runtime.observability import logger, metrics
from personalize_runtime.retries import Deadline
from personalize_runtime.service_errors import code_of
from recommend import problems
from recommend.event_intake import EventIntake
from recommend.problems import ProblemError
from recommend.recommendations import Catalogue, Recommender, Route
from recommend.requests import Query

# Two tries and their pause end before the function does, so that a slow service is an answer too.
_config = Config(
    connect_timeout=1, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 2}
)
recommender = Recommender(
    boto3.client("personalize-runtime", config=_config),
    Catalogue.read(os.environ["MODELS"], os.environ["FILTERS"]),
)
app = APIGatewayHttpResolver()

_EVENTS_PATH = "/events"
# A page sends events as text by sendBeacon: as JSON the browser would ask for permission first.
_EVENTS_CONTENT = ["application/json", "text/plain"]
_STREAM_CONNECT_SECONDS = 1
_STREAM_READ_SECONDS = 2
_RESERVE_FOR_ANSWER = 0.5
_MILLISECONDS = 1000


def _intake() -> EventIntake | None:
    """Return the way of events to the stream, if the stack has one."""
    stream_name = os.environ.get("STREAM_NAME")
    if stream_name is None:
        return None
    client = AwsClient.of(
        "kinesis",
        signing_name="kinesis",
        connect_timeout=_STREAM_CONNECT_SECONDS,
        read_timeout=_STREAM_READ_SECONDS,
        max_connections=1,
    )
    return EventIntake(client, stream_name, _deadline, time.time)


def _deadline() -> Deadline:
    def remaining() -> float:
        return app.lambda_context.get_remaining_time_in_millis() / _MILLISECONDS

    call = _STREAM_CONNECT_SECONDS + _STREAM_READ_SECONDS
    return Deadline(remaining, reserve=_RESERVE_FOR_ANSWER, call=call)


intake = _intake()


def recommendations() -> Response[str]:
    """Answer what suits a user."""
    query = Query.for_user(_query_string())
    return _ok(recommender.recommend(Route.RECOMMENDATIONS, query))


def related() -> Response[str]:
    """Answer what resembles an item."""
    query = Query.for_item(_query_string())
    return _ok(recommender.recommend(Route.RELATED, query))


def ranking() -> Response[str]:
    """Answer items in the order that suits a user."""
    return _ok(recommender.rank(Query.for_ranking(_body())))


def events() -> Response[str]:
    """Put events on the stream."""
    if intake is None:
        raise problems.no_such_route(_EVENTS_PATH, _routes())
    content_type = (app.current_event.headers.get("content-type") or "").partition(";")[0].strip()
    if content_type and content_type.lower() not in _EVENTS_CONTENT:
        raise problems.unsupported_media_type(_EVENTS_CONTENT, content_type)
    taken = intake.take(_body(), app.current_event.request_context.request_id)
    metrics.add_metric("EventsAccepted", MetricUnit.Count, taken)
    return Response(HTTPStatus.ACCEPTED, "application/json", json.dumps({"accepted": taken}))


_ANSWERS: dict[Route, Callable[[], Response[str]]] = {
    Route.RECOMMENDATIONS: recommendations,
    Route.RELATED: related,
    Route.RANKING: ranking,
}
for _route in recommender.catalogue.routes:
    app.route(_route.path, method=_route.method)(_ANSWERS[_route])
if intake is not None:
    app.post(_EVENTS_PATH)(events)


def _routes() -> list[str]:
    """Return what this API answers, each a method and a path."""
    answered = [f"{route.method} {route.path}" for route in recommender.catalogue.routes]
    return [*answered, f"POST {_EVENTS_PATH}"] if intake is not None else answered


@app.not_found
def not_found(_: Exception) -> Response[str]:
    """Answer a request that no route takes: there is no such path, or it has another method."""
    event = app.current_event
    if event.http_method == "OPTIONS":
        # API Gateway replaces this by the CORS configuration of the API.
        return Response(HTTPStatus.NO_CONTENT)
    for method, path in (route.split(" ") for route in _routes()):
        if event.path == path:
            return _problem(problems.wrong_method(event.http_method, path, method))
    return _problem(problems.no_such_route(event.path, _routes()))


def problem(error: ProblemError) -> Response[str]:
    """Answer a request that has a problem which we know."""
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.warning(error.detail, extra={"cause": code_of(error.__cause__)})
    return _problem(error)


def unexpected(error: Exception) -> Response[str]:
    """Answer a request that broke this code, without telling how."""
    # Where it broke, and not the message: that may quote what was asked.
    frames = [
        f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)
    ]
    logger.error("the request broke the API", extra={"cause": type(error).__name__, "at": frames})
    return _problem(problems.internal_error())


app.exception_handler(ProblemError)(problem)
app.exception_handler(Exception)(unexpected)


@metrics.log_metrics
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one request."""
    answer = app.resolve(event, context)
    metrics.add_metric("Requests", MetricUnit.Count, 1)
    if answer["statusCode"] >= HTTPStatus.INTERNAL_SERVER_ERROR:
        metrics.add_metric("Failures", MetricUnit.Count, 1)
    return answer


def _query_string() -> str:
    """Return the query as it was sent; in what API Gateway decodes, repeats are joined."""
    return app.current_event.get("rawQueryString") or ""


def _body() -> bytes:
    body = app.current_event.body or ""
    if app.current_event.is_base64_encoded:
        return base64.b64decode(body)
    return body.encode(errors="surrogatepass")


def _ok(answer: dict[str, Any]) -> Response[str]:
    return Response(HTTPStatus.OK, "application/json", json.dumps(answer))


def _problem(error: ProblemError) -> Response[str]:
    return Response(error.status, problems.CONTENT_TYPE, error.body(), headers=error.headers)
