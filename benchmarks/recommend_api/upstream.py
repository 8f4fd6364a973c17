"""Amazon Personalize as a benchmark needs it: 25 items at once, whoever asks.

`python -m benchmarks.recommend_api.upstream` prints its port and serves until its input ends.
`GET /last` tells the last request, byte for byte: its headers and its body.
"""

import json

from benchmarks.function.loopback import Connection, Request
from benchmarks.function.server import serve

ITEMS = 25
_ANSWER = json.dumps(
    {
        "itemList": [
            {"itemId": f"item-{number:05}", "score": round(0.05 / (number + 1), 7)}
            for number in range(ITEMS)
        ],
        "recommendationId": "RID-f3b1c2d4-5e6f-4a7b-8c9d-0e1f2a3b4c5d-CID-0a1b2c",
    }
).encode()
_HEADERS = {
    "Content-Type": "application/json",
    "x-amzn-RequestId": "f3b1c2d4-5e6f-4a7b-8c9d-0e1f2a3b4c5d",
}


class _Call(Connection):
    last = b""

    def requested(self, request: Request) -> None:
        if request.path == "/last":
            self.answer(200, {}, _Call.last)
            return
        lines = [f"{request.method} {request.path} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in request.headers.items()]
        _Call.last = "\r\n".join([*lines, "", ""]).encode() + request.body
        self.answer(200, _HEADERS, _ANSWER)


if __name__ == "__main__":
    serve(_Call)
