"""Lambda in small: a process that hands events to the handler of a module.

`python -m benchmarks.function.runtime event_ingest.handler` reads events, one JSON object a line,
and answers each with a line. It imports no more than it needs, so that its memory is that of the
function.
"""

import json
import os
import sys
import time
from importlib import import_module

_TIMEOUT_SECONDS = 60
_KIBIBYTES = 1024


class Context:
    """The little of a Lambda context that handlers read."""

    function_name = "benchmark"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:benchmark"
    aws_request_id = "8476a536-e9f4-11e8-9739-2dfe598c3fcd"

    def __init__(self) -> None:
        """Begin an invocation."""
        self._end = time.monotonic() + _TIMEOUT_SECONDS

    def get_remaining_time_in_millis(self) -> int:
        """Return what is left of the time."""
        return int((self._end - time.monotonic()) * 1000)


def main() -> None:
    """Answer events until there are no more."""
    # What the function logs is nobody's answer.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115 - pathlib takes memory
    handler = import_module(sys.argv[1]).handler
    for line in sys.stdin:
        event, context = json.loads(line), Context()
        started, worked = time.perf_counter(), time.process_time()
        answer = handler(event, context)
        seconds, cpu = time.perf_counter() - started, time.process_time() - worked
        told = {"answer": answer, "seconds": seconds, "cpu": cpu, "memory": _peak_of_memory()}
        print(json.dumps(told), file=answers, flush=True)


def _peak_of_memory() -> float:
    """Return the most MiB that this process has held, 0 where nobody says so.

    The peak of `getrusage` begins with that of the parent.
    """
    try:
        with open("/proc/self/status") as status:  # noqa: PTH123
            for line in status:
                name, _, value = line.partition(":")
                if name == "VmHWM":
                    return int(value.split()[0]) / _KIBIBYTES
    except OSError:
        pass
    return 0


if __name__ == "__main__":
    main()
