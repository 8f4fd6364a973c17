"""AWS, as far as a client sees it: requests go out of the real client and answers come back in.

It stands where the network begins, so that everything before it is real: serialisation, the
checks of parameters, signatures, the parsing of errors, retries.
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

from personalize_runtime.aws_client import AwsClient
from personalize_runtime.connections import Answer as HttpAnswer


@dataclass(frozen=True)
class Call:
    """One request that reached AWS."""

    url: str
    body: dict[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""
    method: str = "POST"
    within: float | None = None


@dataclass(frozen=True)
class Answer:
    """What AWS answers: a body, or an error code with its message."""

    body: Mapping[str, Any] | bytes = field(default_factory=dict)
    status: int = 200
    code: str = ""

    @property
    def data(self) -> bytes:
        """The body as it is sent."""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers that tell of an error."""
        return {"x-amzn-errortype": self.code} if self.code else {}


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
    _endpoint_url: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def behind(self, client: BaseClient | AwsClient) -> Iterator["Upstream"]:
        """Stand behind a client: one of boto3, or one of ours."""
        if isinstance(client, AwsClient):
            self._endpoint_url = client.endpoint_url
            connections, client.connections = client.connections, self
            try:
                yield self
            finally:
                client.connections = connections
            return
        event = f"before-send.{client.meta.service_model.service_id.hyphenize()}"
        # The stubs say that a handler returns nothing; this event takes the first answer.
        send = cast("Callable[..., None]", self._send)
        client.meta.events.register(event, send)
        try:
            yield self
        finally:
            client.meta.events.unregister(event, send)

    def request(
        self,
        method: str,
        path: str,
        *,
        body: bytes,
        headers: Mapping[str, str],
        within: float | None = None,
    ) -> HttpAnswer:
        """Answer as connections of ours do."""
        is_json = method == "POST"
        url = self._endpoint_url + path
        document = json.loads(body) if is_json else {}
        answer = self._answer(Call(url, document, headers, body, method, within))
        return HttpAnswer(answer.status, answer.headers, answer.data)

    def _send(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        content = cast("bytes | str | None", request.body)
        answer = self._answer(Call(request.url, json.loads(content or "{}")))
        headers = HTTPHeaders.from_dict(dict(answer.headers))
        return AWSResponse(request.url, answer.status, headers, Body(answer.data))

    def _answer(self, call: Call) -> Answer:
        with self._lock:
            self.calls.append(call)
            answer = self.answer(call)
        if isinstance(answer, Exception):
            raise answer
        return answer
