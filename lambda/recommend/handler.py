"""HTTP to Amazon Personalize: recommendations, related items and rankings, and events."""

import os
import traceback
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import personalize_runtime.connections  # noqa: F401 - first: it reads certificates meanwhile
from personalize_runtime.observability import logger
from personalize_runtime.service_errors import code_of
from recommend import problems
from recommend.answers import Answer
from recommend.api import Api
from recommend.http_request import Request
from recommend.measures import Measures
from recommend.problems import ProblemError

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_MILLISECONDS = 1000

measures = Measures()
api = Api(os.environ, measures)


def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Answer one request, or keep lists for a bad time."""

    def remaining() -> float:
        return context.get_remaining_time_in_millis() / _MILLISECONDS

    if "refresh" in event:
        logger.append_keys(function_request_id=context.aws_request_id)
        kept = api.refresh(event["refresh"], remaining)
        measures.write()
        return kept
    request = Request.of(event)
    logger.append_keys(
        function_request_id=context.aws_request_id, correlation_id=request.correlation_id
    )
    answer = _answer_or_problem(request, remaining)
    measures.count("Requests")
    measures.count("Failures", int(answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR))
    measures.write()
    return answer.for_gateway(request, api.cors_origins)


def _answer_or_problem(request: Request, remaining: Callable[[], float]) -> Answer:
    try:
        return api.answer(request, remaining)
    except ProblemError as error:
        if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            logger.warning(error.detail, extra={"cause": code_of(error.__cause__)})
        return Answer.of_problem(error)
    except Exception as error:
        # Whoever asks gets an answer. Where it broke, and not the message: that may quote what was
        # asked.
        frames = traceback.extract_tb(error.__traceback__)
        at = [f"{frame.filename}:{frame.lineno}" for frame in frames]
        cause = type(error).__name__
        logger.error("the request broke the API", extra={"cause": cause, "at": at})
        return Answer.of_problem(problems.internal_error())
