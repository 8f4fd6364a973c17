"""The OpenAPI document of the API is true: schemathesis looks for a difference to the function."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import schemathesis
from requests import PreparedRequest, Response, Session
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from schemathesis.config import SchemathesisConfig
from urllib3 import HTTPResponse

from tests.handlers.gateway import HttpRequest, body_of, http_api_event
from tests.handlers.recommend_function import Function

URL = "http://api.test"
EXAMPLES = 100

ID = {"type": "string", "minLength": 1, "maxLength": 256}
PROBLEM = {
    "description": "The request is at fault",
    "content": {
        "application/problem+json": {
            "schema": {
                "type": "object",
                "properties": {
                    "type": {"type": "string"},
                    "title": {"type": "string"},
                    "status": {"type": "integer"},
                    "detail": {"type": "string"},
                    "parameter": {"type": "string"},
                },
                "required": ["type", "title", "status", "detail"],
            }
        }
    },
}
ITEMS = {
    "description": "What is recommended, the best first",
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "properties": {
                    "recommendationId": {"type": "string"},
                    "model": {"enum": ["for-you", "similar", "ranked"]},
                    "servedBy": {"const": "campaign"},
                    "items": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "properties": {"itemId": ID, "score": {"type": "number"}},
                            "required": ["itemId"],
                        },
                    },
                },
                "required": ["recommendationId", "model", "servedBy", "items"],
            }
        }
    },
}
RESPONSES = {"200": ITEMS, "400": PROBLEM}


def parameter(name: str, schema: dict[str, Any], *, required: bool = False) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": required, "schema": schema}


NUM_RESULTS = parameter("numResults", {"type": "integer", "minimum": 1, "maximum": 500})


def document() -> dict[str, Any]:
    """Return the document: written by hand, until the function answers `GET /openapi.json`."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Recommendations", "version": "1"},
        "paths": {
            "/recommendations": {
                "get": {
                    "parameters": [parameter("userId", ID, required=True), NUM_RESULTS],
                    "responses": RESPONSES,
                }
            },
            "/related": {
                "get": {
                    "parameters": [
                        parameter("itemId", ID, required=True),
                        parameter("userId", ID),
                        parameter("model", {"enum": ["similar"]}),
                        NUM_RESULTS,
                    ],
                    "responses": RESPONSES,
                }
            },
            "/ranking": {
                "post": {
                    "requestBody": {
                        "required": True,
                        "content": {
                            "application/json": {
                                "schema": {
                                    "type": "object",
                                    "properties": {
                                        "userId": ID,
                                        "itemIds": {
                                            "type": "array",
                                            "items": ID,
                                            "minItems": 1,
                                            "maxItems": 500,
                                        },
                                    },
                                    "required": ["userId", "itemIds"],
                                    "additionalProperties": False,
                                }
                            }
                        },
                    },
                    "responses": RESPONSES,
                }
            },
        },
    }


class Gateway(BaseAdapter):
    """Takes what would go out to the network to the function, as an HTTP API does."""

    def __init__(self, function: Function) -> None:
        super().__init__()
        self.function = function

    def send(self, request: PreparedRequest, *_: Any, **__: Any) -> Response:
        url = urlsplit(request.url or "")
        event = http_api_event(
            HttpRequest(
                request.method or "",
                url.path + (f"?{url.query}" if url.query else ""),
                [(name, _text(value)) for name, value in request.headers.items()],
                _bytes(request.body),
            )
        )
        answer = self.function.invoke(event)
        response = Response()
        response.status_code = answer["statusCode"]
        response.headers = CaseInsensitiveDict(answer.get("headers") or {})
        response.url = request.url or ""
        response.request = request
        response.raw = HTTPResponse(
            io.BytesIO(body_of(answer)),
            headers=response.headers,
            status=response.status_code,
            preload_content=False,
            version=11,
        )
        return response

    def close(self) -> None:
        pass


def _bytes(body: object) -> bytes:
    assert isinstance(body, str | bytes | None)
    return body.encode() if isinstance(body, str) else body or b""


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _config() -> SchemathesisConfig:
    config = SchemathesisConfig()
    generation = config.projects.default.generation
    generation.deterministic = True  # the same requests in every run: CI tells what a change broke
    generation.max_examples = EXAMPLES
    generation.database = "none"
    return config


schema = schemathesis.openapi.from_dict(document(), config=_config())


@pytest.fixture(scope="module")
def function() -> Iterator[Function]:
    with Function.loaded() as function:
        yield function


@pytest.fixture(scope="module")
def session(function: Function) -> Session:
    session = Session()
    session.mount(URL, Gateway(function))
    return session


@schema.parametrize()
def test_answers_as_its_document_says(case: schemathesis.Case[Any], session: Session) -> None:
    case.call_and_validate(base_url=URL, session=session)


def test_lets_nothing_through_that_the_service_would_refuse(function: Function) -> None:
    assert function.aws.refusals == []
