"""HTTP to Amazon Personalize: recommendations, related items and rankings, and events."""

import json
import os
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from personalize_runtime.aws_client import AwsClient
from personalize_runtime.observability import NAMESPACE, logger, metrics
from personalize_runtime.retries import Deadline
from personalize_runtime.service_errors import code_of
from recommend import problems
from recommend.answers import Answer, recommendation, settled
from recommend.declarations import Declarations, Route
from recommend.event_intake import EventIntake
from recommend.fallbacks import LastGoodLists
from recommend.http_request import Request
from recommend.problems import ProblemError
from recommend.recommendations import Recommender, Served
from recommend.requests import Query

_EVENTS_PATH, _HEALTH_PATH, _OPENAPI_PATH = "/events", "/health", "/openapi.json"
# A page sends events as text by sendBeacon: as JSON the browser would ask for permission first.
_EVENTS_CONTENT = ["application/json", "text/plain"]
_CONNECT_SECONDS, _READ_SECONDS = 1.0, 3.0
_STREAM_READ_SECONDS = 2.0
_RESERVE_FOR_ANSWER = 0.5
_MILLISECONDS = 1000


def _client(endpoint: str, signing_name: str, read_timeout: float = _READ_SECONDS) -> AwsClient:
    return AwsClient.of(
        endpoint,
        signing_name=signing_name,
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=read_timeout,
        max_connections=1,
    )


def _last_good() -> LastGoodLists | None:
    bucket = os.environ.get("LAST_GOOD_BUCKET")
    if bucket is None:
        return None
    return LastGoodLists(_client("s3", "s3"), bucket, os.environ["LAST_GOOD_PREFIX"])


def _intake() -> EventIntake | None:
    """Return the way of events to the stream, if the stack has one."""
    stream_name = os.environ.get("STREAM_NAME")
    if stream_name is None:
        return None
    client = _client("kinesis", "kinesis", _STREAM_READ_SECONDS)
    return EventIntake(client, stream_name, time.time)


recommender = Recommender(
    _client("personalize-runtime", "personalize"), Declarations.read(os.environ), _last_good()
)
intake = _intake()
user_claim = os.environ.get("USER_CLAIM")
cors_origins: Sequence[str] = json.loads(os.environ.get("CORS_ORIGINS", "[]"))

Handler = Callable[[Request, LambdaContext], Answer]


def _seconds(context: LambdaContext) -> float:
    """Return the seconds that the request has left, without those that the answer needs."""
    return context.get_remaining_time_in_millis() / _MILLISECONDS - _RESERVE_FOR_ANSWER


def _recommend(route: Route) -> Handler:
    def answer(request: Request, context: LambdaContext) -> Answer:
        query = Query.of(request, route, user_claim=user_claim)
        started = time.monotonic()
        served = recommender.recommend(route, query, within=_seconds(context))
        _measure(route, served, time.monotonic() - started)
        settings = recommender.declarations.settings[route]
        return recommendation(route, query, served, settings)

    return answer


def _events(request: Request, context: LambdaContext) -> Answer:
    """Put events on the stream."""
    assert intake is not None
    if request.content_type and request.content_type not in _EVENTS_CONTENT:
        raise problems.unsupported_media_type(_EVENTS_CONTENT, request.content_type)
    deadline = Deadline(
        lambda: context.get_remaining_time_in_millis() / _MILLISECONDS,
        reserve=_RESERVE_FOR_ANSWER,
        call=_CONNECT_SECONDS + _STREAM_READ_SECONDS,
    )
    taken = intake.take(request, deadline, user_claim=user_claim)
    metrics.add_metric("EventsAccepted", MetricUnit.Count, taken)
    return Answer(HTTPStatus.ACCEPTED, {"accepted": taken})


