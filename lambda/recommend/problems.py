"""Problems, as clients of the API see them: RFC 9457 documents."""

import json
import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus

CONTENT_TYPE = "application/problem+json"
# A campaign appears when training ends, which takes an hour rather than a second.
RETRY_WITHOUT_MODEL_SECONDS = 60
RETRY_THROTTLED_SECONDS = 1


class ProblemError(Exception):
    """A request that gets a problem document for an answer.

    Attributes:
        status: The status of the answer.
        detail: What is the matter with this request, in one sentence.
        parameter: The parameter that is the cause, if one is.
        headers: The headers that go with the status.
    """

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        parameter: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Tell what is the matter."""
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.parameter = parameter
        self.headers: Mapping[str, str] = headers or {}

    def document(self) -> dict[str, object]:
        """Return the document; the status says all that its type could, so that is blank."""
        document: dict[str, object] = {
            "type": "about:blank",
            "title": self.status.phrase,
            "status": self.status.value,
            "detail": self.detail,
        }
        if self.parameter is not None:
            document["parameter"] = self.parameter
        return document


def bad_parameter(*, parameter: str, allowed: str, got: object) -> ProblemError:
    """Return the problem of a request whose parameter has a value that it may not have."""
    return ProblemError(
        HTTPStatus.BAD_REQUEST, f"{parameter} must be {allowed}, got {_shown(got)}", parameter
    )


def missing_parameter(*, parameter: str) -> ProblemError:
    """Return the problem of a request that lacks a parameter."""
    return ProblemError(HTTPStatus.BAD_REQUEST, f"{parameter} is missing", parameter)


def unknown_parameter(parameter: str, *, allowed: Sequence[str]) -> ProblemError:
    """Return the problem of a request with a parameter that means nothing, a typing error say."""
    detail = f"{_shown(parameter)} is no parameter of this route, allowed are {', '.join(allowed)}"
    return ProblemError(HTTPStatus.BAD_REQUEST, detail, parameter)


def bad_query() -> ProblemError:
    """Return the problem of a request with a query string that cannot be read."""
    detail = "the query string is not UTF-8, or has too many parameters"
    return ProblemError(HTTPStatus.BAD_REQUEST, detail)


def bad_base64() -> ProblemError:
    """Return the problem of a request with a body that is not what its gateway says."""
    return ProblemError(HTTPStatus.BAD_REQUEST, "the body is no base64")


def other_user(parameter: str) -> ProblemError:
    """Return the problem of a request for another user than the one who sends it."""
    return ProblemError(
        HTTPStatus.FORBIDDEN, f"{parameter} must be the user of the token", parameter
    )


def no_user() -> ProblemError:
    """Return the problem of a request by a token that names no user."""
    return ProblemError(HTTPStatus.FORBIDDEN, "the token names no user")


def no_such_route(path: str, routes: list[str]) -> ProblemError:
    """Return the problem of a request to a path that nothing answers."""
    detail = f"nothing answers {_shown(path)}, there is {', '.join(routes) or 'no model yet'}"
    return ProblemError(HTTPStatus.NOT_FOUND, detail)


def wrong_method(method: str, path: str, allowed: str) -> ProblemError:
    """Return the problem of a request to a route by another method than its own."""
    detail = f"{path} answers {allowed}, got {method}"
    return ProblemError(HTTPStatus.METHOD_NOT_ALLOWED, detail, headers={"Allow": allowed})


def no_model_yet(model: str) -> ProblemError:
    """Return the problem of a request to a model that is declared and not trained yet."""
    return ProblemError(
        HTTPStatus.SERVICE_UNAVAILABLE,
        f"the model {model!r} is not ready: it is there when it has been trained and deployed",
        headers={"Retry-After": str(RETRY_WITHOUT_MODEL_SECONDS)},
    )


def out_of_order(model: str, seconds: float) -> ProblemError:
    """Return the problem of a request to a model that has failed too often to be asked now."""
    return ProblemError(
        HTTPStatus.SERVICE_UNAVAILABLE,
        f"the model {model!r} is out of order",
        headers={"Retry-After": str(max(1, math.ceil(seconds)))},
    )


def throttled() -> ProblemError:
    """Return the problem of a request in a time of too many."""
    return ProblemError(
        HTTPStatus.TOO_MANY_REQUESTS,
        "there are more requests than the model takes",
        headers={"Retry-After": str(RETRY_THROTTLED_SECONDS)},
    )


def too_large(allowed: int, got: int) -> ProblemError:
    """Return the problem of a request with a body that is larger than this API takes."""
    return ProblemError(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body may have {allowed} bytes, got {got}"
    )


def unsupported_media_type(allowed: list[str], got: str) -> ProblemError:
    """Return the problem of a request with a body of a kind that this API does not read."""
    return ProblemError(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        f"the content-type must be {' or '.join(allowed)}, got {_shown(got)}",
        "content-type",
    )


def stream_unavailable(left: int, of: int) -> ProblemError:
    """Return the problem of a request whose events the stream did not take, or not all of them."""
    return ProblemError(
        HTTPStatus.SERVICE_UNAVAILABLE,
        f"{left} of {of} events could not be taken; send all of them again: those that have an"
        " eventId count once",
        headers={"Retry-After": str(RETRY_THROTTLED_SECONDS)},
    )


def timed_out() -> ProblemError:
    """Return the problem of a request that Amazon Personalize did not answer in time."""
    return ProblemError(HTTPStatus.GATEWAY_TIMEOUT, "Amazon Personalize did not answer in time")


def bad_gateway() -> ProblemError:
    """Return the problem of a request that Amazon Personalize failed to answer."""
    return ProblemError(HTTPStatus.BAD_GATEWAY, "Amazon Personalize failed to answer")


def internal_error() -> ProblemError:
    """Return the problem of a request that broke this API."""
    return ProblemError(HTTPStatus.INTERNAL_SERVER_ERROR, "the request broke the API")


def _shown(value: object) -> str:
    text = json.dumps(value, default=repr)
    longest = 80
    return text if len(text) <= longest else f"{text[:longest]}..."
