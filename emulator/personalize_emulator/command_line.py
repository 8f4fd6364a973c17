"""``personalize-local``: a local AWS with Amazon Personalize in it, at the command line.

What a shell is to run goes to standard output, what a person is to read to standard error, so
``eval "$(personalize-local start)"`` is a way to use it.
"""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from personalize_emulator.local import LocalAws, LocalAwsError

PROGRAM = "personalize-local"
DEFAULT_PORT = 4566  # as other emulators of AWS have it

_FAILED = 2
_INTERRUPTED = 130
_PROXY_EXCEPTIONS = ("NO_PROXY", "no_proxy")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 0, 2 for any error, 130 when interrupted."""
    options = _parser().parse_args(arguments)
    try:
        return _COMMANDS[options.command](options)
    except LocalAwsError as error:
        # The text goes on with the end of the log, for those who catch it.
        _say(f"error: {str(error).partition(chr(10))[0].removesuffix(':')}")
        return _FAILED
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:  # whoever read our output has gone; nothing more is to be said
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _FAILED


def default_directory() -> Path:
    """The folder of the local AWS that is meant when none is named: one for each user.

    It is ``$XDG_STATE_HOME/personalize-local``, or ``~/.local/state/personalize-local``.
    """
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(home) / PROGRAM


def _start(options: argparse.Namespace) -> int:
    if (running := _running(options.directory)) is not None:
        message = (
            f"local AWS is already running in {options.directory}, at {running.endpoint_url};"
            f" `{PROGRAM} stop` ends it"
        )
        raise LocalAwsError(message)
    if options.foreground:
        signal.signal(signal.SIGTERM, _interrupt)
    aws = LocalAws(
        options.directory,
        python=options.python,
        port=options.port or None,
        speed=options.speed,
        seed=options.seed,
        node_path=options.node_path,
        account=options.account,
        region=options.region,
        state=options.state,
        throttling=options.throttling,
        auth=options.auth,
    ).start()
    if not options.foreground:
        aws.detach()
        _introduce(aws)
        return 0
    with aws:
        _introduce(aws)
        _say("Ctrl-C ends it")
        return aws.wait()


def _introduce(aws: LocalAws) -> None:
    _say(f"local AWS answers at {aws.endpoint_url}; its log is {aws.log}")
    print("\n".join(_shell_lines(aws)), flush=True)


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _stop(options: argparse.Namespace) -> int:
    aws = LocalAws.connect(options.directory)
    endpoint = aws.endpoint_url
    aws.stop()
    _say(f"local AWS at {endpoint} has ended")
    return 0


def _status(options: argparse.Namespace) -> int:
    aws = LocalAws.connect(options.directory)
    if options.shell:
        print("\n".join(_shell_lines(aws)))
        return 0
    facts = {
        "endpoint": aws.endpoint_url,
        "process": aws.pid,
        "account": aws.account,
        "region": aws.region,
        "state": aws.state or "gone at the end",
        "directory": aws.directory,
        "log": aws.log,
    }
    for name, value in facts.items():
        print(f"{name:10} {value}")
    return 0


def _reset(options: argparse.Namespace) -> int:
    aws = LocalAws.connect(options.directory)
    aws.reset()
    _say(f"local AWS at {aws.endpoint_url} is empty")
    return 0


def _running(directory: Path) -> LocalAws | None:
    try:
        return LocalAws.connect(directory)
    except LocalAwsError:
        return None


def _shell_lines(aws: LocalAws) -> Iterator[str]:
    """The commands that point a shell at it, and away from any other AWS."""
    variables = aws.variables
    elsewhere = [name for name in os.environ if name.startswith("AWS_") and name not in variables]
    if elsewhere:
        yield f"unset {' '.join(sorted(elsewhere))}"
    for name, value in variables.items():
        known = os.environ.get(name, "") if name in _PROXY_EXCEPTIONS else ""
        if known and value not in known.split(","):
            value = f"{known},{value}"  # noqa: PLW2901 - what was excepted stays so
        yield f"export {name}={shlex.quote(value)}"


def _say(text: str) -> None:
    print(f"{PROGRAM}: {text}", file=sys.stderr, flush=True)


_COMMANDS = {"start": _start, "stop": _stop, "status": _status, "reset": _reset}

_EPILOG = f"""\
examples:
  eval "$({PROGRAM} start)"            start it, and use it in this shell
  eval "$({PROGRAM} status --shell)"   use it in another shell
  {PROGRAM} start --state shop.db      keep Amazon Personalize's state
  aws personalize list-recipes             whatever asks AWS now asks here

