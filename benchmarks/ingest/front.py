"""What the function calls, on a port of 127.0.0.1: the emulator and a queue, with faults.

Some calls are throttled, the answers to some are lost, and on some the function is killed: before
the call is handled, before it is answered, or right after.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from random import Random
from typing import Any

from benchmarks.function.loopback import Connection, Request
from personalize_emulator.caller import Caller
from personalize_emulator.errors import ThrottlingError
from personalize_emulator.service import HttpRequest, PersonalizeService
from personalize_emulator.service_model import Operation

_HOST = "127.0.0.1"


class Moment(Enum):
    """When a function dies."""

    BEFORE_THE_CALL = auto()
    BEFORE_THE_ANSWER = auto()
    AFTER_THE_ANSWER = auto()


@dataclass
class Faults:
    """What goes wrong, and how often.

    Attributes:
        throttled: The share of calls to Amazon Personalize that are throttled.
        unanswered: The share of calls whose connection breaks before the answer.
        deadly: The share of calls on which the function is killed.
        deadly_letters: The share of calls to the queue on which it is killed.
        random: What decides; threads may share it.
    """

    throttled: float
    unanswered: float
    deadly: float
    deadly_letters: float
    random: Random

    def admit(self, operation: Operation, request: Mapping[str, Any], caller: Caller) -> None:
        """Let a request through to the service, or throttle it."""
        if operation.name == "PutEvents" and self.random.random() < self.throttled:
            raise ThrottlingError(429)

    def moment_of_death(self, share: float) -> Moment | None:
        """Return when the function dies on a call, if it does."""
        if self.random.random() >= share:
            return None
        return self.random.choice(list(Moment))


@dataclass
class Front:
    """Serves what the function calls.

    Attributes:
        service: The service.
        faults: What goes wrong.
        kill: Kills the function.
        letters: The dead letters that the queue has taken.
    """

    service: PersonalizeService
    faults: Faults
    kill: Callable[[], None]
    letters: list[dict[str, Any]]

    @contextmanager
    def running(self) -> Iterator[str]:
        """Serve, in a thread, and give the URL."""
        loop = asyncio.new_event_loop()
        connections: set[_Call] = set()
        server = loop.run_until_complete(
            loop.create_server(lambda: _Call(self, connections), _HOST, 0, backlog=128)
        )
        thread = threading.Thread(target=loop.run_forever, name="front")
        thread.start()
        try:
            yield f"http://{_HOST}:{server.sockets[0].getsockname()[1]}"
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


class _Call(Connection):
    """A connection of the function, or of one that is dead: what it had sent still arrives."""

    def __init__(self, front: Front, connections: set[_Call]) -> None:
        self._front = front
        self._connections = connections

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._connections.add(self)

    def connection_lost(self, _: Exception | None) -> None:
        self._connections.discard(self)

    def requested(self, request: Request) -> None:
        faults = self._front.faults
        is_letter = request.headers.get("X-Amz-Target", "").startswith("AmazonSQS.")
        death = faults.moment_of_death(faults.deadly_letters if is_letter else faults.deadly)
        if death is Moment.BEFORE_THE_CALL:
            self._front.kill()
            self.transport.abort()
            return
        status, headers, body = self._take_letters(request) if is_letter else self._put(request)
        if death is Moment.BEFORE_THE_ANSWER:
            self._front.kill()
            self.transport.abort()
        elif faults.random.random() < faults.unanswered:
            self.transport.abort()
        else:
            self.answer(status, headers, body)
        if death is Moment.AFTER_THE_ANSWER:
            self._front.kill()

    def _put(self, request: Request) -> tuple[int, Mapping[str, str], bytes]:
        answer = self._front.service.handle(HttpRequest(*request))
        return answer.status, answer.headers, answer.body

    def _take_letters(self, request: Request) -> tuple[int, Mapping[str, str], bytes]:
        entries = json.loads(request.body)["Entries"]
        self._front.letters += [json.loads(entry["MessageBody"]) for entry in entries]
        taken = [{"Id": entry["Id"], "MessageId": entry["Id"]} for entry in entries]
        answer = json.dumps({"Successful": taken, "Failed": []})
        return 200, {"Content-Type": "application/x-amz-json-1.0"}, answer.encode()
