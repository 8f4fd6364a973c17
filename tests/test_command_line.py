"""`personalize-local`, as a shell runs it."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from personalize_emulator import command_line
from personalize_emulator.local import LocalAws, LocalAwsError
from personalize_emulator.local.processes import group_lives

REPOSITORY = Path(__file__).parents[1]
LOCAL_PYTHON = os.environ.get(
    "PERSONALIZE_LOCAL_PYTHON", str(REPOSITORY / ".venv-local" / "bin" / "python")
)


class Shell:
    """Runs the command, in a folder of state of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environment = os.environ | {
            "XDG_STATE_HOME": str(home),
            "PERSONALIZE_LOCAL_PYTHON": LOCAL_PYTHON,
            "PYTHONPATH": str(REPOSITORY / "emulator"),
            "AWS_PROFILE": "production",
        }

    def command(self, *arguments: str | Path) -> list[str]:
        module = "personalize_emulator.command_line"
        return [sys.executable, "-m", module, *(str(part) for part in arguments)]

    def run(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            env=self.environment,
            cwd=self.home,
            capture_output=True,
            text=True,
            check=False,
        )

    def refused(self, *arguments: str | Path) -> str:
        """Run a command that fails; return the one line that says why."""
        done = self.run(*arguments)
        assert (done.returncode, done.stdout) == (2, "")
        (line,) = done.stderr.splitlines()
        return line.removeprefix("personalize-local: error: ")

    @property
    def aws(self) -> LocalAws:
        return LocalAws.connect(self.home / "personalize-local")

    def client(self, service: str = "personalize") -> Any:
        return boto3.Session().client(service, **self.aws.client_options)  # type: ignore[call-overload]


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    shell = Shell(tmp_path)
    yield shell
    try:
        shell.aws.stop()
    except LocalAwsError:
        return


@pytest.fixture
def started(shell: Shell) -> Shell:
    assert shell.run("start", "--port", "0").returncode == 0
    return shell