It listens on 127.0.0.1 alone. MiniStack must be installed: pip install 'cdk-personalize[local]'.
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="A local AWS with Amazon Personalize in it: no account, no Docker.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--directory",
        type=Path,
        default=default_directory(),
        help="folder of its log and its temporary files, by which it is found again; another"
        " folder is another local AWS (default: %(default)s)",
    )
    _add_start(commands.add_parser("start", parents=[common], help="start it", description=_START))
    for name, what in (
        ("stop", "end it, and every process that it started"),
        ("status", "say where it is"),
        ("reset", "empty every service, a state file included, without a restart"),
    ):
        command = commands.add_parser(
            name, parents=[common], help=what, description=f"{what.capitalize()}."
        )
        if name == "status":
            command.add_argument(
                "--shell",
                action="store_true",
                help="print the export lines, as start does, for eval",
            )
    return parser


_START = (
    "Start it, wait until it answers, and print the environment variables that point the AWS CLI,"
    " any SDK and the CDK at it, as export lines; everything else is said on standard error."
)


def _add_start(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--port",
        type=_port,
        default=DEFAULT_PORT,
        help="port on 127.0.0.1; 0 for a free one (default: %(default)s)",
    )
    add(
        "--state",
        type=Path,
        metavar="FILE",
        help="SQLite file that keeps Amazon Personalize's state, made if it is not there: whatever"
        " was answered is in it, also after a kill -9. The rest of AWS is kept in the folder"
        " FILE.aws: buckets and their objects as they are written, everything else when it is"
        " stopped (default: everything is gone at the end)",
    )
    add(
        "--speed",
        type=_speed,
        default=1000.0,
        metavar="N",
        help="how many times faster than the wall clock jobs and waits run (default: %(default)g)",
    )
    add(
        "--seed",
        type=int,
        default=0,
        metavar="N",
        help="the same seed and data make the same models (default: %(default)s)",
    )
    add(
        "--account",
        type=_account,
        default="123456789012",
        help="account that everything belongs to (default: %(default)s)",
    )
    add(
        "--region",
        default="us-east-1",
        help="Region that everything is in (default: %(default)s)",
    )
    add(
        "--throttling",
        action="store_true",
        help="let Amazon Personalize throttle at its documented rates",
    )
    add(
        "--auth",
        action="store_true",
        help="let IAM check signatures and permissions, those of Amazon Personalize included; the"
        " printed credentials are the account's root and may do everything",
    )
    add(
        "--python",
        metavar="FILE",
        help="interpreter that has MiniStack (default: PERSONALIZE_LOCAL_PYTHON, else this one)",
    )
    add(
        "--node-path",
        type=Path,
        metavar="FOLDER",
        help="Node packages for functions written for Node (default: ./node_modules)",
    )
    add(
        "--shell",
        action="store_true",
        help="no change: start prints the export lines anyway",
    )
    parser.set_defaults(foreground=False)
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--detach",
        dest="foreground",
        action="store_false",
        help="leave it running and return (the default)",
    )
    how.add_argument(
        "--foreground",
        action="store_true",
        help="stay, and end it at Ctrl-C or SIGTERM",
    )


def _port(text: str) -> int:
    port = int(text) if text.isdecimal() else -1
    if not 0 <= port <= 65535:  # noqa: PLR2004
        message = f"a port is a number from 0 to 65535, got {text!r}"
        raise argparse.ArgumentTypeError(message)
    return port


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed < float("inf"):
        message = f"a speed is a number above 0, got {text!r}"
        raise argparse.ArgumentTypeError(message)
    return speed


def _account(text: str) -> str:
    if not (text.isascii() and text.isdecimal() and len(text) == 12):  # noqa: PLR2004
        message = f"an account is a number of twelve digits, got {text!r}"
        raise argparse.ArgumentTypeError(message)
    return text


if __name__ == "__main__":
    sys.exit(main())
