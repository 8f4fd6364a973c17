"""Requests over HTTP, and what was answered: also a refusal is an answer."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any


@dataclass(frozen=True)
class Answered:
    """What an API answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @cached_property
    def document(self) -> dict[str, Any]:
        """What the body says, as JSON."""
        read: dict[str, Any] = json.loads(self.body)
        return read

    @property
    def ids(self) -> list[str]:
        """The ids of the items or actions, best first."""
        document = self.document
        if "actions" in document:
            return [entry["actionId"] for entry in document["actions"]]
        return [entry["itemId"] for entry in document["items"]]

    @property
    def served_by(self) -> str:
        """What the header says of who answered."""
        return self.headers["X-Served-By"]


def send(
    method: str, url: str, *, headers: Mapping[str, str] | None = None, body: object = None
) -> Answered:
    """Send a request, its body as JSON."""
    request = urllib.request.Request(
        url,
        headers={"Content-Type": "application/json", **(headers or {})},
        method=method,
        data=None if body is None else json.dumps(body).encode(),
    )
    try:
        with urllib.request.urlopen(request) as answer:
            return Answered(answer.status, dict(answer.headers), answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return Answered(error.code, dict(error.headers), error.read())