def _health(_: Request, __: LambdaContext) -> Answer:
    """Tell which models are left in peace, since they have failed too often."""
    models = {
        name: "out of order" if breaker.is_open else "ok"
        for name, breaker in recommender.breakers.items()
    }
    status = "degraded" if "out of order" in models.values() else "ok"
    return Answer(
        HTTPStatus.OK, {"status": status, "models": models}, {"Cache-Control": "no-store"}
    )


def _openapi(_: Request, __: LambdaContext) -> Answer:
    """Tell what the API answers."""
    from recommend.openapi import openapi  # noqa: PLC0415, as it is rare and takes time to load

    document = openapi(
        recommender.declarations, takes_events=intake is not None, is_bound=user_claim is not None
    )
    return Answer(HTTPStatus.OK, document, {"Cache-Control": "max-age=300"})


def _routes() -> dict[str, tuple[str, Handler]]:
    """Return what this API answers, by path: the method, and what answers it."""
    routes: dict[str, tuple[str, Handler]] = {
        route.path: (route.method, _recommend(route)) for route in recommender.declarations.routes
    }
    if intake is not None:
        routes[_EVENTS_PATH] = ("POST", _events)
    return routes | {_HEALTH_PATH: ("GET", _health), _OPENAPI_PATH: ("GET", _openapi)}


routes: Mapping[str, tuple[str, Handler]] = _routes()


def _answer(request: Request, context: LambdaContext) -> Answer:
    if request.method == "OPTIONS":
        # API Gateway replaces this by the CORS configuration of the API.
        return Answer(HTTPStatus.NO_CONTENT, None)
    if request.path not in routes:
        known = [f"{method} {path}" for path, (method, _) in routes.items()]
        raise problems.no_such_route(request.path, known)
    method, answer = routes[request.path]
    if request.method != method:
        raise problems.wrong_method(request.method, request.path, method)
    return settled(answer(request, context), request)


def _answer_or_problem(request: Request, context: LambdaContext) -> Answer:
    try:
        return _answer(request, context)
    except ProblemError as error:
        if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            logger.warning(error.detail, extra={"cause": code_of(error.__cause__)})
        return Answer.of_problem(error)
    except Exception as error:
        # Where it broke, and not the message: that may quote what was asked.
        frames = traceback.extract_tb(error.__traceback__)
        at = [f"{frame.filename}:{frame.lineno}" for frame in frames]
        cause = type(error).__name__
        logger.error("the request broke the API", extra={"cause": cause, "at": at})
        return Answer.of_problem(problems.internal_error())


def _refresh(models: Sequence[str], context: LambdaContext) -> dict[str, int]:
    """Keep the lists that models give now, for the time when they give none."""
    lengths: dict[str, int] = {}
    for name in models:
        try:
            lengths[name] = recommender.refresh(name, within=_seconds(context))
        except Exception as error:
            logger.warning(
                "a list could not be refreshed", extra={"model": name, "cause": code_of(error)}
            )
    return lengths


def _measure(route: Route, served: Served, seconds: float) -> None:
    """Tell of an answer, by the model that was asked."""
    of_model = EphemeralMetrics(namespace=NAMESPACE)
    of_model.add_dimension("route", route)
    of_model.add_dimension("model", served.asked)
    of_model.add_metric("Latency", MetricUnit.Milliseconds, seconds * _MILLISECONDS)
    of_model.add_metric("Fallbacks", MetricUnit.Count, int(served.is_fallback))
    of_model.add_metric("EmptyLists", MetricUnit.Count, int(not served.entries))
    of_model.flush_metrics()


@metrics.log_metrics
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one request, or keep lists for a bad time."""
    if "refresh" in event:
        return _refresh(event["refresh"], context)
    request = Request.of(event)
    logger.append_keys(correlation_id=request.correlation_id)
    answer = _answer_or_problem(request, context)
    metrics.add_metric("Requests", MetricUnit.Count, 1)
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        metrics.add_metric("Failures", MetricUnit.Count, 1)
    return answer.for_gateway(request, cors_origins)
