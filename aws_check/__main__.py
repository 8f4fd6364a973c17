"""`make aws-check`: prove the demo in a real account, ask what only AWS can answer, destroy it."""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from aws_check.account import Account
from aws_check.check import Check
from aws_check.pace import AWS_PACE, LOCAL_PACE
from demo.cdk_cli import ROOT
from demo.progress import DemoError
from personalize_emulator.local import LocalAws, LocalAwsError

DIRECTORY = ROOT / ".aws-check"
_INTERRUPTED = 130


@contextmanager
def _check(arguments: argparse.Namespace) -> Iterator[Check]:
    def ask(question: str) -> str:
        if arguments.yes is not None:
            return str(arguments.yes)
        try:
            return input(question)
        except EOFError:
            return ""

    if not arguments.dry_run:
        account = Account.of_environment()
        yield Check(account, DIRECTORY, pace=AWS_PACE, ask=ask, is_dry_run=False)
        return
    shutil.rmtree(DIRECTORY / "aws", ignore_errors=True)
    # IAM is asked, as on AWS: that is what some of the questions are about.
    with LocalAws(DIRECTORY / "aws", node_path=ROOT / "node_modules", auth=True) as aws:
        yield Check(aws, DIRECTORY, pace=LOCAL_PACE, ask=lambda _: aws.account, is_dry_run=True)


def main() -> int:
    """Run the check; return the exit code."""
    parser = argparse.ArgumentParser(prog="make aws-check", description=__doc__)
    parser.add_argument("--dry-run", action="store_true", help="on local AWS, at no cost")
    parser.add_argument("--yes", metavar="ACCOUNT_ID", help="agree beforehand, for this account")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with _check(arguments) as check:
            report = check.run()
    except (DemoError, LocalAwsError) as error:
        print(f"\nThe check failed: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"\nStopped; {DIRECTORY / 'report.md'} says what is left.", file=sys.stderr)
        return _INTERRUPTED
    print(f"\nThe report: {DIRECTORY / 'report.md'}")
    for problem in report.problems:
        print(f"  {problem}", file=sys.stderr)
    return 0 if report.is_clean else 1


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
