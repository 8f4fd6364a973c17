"""The published OpenAPI document is the one that the demo's API serves."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cdk_personalize.patterns import ApiRoute
from personalize_runtime.strict_json import read_json
from recommend.declarations import Declarations, Route
from recommend.openapi import openapi
from tests.synthesis import DEMO, Synthesised

PUBLISHED = Path(__file__).parents[1] / "docs" / "openapi.json"


def environment_of(template: Mapping[str, Any]) -> dict[str, str]:
    """Return what the function is told, with a word for what only the deployment knows."""
    (function,) = [
        resource["Properties"]
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::Lambda::Function"
        and resource["Properties"]["Handler"] == "recommend.handler.handler"
    ]
    return {name: _text(value) for name, value in function["Environment"]["Variables"].items()}


def _text(value: object) -> str:
    if isinstance(value, Mapping) and "Fn::Join" in value:
        parts = value["Fn::Join"][1]
        return "".join(part if isinstance(part, str) else "TOKEN" for part in parts)
    return value if isinstance(value, str) else "TOKEN"


def test_the_published_document_is_the_one_of_the_demo(synthesised: Synthesised) -> None:
    environment = environment_of(synthesised(DEMO).template)
    document = openapi(Declarations.read(environment), takes_events="STREAM_NAME" in environment)
    now = json.dumps(document, indent=2) + "\n"
    if os.environ.get("SNAPSHOT") == "update":
        PUBLISHED.write_text(now)

    assert PUBLISHED.read_text() == now, "renew it with SNAPSHOT=update"
    assert read_json(now) == document


def test_the_function_and_the_stack_know_the_same_routes() -> None:
    of_function = {route.value: route.method for route in Route}

    assert of_function == {route.value: route.method for route in ApiRoute}
