"""The launcher of local AWS: what it starts, how it is found again, and that it leaves nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest

from personalize_emulator.local import LocalAws, LocalAwsError

REPOSITORY = Path(__file__).parents[2]
LOCAL_PYTHON = os.environ.get(
    "PERSONALIZE_LOCAL_PYTHON", str(REPOSITORY / ".venv-local" / "bin" / "python")
)

STARTS_AND_WAITS = """
import sys, time
from pathlib import Path
from personalize_emulator.local import LocalAws
aws = LocalAws(Path(sys.argv[1]), python=sys.argv[2]).start()
print(aws.pid, flush=True)
time.sleep(60)
"""


def local_aws(directory: Path) -> LocalAws:
    return LocalAws(directory, python=LOCAL_PYTHON)


def exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def becomes(condition: Callable[[], bool], seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    with local_aws(tmp_path_factory.mktemp("aws")) as aws:
        yield aws


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[LocalAws]:
    """A local AWS that was left running; it ends after the test, whatever the test does."""
    aws = local_aws(tmp_path).start()
    pid = aws.pid
    aws.detach()
    yield aws
    if exists(pid):
        os.killpg(pid, signal.SIGKILL)


def test_the_services_answer_at_its_endpoint(running: LocalAws) -> None:
    assert boto3.client("s3", **running.client_options).list_buckets()["Buckets"] == []


def test_amazon_personalize_is_one_of_them(running: LocalAws) -> None:
    personalize = boto3.client("personalize", **running.client_options)

    assert personalize.list_dataset_groups()["datasetGroups"] == []


def test_a_command_finds_it_through_its_environment(running: LocalAws) -> None:
    script = "import boto3; print(boto3.client('sts').get_caller_identity()['Account'])"
    found = subprocess.run(
        [sys.executable, "-c", script],
        env=running.environment,
        capture_output=True,
        text=True,
        check=True,
    )

    assert found.stdout.strip() == running.account


def test_its_environment_leaves_out_what_leads_to_another_aws(
    running: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.invalid")

    assert not {"AWS_PROFILE", "AWS_SESSION_TOKEN", "HTTPS_PROXY"} & running.environment.keys()


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="reads the sockets of Linux")
def test_it_listens_on_this_machine_alone(running: LocalAws) -> None:
    descriptors = [path.readlink().name for path in Path(f"/proc/{running.pid}/fd").iterdir()]
    sockets = {name[len("socket:[") : -1] for name in descriptors if name.startswith("socket:")}
    rows = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/{running.pid}/net/{table}").read_text().splitlines()[1:]
    ]
    listening = [row[1] for row in rows if row[3] == "0A" and row[9] in sockets]

    assert listening == [f"0100007F:{running.port:04X}"]


def test_the_url_of_an_api_is_translated(running: LocalAws) -> None:
    url = "https://ab12cd34.execute-api.us-east-1.amazonaws.com/related?itemId=1"

    assert running.local_url(url) == (
        f"{running.endpoint_url}/_aws/execute-api/ab12cd34/related?itemId=1"
    )


def test_any_other_url_stays_as_it_is(running: LocalAws) -> None:
    assert running.local_url("https://example.com/a?b=c") == "https://example.com/a?b=c"


def test_it_is_gone_after_the_block(tmp_path: Path) -> None:
    with local_aws(tmp_path) as aws:
        pid = aws.pid

    assert not exists(pid)


def test_it_is_gone_when_the_block_fails(tmp_path: Path) -> None:
    def fail() -> None:
        with local_aws(tmp_path) as aws:
            pids.append(aws.pid)
            raise KeyboardInterrupt

    pids: list[int] = []
    with pytest.raises(KeyboardInterrupt):
        fail()

    assert not exists(pids[0])


def test_stopping_twice_does_no_harm(tmp_path: Path) -> None:
    aws = local_aws(tmp_path).start()
    aws.stop()

    aws.stop()


def test_it_ends_when_the_process_that_started_it_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STARTS_AND_WAITS, str(tmp_path), LOCAL_PYTHON],
        env=os.environ | {"PYTHONPATH": str(REPOSITORY / "emulator")},
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.kill()

    assert becomes(lambda: not exists(pid))


def test_one_left_running_is_found_again(kept: LocalAws) -> None:
    found = LocalAws.connect(kept.directory)

    assert found.endpoint_url == kept.endpoint_url
    assert boto3.client("sqs", **found.client_options).list_queues().get("QueueUrls", []) == []


def test_one_left_running_is_stopped_through_its_folder(kept: LocalAws) -> None:
    LocalAws.connect(kept.directory).stop()

    assert not kept.running


def test_none_is_found_where_none_was_left(tmp_path: Path) -> None:
    with pytest.raises(LocalAwsError, match="no local AWS was left running"):
        LocalAws.connect(tmp_path)


def test_one_that_was_stopped_is_not_found(tmp_path: Path) -> None:
    local_aws(tmp_path).start().stop()

    with pytest.raises(LocalAwsError, match="no local AWS was left running"):
        LocalAws.connect(tmp_path)


def test_another_process_with_its_old_id_is_left_alone(tmp_path: Path) -> None:
    state = f'{{"pid": {os.getpid()}, "port": 1, "account": "1", "region": "us-east-1"}}'
    (tmp_path / "local-aws.json").write_text(state)

    with pytest.raises(LocalAwsError, match="has ended"):
        LocalAws.connect(tmp_path)


def test_a_port_that_is_taken_is_not_taken_for_its_own(running: LocalAws, tmp_path: Path) -> None:
    with pytest.raises(LocalAwsError, match=f"port {running.port} of 127.0.0.1 is taken"):
        LocalAws(tmp_path, python=LOCAL_PYTHON, port=running.port).start()


def test_a_reset_empties_it(tmp_path: Path) -> None:
    with local_aws(tmp_path) as aws:
        personalize = boto3.client("personalize", **aws.client_options)
        personalize.create_dataset_group(name="shop")

        aws.reset()

        assert personalize.list_dataset_groups()["datasetGroups"] == []


def test_one_that_has_ended_cannot_be_reset(tmp_path: Path) -> None:
    aws = local_aws(tmp_path).start()
    aws.stop()

    with pytest.raises(LocalAwsError, match="does not answer"):
        aws.reset()


def test_an_interpreter_without_ministack_is_named_in_the_error(tmp_path: Path) -> None:
    with pytest.raises(LocalAwsError, match="has no MiniStack: install it there"):
        LocalAws(tmp_path, python=sys.executable).start()


def test_an_interpreter_that_is_not_there_is_named_in_the_error(tmp_path: Path) -> None:
    with pytest.raises(LocalAwsError, match="/nowhere/python"):
        LocalAws(tmp_path, python="/nowhere/python").start()


def test_the_interpreter_is_looked_for_from_where_it_was_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(LOCAL_PYTHON).parents[1])

    with LocalAws(tmp_path, python=os.path.relpath(LOCAL_PYTHON)) as aws:
        assert aws.running
