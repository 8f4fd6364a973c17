"""The function that answers requests for recommendations, with all of AWS on one loopback port.

It is loaded anew, as Lambda does it, so nothing of it is known here but its environment and its
handler.
"""

from __future__ import annotations

import asyncio
import importlib.util
import io
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from functools import cache
from typing import Any, cast

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

import recommend
from benchmarks.function.loopback import Connection, Request
from personalize_emulator.errors import InvalidInputError, SerializationError
from personalize_emulator.service_model import Surface
from personalize_emulator.validation import validate
from tests.handlers.conftest import CAMPAIGN_ARN, FILTER_ARN, Context

_RECOMMENDER_ARN = "arn:aws:personalize:us-east-1:123456789012:recommender"
ENVIRONMENT = {
    "MODELS": json.dumps(
        [
            {"name": name, "route": route, "arn": f"{arn}/{name}", "metadata": route == "related"}
            for name, route, arn in (
                ("for-you", "recommendations", CAMPAIGN_ARN),
                ("new", "recommendations", CAMPAIGN_ARN),
                ("similar", "related", CAMPAIGN_ARN),
                ("hits", "popular", _RECOMMENDER_ARN),
                ("hot", "trending", CAMPAIGN_ARN),
                ("ranked", "ranking", CAMPAIGN_ARN),
                ("nudges", "actions", CAMPAIGN_ARN),
            )
        ]
    ),
    "FILTERS": json.dumps(
        {
            "unseen": {"arn": f"{FILTER_ARN}/unseen"},
            "genre": {"arn": f"{FILTER_ARN}/genre", "numbers": ["MAX_PRICE"], "texts": ["GENRE"]},
        }
    ),
    "PROMOTIONS": json.dumps({"sale": {"filter": "genre", "percent": 20}}),
    "ITEM_COLUMNS": json.dumps(["CATEGORY", "PRICE"]),
    "CORS_ORIGINS": json.dumps(["https://shop.example"]),
    "STREAM_NAME": "events",
}
"""What the stack of these tests declares."""


@dataclass
class Aws:
    """Amazon Personalize and Amazon Kinesis, which take whatever fits the model of the service.

    Attributes:
        calls: What was asked for.
        refusals: What the service says of requests that do not fit.
        failure: What every call is answered, if not None: a status and a body.
    """

    calls: list[dict[str, Any]] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    failure: tuple[int, bytes] | None = None

    def answer(self, request: Request) -> tuple[int, Mapping[str, str], bytes]:
        """Return a status, headers and a body."""
        if self.failure is not None:
            return self.failure[0], {}, self.failure[1]
        call = json.loads(request.body)
        self.calls.append(call)
        target = request.headers.get("X-Amz-Target")
        if target is not None:
            taken = {"ShardId": "shardId-0", "SequenceNumber": "1"}
            answer = {"FailedRecordCount": 0, "Records": [taken] * len(call["Records"])}
            return 200, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(answer).encode()
        operation = _surface().requested(request.method, request.path, None)
        assert operation is not None
        assert operation.input_shape is not None
        try:
            validate(operation.input_shape, call)
        except (InvalidInputError, SerializationError) as error:
            self.refusals.append(str(error))
            headers = {"x-amzn-errortype": "InvalidInputException"}
            return 400, headers, json.dumps({"message": str(error)}).encode()
        return 200, {"Content-Type": "application/json"}, json.dumps(_listed(call)).encode()


def _listed(call: Mapping[str, Any]) -> dict[str, Any]:
    """Return as many entries as are asked for, in the forms of all three operations."""
    names = call.get("inputList") or [
        f"item {number}" for number in range(call.get("numResults", 25))
    ]
    items = [{"itemId": name, "score": 0.5} for name in names]
    return {
        "recommendationId": "RID-1",
        "itemList": items,
        "personalizedRanking": items,
        "actionList": [{"actionId": name, "score": 0.5} for name in names],
    }


@cache
def _surface() -> Surface:
    return Surface()


@dataclass(frozen=True)
class Function:
    """The function.

    Attributes:
        aws: What it calls.
        handler: Its handler.
    """

    aws: Aws
    handler: Callable[[dict[str, Any], LambdaContext], dict[str, Any]]

    def invoke(self, event: dict[str, Any], seconds: float = 10) -> dict[str, Any]:
        """Hand an event to it; what it measures is nobody's business here."""
        with redirect_stdout(io.StringIO()):
            return self.handler(event, cast("LambdaContext", Context(seconds)))

    @classmethod
    @contextmanager
    def loaded(cls, environment: Mapping[str, str] = ENVIRONMENT) -> Iterator[Function]:
        """Load it; it may be invoked for as long as the context lasts."""
        aws = Aws()
        with serving(aws.answer) as url, pytest.MonkeyPatch.context() as patch:
            for name, value in {**environment, "AWS_ENDPOINT_URL": url}.items():
                patch.setenv(name, value)
            (folder,) = recommend.__path__
            spec = importlib.util.spec_from_file_location("loaded", f"{folder}/handler.py")
            assert spec is not None
            assert spec.loader is not None
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            yield cls(aws, module.handler)


Server = Callable[[Request], tuple[int, Mapping[str, str], bytes]]


class _Call(Connection):
    """A connection, by which one request after the other comes."""

    def __init__(self, answer: Server, open_connections: set[_Call]) -> None:
        self._answer = answer
        self._open = open_connections

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._open.add(self)

    def connection_lost(self, _: Exception | None) -> None:
        self._open.discard(self)

    def requested(self, request: Request) -> None:
        self.answer(*self._answer(request))


@contextmanager
def serving(answer: Server) -> Iterator[str]:
    """Serve on a port of 127.0.0.1, in a thread, and give the URL."""
    loop = asyncio.new_event_loop()
    connections: set[_Call] = set()
    server = loop.run_until_complete(
        loop.create_server(lambda: _Call(answer, connections), "127.0.0.1", 0)
    )
    thread = threading.Thread(target=loop.run_forever, name="server")
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        asyncio.run_coroutine_threadsafe(_close(server, connections), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _close(server: asyncio.Server, connections: set[_Call]) -> None:
    server.close()
    for connection in connections:
        connection.transport.abort()
    while connections:
        await asyncio.sleep(0)
