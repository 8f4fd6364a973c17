"""The real CDK CLI, run against local AWS or an account."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from demo.cloud import Cloud
from demo.progress import DemoError

ROOT = Path(__file__).resolve().parents[1]
_TAIL_LINES = 25
_PATIENCE_SECONDS = 3


@dataclass(frozen=True)
class CdkCli:
    """The CDK CLI that package.json pins, in the environment of an AWS.

    Args:
        aws: Where it works.
        directory: The folder for logs, outputs and the cloud assembly.
        context: Context values of the app.
        app: The app to run (default: that of cdk.json).
    """

    aws: Cloud
    directory: Path
    context: tuple[tuple[str, str], ...] = ()
    app: str | None = None

    @property
    def log(self) -> Path:
        """What the CLI prints."""
        return self.directory / "cdk.log"

    @property
    def assembly(self) -> Path:
        """The folder of the cloud assembly that was synthesised last."""
        return self.directory / "cdk.out"

    def bootstrap(self) -> None:
        """Put the CDK's own stack into the account."""
        self._run("bootstrap", f"aws://{self.aws.account}/{self.aws.region}", app="")

    def synth(self) -> Path:
        """Write the cloud assembly; return its folder."""
        self._run("synth", "--quiet")
        return self.assembly

    def deploy(
        self, *stacks: str, anew: bool = True, tags: Mapping[str, str] | None = None
    ) -> dict[str, dict[str, str]]:
        """Deploy stacks (default: all), and return their outputs by stack.

        Args:
            stacks: The names of the stacks.
            anew: Whether the app is run; else what was synthesised last is deployed.
            tags: The tags of the stacks (default: those they have).
        """
        outputs = self.directory / "outputs.json"
        outputs.unlink(missing_ok=True)
        self._run(
            "deploy",
            *(stacks or ("--all",)),
            "--require-approval=never",
            "--progress=events",
            f"--outputs-file={outputs}",
            *(f"--tags={key}={value}" for key, value in (tags or {}).items()),
            app=None if anew else str(self.assembly),
        )
        read: dict[str, dict[str, str]] = json.loads(outputs.read_text(encoding="utf-8"))
        return read

    def destroy(self, *stacks: str) -> None:
        """Destroy stacks (default: all), as they were deployed last."""
        arguments = (*(stacks or ("--all",)), "--force", "--progress=events")
        self._run("destroy", *arguments, app=str(self.assembly))

    def _run(self, command: str, *arguments: str, app: str | None = None) -> None:
        app = self.app if app is None else app
        line = [str(ROOT / "node_modules" / ".bin" / "cdk"), command, *arguments]
        line += ["--no-notices", "--no-version-reporting", "--no-asset-metadata"]
        line += [] if app == str(self.assembly) else ["--output", str(self.assembly)]
        line += [] if app is None else ["--app", app]
        for key, value in self.context:
            line += ["--context", f"{key}={value}"]
        with self.log.open("ab") as log:
            log.write(f"\n$ cdk {command} {' '.join(arguments)}\n".encode())
            log.flush()
            # A group of its own: the CLI starts the app through a shell, and all of it must end.
            process = subprocess.Popen(
                line,
                cwd=ROOT,
                env={**self.aws.environment, "PYTHONDONTWRITEBYTECODE": "1", "CI": "true"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                code = process.wait()
            except BaseException:
                _end(process)
                raise
        if code != 0:
            tail = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
            shown = "\n".join(tail[-_TAIL_LINES:])
            msg = f"cdk {command} ended with exit code {code}; the end of {self.log}:\n{shown}"
            raise DemoError(msg)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and its group, kindly at first."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=_PATIENCE_SECONDS)
