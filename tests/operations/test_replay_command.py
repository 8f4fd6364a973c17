"""`cdk-personalize replay`, as a shell runs it against local AWS."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from personalize_emulator.local import LocalAws
from personalize_operations import command_line
from tests.operations.shop import VIEW, Shop

ROOT = Path(__file__).parents[2]
POISON = VIEW | {"sentAt": "yesterday"}


class Shell:
    """Runs the command where nothing else is known of AWS."""

    def __init__(self, aws: LocalAws) -> None:
        self.environment = aws.variables | {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT / "operations"),
        }

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "personalize_operations.command_line", "replay", *arguments]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def refused(self, *arguments: str) -> str:
        """Run a command that fails; return the one line that says why."""
        done = self.run(*arguments)
        assert (done.returncode, done.stdout) == (2, ""), done.stderr
        (line,) = done.stderr.splitlines()
        return line.removeprefix("cdk-personalize: error: ")


@pytest.fixture
def shell(aws: LocalAws) -> Shell:
    return Shell(aws)


def place(shop: Shop) -> tuple[str, ...]:
    return ("--queue-url", shop.queue_url, "--stream", shop.stream_arn)


def test_what_was_replayed_and_what_was_left_is_counted_and_told(shell: Shell, shop: Shop) -> None:
    shop.put(b"poison", b"poison", POISON)
    shop.run_function()
    shop.send("no letter")

    done = shell.run(*place(shop))

    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "      3 replayed",
        "          2 the record is not JSON: Expecting value: line 1 column 1 (char 0)",
        "          1 sentAt must be seconds or milliseconds since 1970, or a date and time in ISO"
        ' 8601, got "yesterday"',
        "      1 left: no dead letter that can be read",
    ]
    (told,) = [line for line in done.stderr.splitlines() if "is left" in line]
    assert told.endswith(
        "no dead letter that can be read: it is not JSON: Expecting value: line 1 column 1 (char 0)"
    )


def test_a_stack_tells_the_queue_and_the_stream(shell: Shell, shop: Shop) -> None:
    shop.put(POISON)
    shop.run_function()
    outputs = {
        "ShopStreamName1A2B3C4D": shop.stream,
        "ShopDeadLetterQueueUrl5E6F7081": shop.queue_url,
    }

    done = shell.run("--stack", shop.deploy(**outputs))

    assert (done.returncode, done.stderr) == (0, "cdk-personalize: 1 replayed\n")
    assert len(shop.records()) == 2


def test_a_dry_run_says_what_would_be(shell: Shell, shop: Shop) -> None:
    shop.put(POISON)
    shop.run_function()

    done = shell.run(*place(shop), "--dry-run")

    assert done.returncode == 0
    assert done.stdout.startswith("      1 would be replayed\n")
    assert len(shop.letters()) == 1


def test_reasons_and_limits_are_told_apart(shell: Shell, shop: Shop) -> None:
    shop.put(b"poison", POISON, POISON)
    shop.run_function()

    done = shell.run(*place(shop), "--reason", "SENTAT", "--dry-run")
    assert done.stdout.splitlines()[-1] == "      1 not asked for: another reason"

    assert shell.run(*place(shop), "--reason", "SENTAT", "--limit", "1").returncode == 0
    assert len(shop.letters()) == 2


def test_a_reason_cannot_write_over_the_terminal(shell: Shell, shop: Shop) -> None:
    letter = {"reason": "\x1b[2Jall\nis well", "data": "", "encoding": "utf-8"}
    shop.put(POISON)
    shop.run_function()
    position = shop.letters()[0]["position"]
    shop.send(letter | {"position": position})

    done = shell.run(*place(shop), "--reason", "is well")

    assert "          1 ?[2Jall is well\n" in done.stdout


def test_a_terminal_without_the_letters_of_a_reason_gets_them_escaped(
    shell: Shell, shop: Shop
) -> None:
    shell.environment["PYTHONIOENCODING"] = "ascii"
    shop.put(VIEW | {"t\N{SNOWMAN}": 1})
    shop.run_function()

    done = shell.run(*place(shop))

    assert (done.returncode, r"\u2603" in done.stdout) == (0, True)


def test_after_ctrl_c_nothing_is_held(shell: Shell, shop: Shop) -> None:
    shop.send(*["no letter"] * 3)
    with subprocess.Popen(
        shell.command(*place(shop)),
        env=shell.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        while shop.held() < 3:
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=30)

    assert running.returncode == 130
    assert "what is on its way is finished" in err
    assert out.startswith("      0 replayed\n      3 left")
    assert shop.held() == 0


def test_the_queue_and_the_stream_have_to_be_given(shell: Shell) -> None:
    expected = "give --stack, or both --queue-url and --stream"

    assert shell.refused() == expected
    assert shell.refused("--queue-url", "http://queue") == expected


def test_a_queue_that_is_not_there_is_told(shell: Shell, shop: Shop) -> None:
    refusal = shell.refused("--queue-url", f"{shop.queue_url}-2", "--stream", shop.stream)

    assert refusal.startswith("ReceiveMessage: ")
    assert "queue does not exist" in refusal


@pytest.mark.parametrize("arn", [True, False])
def test_a_stream_that_is_not_there_is_named(shell: Shell, shop: Shop, arn: bool) -> None:
    stream = f"{shop.stream_arn if arn else shop.stream}-2"

    assert (
        shell.refused("--queue-url", shop.queue_url, "--stream", stream)
        == f"there is no stream {stream} in us-east-1"
    )


def test_a_stack_that_is_not_there_is_named(shell: Shell) -> None:
    assert shell.refused("--stack", "none") == "there is no stack none in us-east-1"


@pytest.mark.parametrize(
    ("outputs", "found"),
    [
        ({}, "none"),
        (
            {"AStreamName11111111": "a", "BStreamName22222222": "b"},
            "more than one: AStreamName11111111, BStreamName22222222",
        ),
    ],
)
def test_a_stack_that_does_not_tell_is_named(
    shell: Shell, shop: Shop, outputs: dict[str, str], found: str
) -> None:
    stack = shop.deploy(DeadLetterQueueUrl=shop.queue_url, **outputs)

    assert shell.refused("--stack", stack) == (
        f"stack {stack} must have one output StreamName, got {found};"
        " give --queue-url and --stream instead"
    )


@pytest.mark.parametrize(
    ("unset", "more", "expected"),
    [
        (
            ["AWS_ACCESS_KEY_ID"],
            {},
            "there are no AWS credentials: set AWS_PROFILE, or give --profile",
        ),
        (
            ["AWS_DEFAULT_REGION"],
            {},
            "there is no Region: set AWS_DEFAULT_REGION, or give --region",
        ),
        ([], {"AWS_PROFILE": "shop"}, "The config profile (shop) could not be found"),
        ([], {"AWS_ENDPOINT_URL": "nowhere"}, "Invalid endpoint: nowhere"),
        (
            [],
            {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"},
            'Could not connect to the endpoint URL: "http://127.0.0.1:1/"',
        ),
    ],
)
def test_a_set_up_that_does_not_reach_aws_is_told(
    shell: Shell, shop: Shop, unset: Sequence[str], more: dict[str, str], expected: str
) -> None:
    for name in unset:
        del shell.environment[name]
    shell.environment |= more

    assert shell.refused(*place(shop)) == expected


def test_without_boto3_the_extra_is_named(shell: Shell) -> None:
    done = subprocess.run(
        [sys.executable, "-S", *shell.command("--stack", "Shop")[1:]],
        env=shell.environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert done.stderr == (
        "cdk-personalize: error: boto3 is not installed: pip install 'cdk-personalize[cli]'\n"
    )


@pytest.mark.parametrize("limit", ["0", "-1", "many", "\N{SUPERSCRIPT TWO}"])
def test_a_limit_that_makes_no_sense_is_refused(
    limit: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        command_line.main(["replay", f"--limit={limit}"])

    assert ended.value.code == 2
    assert f"a limit is a whole number above 0, got {limit!r}" in capsys.readouterr().err


@pytest.mark.parametrize("command", [(), ("replay",)])
def test_every_command_explains_itself(
    command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        command_line.main([*command, "--help"])

    assert ended.value.code == 0
    assert "usage: cdk-personalize" in capsys.readouterr().out


def test_a_command_imports_nothing_that_is_slow_until_it_runs() -> None:
    script = "import personalize_operations.command_line, sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"PYTHONPATH": str(ROOT / "operations")},
        capture_output=True,
        text=True,
        check=True,
    )

    assert not {"botocore", "boto3", "aws_cdk"} & set(done.stdout.split())
