"""``cdk-personalize replay``: dead letters go to the stream again, after a fix."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from personalize_operations.errors import CommandError
from personalize_operations.report import shown

if TYPE_CHECKING:
    from personalize_operations.aws import Services

_REPLAYED = 0
_SOME_LEFT = 1
_INTERRUPTED = 130

_DESCRIPTION = """\
Put the records of a dead-letter queue on their stream again, and delete each message after its
record is there. A record that is put twice keeps its ids, so that Amazon Personalize drops the
second.

What cannot be replayed stays in the queue and is told: a record of which only the beginning was
kept, one that is too large for the stream, a batch that the stream has forgotten.
"""
_EPILOG = """\
examples:
  cdk-personalize replay --stack Shop --dry-run        count, by reason, and change nothing
  cdk-personalize replay --stack Shop                  replay all
  cdk-personalize replay --queue-url https://sqs.eu-west-1.amazonaws.com/111122223333/letters \\
      --stream clicks --reason "sentAt" --limit 10     try ten of one kind

exit code: 0 if all was replayed that was asked for, 1 if some of it was left in the queue, 2 for
an error, 130 after Ctrl-C.
"""


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to those of the program."""
    parser = commands.add_parser(
        "replay",
        help="send dead letters again",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    add = parser.add_argument
    add("--stack", metavar="NAME", help="stack of a RecommendationService: it tells both others")
    add("--queue-url", metavar="URL", help="queue of the dead letters")
    add("--stream", metavar="NAME_OR_ARN", help="stream that the records go to")
    add("--reason", metavar="TEXT", help="only letters whose reason has this in it")
    add("--limit", type=_limit, metavar="N", help="messages to replay at most (default: all)")
    add("--dry-run", action="store_true", help="count by reason, and change nothing")
    add("--region", help="Region (default: that of the profile or the environment)")
    add("--profile", help="profile of the AWS CLI")


def run(options: argparse.Namespace) -> int:
    """Replay, and print what became of the messages.

    Raises:
        CommandError: If the queue or the stream is not given, or is not there.
    """
    if options.stack is None and None in (options.queue_url, options.stream):
        msg = "give --stack, or both --queue-url and --stream"
        raise CommandError(msg)
    # boto3 comes with an extra, and takes a second to import.
    from personalize_operations.aws import Services  # noqa: PLC0415
    from personalize_operations.dead_letter_queue import DeadLetterQueue  # noqa: PLC0415
    from personalize_operations.replay import Replay, Request  # noqa: PLC0415
    from personalize_operations.stream import Stream  # noqa: PLC0415

    services = Services.of(profile=options.profile, region=options.region)
    queue_url, stream = _places(options, services)
    with _interruption() as is_stopped:
        report = Replay(
            DeadLetterQueue(services.sqs, queue_url),
            Stream.of(services.kinesis, stream),
            services,
            Request(reason=options.reason, limit=options.limit, dry_run=options.dry_run),
            is_stopped=is_stopped,
            progress=_say,
        ).run()
        for left in report.left:
            _say(f"message {left.message_id} is left: {left.cause}: {shown(left.detail)}")
        print("\n".join(report.lines(dry_run=options.dry_run)), flush=True)
        if is_stopped():
            return _INTERRUPTED
    return _SOME_LEFT if report.left else _REPLAYED


def _places(options: argparse.Namespace, services: Services) -> tuple[str, str]:
    """Return the queue and the stream."""
    from personalize_operations.aws import StackOutputs  # noqa: PLC0415

    if options.stack is None:
        return options.queue_url, options.stream
    outputs = StackOutputs.of(services.cloudformation, options.stack)
    return (
        options.queue_url or outputs.value("DeadLetterQueueUrl"),
        options.stream or outputs.value("StreamName"),
    )


@contextmanager
def _interruption() -> Iterator[Callable[[], bool]]:
    """Let Ctrl-C ask for an end, and a second one end at once."""
    asked: list[bool] = []

    def ask(_number: int, _frame: object) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(True)
        _say("ending: what is on its way is finished, the rest released; Ctrl-C again ends at once")

    signals = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, ask) for number in signals}
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _limit(text: str) -> int:
    limit = int(text) if text.isascii() and text.isdecimal() else 0
    if not limit:
        message = f"a limit is a whole number above 0, got {text!r}"
        raise argparse.ArgumentTypeError(message)
    return limit


def _say(text: str) -> None:
    print(f"cdk-personalize: {text}", file=sys.stderr, flush=True)
