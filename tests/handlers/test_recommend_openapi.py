"""The OpenAPI document of the API is true: schemathesis looks for a difference to the function."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from benchmarks.function.loopback import Request
from tests.handlers import schemathesis_hooks
from tests.handlers.gateway import HttpRequest, body_of, http_api_event
from tests.handlers.recommend_function import Function, serving

EXAMPLES = 40
"""The requests of each kind for an operation, besides those at the borders of what is allowed."""


@dataclass
class Gateway:
    """An HTTP API in front of the function, on a port.

    Attributes:
        function: The function.
        answers: How often it answered with each status.
    """

    function: Function
    answers: Counter[int] = field(default_factory=Counter)

    def document(self) -> object:
        """Return the document that the function gives."""
        event = http_api_event(HttpRequest("GET", "/openapi.json"))
        document: object = json.loads(body_of(self.function.invoke(event)))
        return document

    def answer(self, request: Request) -> tuple[int, Mapping[str, str], bytes]:
        """Let the function answer."""
        on_the_wire = HttpRequest(
            request.method, request.path, list(request.headers.items()), request.body
        )
        answer = self.function.invoke(http_api_event(on_the_wire))
        self.answers[answer["statusCode"]] += 1
        return answer["statusCode"], answer["headers"], body_of(answer)


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with Function.loaded() as function:
        yield Gateway(function)


def test_schemathesis_finds_no_difference_between_the_document_and_the_function(
    gateway: Gateway, tmp_path: Path
) -> None:
    file = tmp_path / "openapi.json"
    file.write_text(json.dumps(gateway.document()), encoding="utf-8")
    with serving(gateway.answer) as url:
        found = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "run", str(file), "--url", url),
                *("--checks", "all", "--phases", "examples,coverage,fuzzing"),
                *("--max-examples", str(EXAMPLES), "--continue-on-failure", "--no-color"),
                # The same requests in every run: CI tells what a change broke.
                "--generation-deterministic",
                *("--output-truncate", "false"),
            ],
            cwd=tmp_path,
            env={**os.environ, "SCHEMATHESIS_HOOKS": schemathesis_hooks.__file__},
            capture_output=True,
            text=True,
            check=False,
        )
    assert found.returncode == 0, found.stdout + found.stderr


def test_it_has_tried_what_is_allowed_and_what_is_not(gateway: Gateway) -> None:
    assert gateway.answers[200] > EXAMPLES
    assert gateway.answers[400] > EXAMPLES


def test_the_function_let_nothing_through_that_the_service_would_refuse(gateway: Gateway) -> None:
    assert gateway.function.aws.refusals == []