def becomes(condition: Any, seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


def test_what_start_prints_points_a_shell_at_it_and_away_from_any_other(shell: Shell) -> None:
    start = " ".join(shell.command("start", "--port", "0", "--shell"))
    ask = "import boto3; print(boto3.client('sts').get_caller_identity()['Account'])"
    script = f'eval "$({start})" && "{sys.executable}" -c "{ask}" && echo "profile=$AWS_PROFILE"'

    done = subprocess.run(
        ["sh", "-c", script], env=shell.environment, capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == ["123456789012", "profile="]


def test_status_gives_another_shell_the_same_lines(shell: Shell) -> None:
    lines = shell.run("start", "--port", "0").stdout

    assert shell.run("status", "--shell").stdout == lines
    assert f"export AWS_ENDPOINT_URL={shell.aws.endpoint_url}\n" in lines


def test_status_says_where_it_is(started: Shell) -> None:
    facts = dict(line.split(None, 1) for line in started.run("status").stdout.splitlines())

    assert facts["endpoint"] == started.aws.endpoint_url
    assert facts["process"] == str(started.aws.pid)


def test_hosts_that_need_no_proxy_already_go_on_without(shell: Shell) -> None:
    shell.environment["NO_PROXY"] = "intranet"

    assert "export NO_PROXY=intranet,127.0.0.1\n" in shell.run("start", "--port", "0").stdout


def test_stop_ends_it(started: Shell) -> None:
    pid = started.aws.pid

    assert started.run("stop").returncode == 0
    assert not group_lives(pid)


def test_reset_empties_every_service_without_a_restart(shell: Shell) -> None:
    shell.run("start", "--port", "0", "--state", "shop.db")
    shell.client().create_dataset_group(name="shop")
    shell.client("s3").create_bucket(Bucket="data")
    pid = shell.aws.pid

    assert shell.run("reset").returncode == 0

    assert shell.client().list_dataset_groups()["datasetGroups"] == []
    assert shell.client("s3").list_buckets()["Buckets"] == []
    assert shell.aws.pid == pid
    shell.aws.stop()
    with sqlite3.connect(shell.home / "shop.db") as state:
        assert state.execute("SELECT count(*) FROM resources").fetchone() == (0,)
    state.close()


def test_the_state_survives_a_kill(shell: Shell) -> None:
    shell.run("start", "--port", "0", "--state", "shop.db")
    shell.client().create_dataset_group(name="shop")
    shell.client("s3").create_bucket(Bucket="data")
    shell.client("s3").put_object(Bucket="data", Key="users.csv", Body=b"USER_ID\n")
    pid = shell.aws.pid
    os.killpg(pid, signal.SIGKILL)
    assert becomes(lambda: not group_lives(pid))

    shell.run("start", "--port", "0", "--state", "shop.db")

    (group,) = shell.client().list_dataset_groups()["datasetGroups"]
    assert group["name"] == "shop"
    found = shell.client("s3").get_object(Bucket="data", Key="users.csv")["Body"].read()
    assert found == b"USER_ID\n"


def test_the_rest_of_aws_is_kept_when_it_is_stopped(shell: Shell) -> None:
    shell.run("start", "--port", "0", "--state", "shop.db")
    shell.client("dynamodb").create_table(
        TableName="orders",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    shell.client("dynamodb").put_item(TableName="orders", Item={"pk": {"S": "1"}})
    shell.client("iam").create_role(RoleName="import", AssumeRolePolicyDocument="{}")
    shell.run("stop")

    shell.run("start", "--port", "0", "--state", "shop.db")

    assert shell.client("dynamodb").scan(TableName="orders")["Items"] == [{"pk": {"S": "1"}}]
    assert [r["RoleName"] for r in shell.client("iam").list_roles()["Roles"]] == ["import"]


def test_in_the_foreground_it_ends_with_the_command(shell: Shell) -> None:
    command = shell.command("start", "--port", "0", "--foreground")
    with subprocess.Popen(
        command, env=shell.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline()
        pid = shell.aws.pid
        running.terminate()
        assert running.wait(timeout=30) == 130

    assert not group_lives(pid)


def test_a_port_that_is_taken_is_named(shell: Shell) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        assert f"port {port} of 127.0.0.1 is taken" in shell.refused("start", "--port", str(port))


@pytest.mark.parametrize("content", [b"not a database, but a text of some length\n" * 20, b"x"])
def test_a_file_that_is_no_state_is_named_and_left_as_it_is(shell: Shell, content: bytes) -> None:
    file = shell.home / "notes.txt"
    file.write_bytes(content)

    assert str(file) in shell.refused("start", "--port", "0", "--state", "notes.txt")
    assert file.read_bytes() == content


def test_a_database_of_something_else_is_named_and_left_as_it_is(shell: Shell) -> None:
    file = shell.home / "other.db"
    with sqlite3.connect(file) as other:
        other.execute("CREATE TABLE orders (id)")
    other.close()
    before = file.read_bytes()

    assert str(file) in shell.refused("start", "--port", "0", "--state", file)
    assert file.read_bytes() == before


def test_a_state_file_in_a_folder_that_is_not_there_is_named(shell: Shell) -> None:
    assert "none/shop.db cannot be opened" in shell.refused("start", "--state", "none/shop.db")


def test_a_state_file_has_one_local_aws_at_a_time(shell: Shell) -> None:
    shell.run("start", "--port", "0", "--state", "shop.db")

    other = ("start", "--port", "0", "--state", "shop.db", "--directory", shell.home / "other")
    assert "shop.db is in use by another process" in shell.refused(*other)


def test_one_that_runs_already_is_not_started_again(started: Shell) -> None:
    assert f"already running in {started.home}" in started.refused("start")


@pytest.mark.parametrize("command", ["stop", "status", "reset"])
def test_one_that_does_not_run_can_only_be_started(shell: Shell, command: str) -> None:
    assert "no local AWS was left running" in shell.refused(command)


def test_an_interpreter_without_ministack_is_told_how_to_get_it(shell: Shell) -> None:
    line = shell.refused("start", "--port", "0", "--python", sys.executable)

    assert "pip install 'cdk-personalize[local]'" in line


def test_an_interpreter_that_is_not_there_is_named(shell: Shell) -> None:
    assert "/nowhere/python" in shell.refused("start", "--python", "/nowhere/python")


def test_a_folder_that_is_a_file_is_named(shell: Shell) -> None:
    (shell.home / "file").write_text("")

    assert "file cannot be used" in shell.refused("start", "--directory", shell.home / "file")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--port", "x"),
        ("--port", "70000"),
        ("--speed", "0"),
        ("--speed", "nan"),
        ("--account", "1"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused(
    arguments: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        command_line.main(["start", *arguments])

    assert ended.value.code == 2
    assert f"got {arguments[1]!r}" in capsys.readouterr().err


@pytest.mark.parametrize("command", [(), ("start",), ("stop",), ("status",), ("reset",)])
def test_every_command_explains_itself(
    command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        command_line.main([*command, "--help"])

    assert ended.value.code == 0
    assert "usage: personalize-local" in capsys.readouterr().out


def test_the_folder_is_in_the_users_state_unless_another_is_meant(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    assert command_line.default_directory() == tmp_path / ".local" / "state" / "personalize-local"

    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "elsewhere"))
    assert command_line.default_directory() == tmp_path / "elsewhere" / "personalize-local"


def test_the_command_needs_nothing_that_is_slow_to_import() -> None:
    script = "import personalize_emulator.command_line, sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"PYTHONPATH": str(REPOSITORY / "emulator")},
        capture_output=True,
        text=True,
        check=True,
    )

    assert not {"numpy", "botocore", "boto3", "aws_cdk"} & set(done.stdout.split())
