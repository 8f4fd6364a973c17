"""A function in a process of its own, in the environment that it has in Lambda."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, Self

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "lambda"


class FunctionDied(Exception):  # noqa: N818 - as one says of a process
    """The process ended before it answered."""


class Invocation(NamedTuple):
    """What came of an invocation, and what it took.

    Attributes:
        answer: What the handler returned.
        seconds: How long it ran.
        cpu: The seconds that it had the processor.
        memory: The most MiB that its process has ever held.
    """

    answer: Any
    seconds: float
    cpu: float
    memory: float


def environment(upstream: str, code: Path = SOURCE) -> dict[str, str]:
    """Return the environment of any function: its code and credentials, and where AWS is.

    Args:
        upstream: The URL that stands for all of AWS.
        code: The folder that its package lies in.
    """
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join([str(code), str(ROOT)]),
        # The package of a function holds no bytecode, and none can be written beside it.
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "123456789012",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_SESSION_TOKEN": "token",
        "AWS_ENDPOINT_URL": upstream,
        "AWS_EC2_METADATA_DISABLED": "true",
        "POWERTOOLS_SERVICE_NAME": "benchmark",
        "POWERTOOLS_TRACE_DISABLED": "true",
    }


class LambdaProcess:
    """A process that hands events to a handler, for as long as a `with` statement lasts."""

    def __init__(self, module: str, settings: Mapping[str, str]) -> None:
        """Start a process.

        Args:
            module: The module that has the `handler`.
            settings: The environment.
        """
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.function.runtime", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=dict(settings),
        )

    def __enter__(self) -> Self:
        """Return the process."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the process."""
        self.kill()
        with suppress(BrokenPipeError), self._process:
            pass

    @property
    def was_killed(self) -> bool:
        """Whether it was killed, and did not end by itself."""
        return self._process.wait() == -signal.SIGKILL

    def kill(self) -> None:
        """End the process at once, without a chance to tidy up; from any thread."""
        self._process.kill()

    def invoke(self, event: str) -> Invocation:
        """Hand it an event, as JSON.

        Raises:
            FunctionDied: If there is no answer, and never will be.
        """
        self.begin(event)
        return self.end()

    def begin(self, event: str) -> None:
        """Hand it an event, as JSON, and do not wait for the answer.

        Raises:
            FunctionDied: If it can take none.
        """
        assert self._process.stdin is not None
        try:
            print(event, file=self._process.stdin, flush=True)
        except BrokenPipeError as error:
            raise FunctionDied from error

    def end(self) -> Invocation:
        """Wait for the answer.

        Raises:
            FunctionDied: If there is none, and never will be.
        """
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line.endswith("\n"):
            raise FunctionDied
        return Invocation(**json.loads(line))
