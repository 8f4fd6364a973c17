"""What the functions of the provider are told, read from a template."""

import json
from collections.abc import Iterator
from typing import Any

import aws_cdk as cdk
from aws_cdk.assertions import Template


def request_of(stack: cdk.Stack, resource_type: str) -> dict[str, Any]:
    """Return the request of the one resource of a type, with every token as text."""
    (resource,) = Template.from_stack(stack).find_resources(resource_type).values()
    separator, parts = resource["Properties"]["Request"]["Fn::Join"]
    request: dict[str, Any] = json.loads(separator.join(map(_text_of, parts)))
    return request


def _text_of(part: str | dict[str, Any]) -> str:
    return part if isinstance(part, str) else ".".join(_names_in(part))


def _names_in(token: dict[str, Any]) -> Iterator[str]:
    for value in token.values():
        yield from [value] if isinstance(value, str) else value
