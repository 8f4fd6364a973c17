"""``cdk-personalize``: what is done with a recommendation service, at the command line.

Each command has a module that adds it; boto3, which comes with the extra `cli`, is imported by
those that ask AWS, when they run.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence

from personalize_operations import replay_command
from personalize_operations.errors import CommandError

PROGRAM = "cdk-personalize"

_FAILED = 2
_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    options = _parser().parse_args(arguments)
    # What others wrote into a record may have letters that this terminal has not.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        return _run(options)
    except CommandError as error:
        print(f"{PROGRAM}: error: {error}", file=sys.stderr, flush=True)
        return _FAILED
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:  # whoever read our output has gone; nothing more is to be said
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _FAILED


def _run(options: argparse.Namespace) -> int:
    """Run a command; what AWS refuses is an error of one line."""
    try:
        from personalize_operations.aws import AwsError, explained  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {"boto3", "botocore"}:
            raise
        msg = "boto3 is not installed: pip install 'cdk-personalize[cli]'"
        raise CommandError(msg) from error
    try:
        code: int = options.run(options)
    except AwsError as error:
        raise CommandError(explained(error)) from error
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="What is done with a recommendation service once it is deployed.",
        epilog=f"{PROGRAM} COMMAND --help explains a command.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    replay_command.add_to(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
