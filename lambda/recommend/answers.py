"""Answers, as clients of the API see them."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple

from personalize_runtime.strict_json import json_of
from recommend.declarations import Route
from recommend.http_caching import CachePolicy, etag, is_still_good
from recommend.http_request import Request
from recommend.problems import CONTENT_TYPE, ProblemError
from recommend.recommendations import Served
from recommend.requests import ID_FIELDS, Query

_JSON = "application/json"
_ANY_ORIGIN = "*"
_NOT_KEPT = CachePolicy(no_store=True).cache_control


class Answer(NamedTuple):
    """An answer.

    Attributes:
        status: Its status.
        document: What it says, as JSON; None for nothing.
        headers: Its headers, besides those that every answer has.
        content_type: The type of its body.
    """

    status: int
    document: Mapping[str, Any] | None
    headers: Mapping[str, str] = {}
    content_type: str = _JSON

    @classmethod
    def of_problem(cls, problem: ProblemError) -> "Answer":
        """Return the answer that tells of a problem."""
        headers = {"Cache-Control": "no-store", **problem.headers}
        return cls(problem.status, problem.document(), headers, CONTENT_TYPE)

    def for_gateway(self, request: Request, cors_origins: Sequence[str]) -> dict[str, Any]:
        """Return the answer as API Gateway takes it.

        Args:
            request: What it answers.
            cors_origins: The origins whose pages may read it, where API Gateway does not say so.
        """
        headers = {
            "X-Correlation-Id": request.correlation_id,
            "X-Content-Type-Options": "nosniff",
            **self.headers,
            **_cors(request.headers.get("origin"), cors_origins),
        }
        answer: dict[str, Any] = {"statusCode": int(self.status), "headers": headers, "body": ""}
        if self.document is not None:
            headers["Content-Type"] = self.content_type
            answer["body"] = json_of(self.document)
        return answer


def recommendation(
    route: Route,
    query: Query,
    served: Served,
    cache_control: Mapping[str, str],
    *,
    source: str | None = None,
) -> Answer:
    """Return the answer that tells what is recommended.

    Args:
        route: The route of the request.
        query: What it asks for.
        served: What is recommended.
        cache_control: How long answers may be kept: those to requests of a `user`, and of `anyone`.
        source: What the user's events are attributed to, in an experiment.
    """
    document: dict[str, Any] = {
        "recommendationId": served.recommendation_id,
        "model": served.model,
        "servedBy": served.served_by,
        route.entries: [_entry(entry, query.fields) for entry in served.entries],
    }
    if not served.filtered:
        document["filtered"] = False
    if source is not None:
        # As it is in an event, so that a client copies it.
        document["metricAttribution"] = {"eventAttributionSource": source}
    by = served.served_by if served.model is None else f"{served.served_by}/{served.model}"
    kind = "anyone" if query.user_id is None else "user"
    kept = _NOT_KEPT if served.is_fallback else cache_control.get(kind, _NOT_KEPT)
    headers = {"X-Served-By": by, "Cache-Control": kept}
    return Answer(HTTPStatus.OK, document, headers)


def settled(answer: Answer, request: Request) -> Answer:
    """Return an answer with its ETag, or 304 if the client has it already."""
    if request.method != "GET" or answer.document is None or answer.status != HTTPStatus.OK:
        return answer
    tag = etag(answer.document)
    headers = {**answer.headers, "ETag": tag}
    if is_still_good(request.headers.get("if-none-match"), tag):
        return Answer(HTTPStatus.NOT_MODIFIED, None, headers)
    return answer._replace(headers=headers)


def _entry(entry: Mapping[str, Any], fields: Sequence[str] | None) -> dict[str, Any]:
    """Return an entry as clients see it: what the service says of it, or what was asked for."""
    # Empty metadata says nothing, and a score of 0 does.
    told = {name: value for name, value in entry.items() if value or value == 0}
    if fields is None:
        return told
    columns = told.get("metadata") or {}
    chosen = {
        name: told[name] for name in ID_FIELDS if name in told and name in ("itemId", *fields)
    }
    known = {name: columns[name] for name in fields if name in columns}
    return {**chosen, **({"metadata": known} if known else {})}


def _cors(origin: str | None, allowed: Sequence[str]) -> dict[str, str]:
    if origin is None or not allowed:
        return {}
    if _ANY_ORIGIN in allowed:
        return {"Access-Control-Allow-Origin": _ANY_ORIGIN}
    return {
        "Vary": "Origin",
        **({"Access-Control-Allow-Origin": origin} if origin in allowed else {}),
    }
