"""AWS, as far as a client sees it: requests go out of the real client and answers come back in.

It stands where the network begins, so that everything before it is real: serialisation, the
checks of parameters, the parsing of errors, retries.
"""

import io
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.client import BaseClient
from botocore.compat import HTTPHeaders


@dataclass(frozen=True)
class Call:
    """One request that reached AWS."""

    url: str
    body: dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What AWS answers: a body, or an error code with its message."""

    body: Mapping[str, Any] | bytes = field(default_factory=dict)
    status: int = 200
    code: str = ""


def refused(code: str, status: int = 400, message: str = "no") -> Answer:
    """Return the answer that tells of an error."""
    return Answer({"message": message}, status, code)


class Body(io.BytesIO):
    """What botocore reads of an answer."""

    def stream(self, **_: object) -> Iterator[bytes]:
        yield self.getvalue()


@dataclass
class Upstream:
    """Answers the calls of clients as a function of the call says, and remembers them."""

    answer: Callable[[Call], Answer | Exception] = lambda _: Answer()
    calls: list[Call] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def behind(self, client: BaseClient) -> Iterator["Upstream"]:
        """Stand behind a client."""
        event = f"before-send.{client.meta.service_model.service_id.hyphenize()}"
        # The stubs say that a handler returns nothing; this event takes the first answer.
        send = cast("Callable[..., None]", self._send)
        client.meta.events.register(event, send)
        try:
            yield self
        finally:
            client.meta.events.unregister(event, send)

    def _send(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        content = cast("bytes | str | None", request.body)
        call = Call(request.url, json.loads(content or "{}"))
        with self._lock:
            self.calls.append(call)
            answer = self.answer(call)
        if isinstance(answer, Exception):
            raise answer
        body = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        headers = HTTPHeaders.from_dict({"x-amzn-errortype": answer.code} if answer.code else {})
        return AWSResponse(request.url, answer.status, headers, Body(body))
