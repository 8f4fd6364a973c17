"""The two apps that the tests synthesise: the demo, and the stack of everything."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tests.feature_flags import NO_FLAGS, recommended_flags

ROOT = Path(__file__).parents[1]
DEMO = "Shop"
EVERYTHING = "Everything"
STACKS = (DEMO, EVERYTHING)
_REPORT = "validation-report.json"

APPS = {DEMO: str(ROOT / "app.py"), EVERYTHING: str(ROOT / "tests" / "everything.py")}
# The traces of warnings name the temporary folders of jsii.
_NO_TRACES = {"aws:cdk:disable-stack-trace": True}


@dataclass(frozen=True)
class Assembly:
    """What a synth has written."""

    stack: str
    folder: Path

    @property
    def template_file(self) -> Path:
        return self.folder / f"{self.stack}.template.json"

    @property
    def template(self) -> dict[str, Any]:
        read: dict[str, Any] = json.loads(self.template_file.read_text())
        return read

    @property
    def is_reported(self) -> bool:
        """Whether there is a report of checks."""
        return (self.folder / _REPORT).exists()

    def files(self) -> dict[str, bytes]:
        """Return what each file of the assembly holds, by path; the reports of checks are none."""
        return {
            str(file.relative_to(self.folder)): file.read_bytes()
            for file in self.folder.rglob("*")
            if file.is_file() and file.name != _REPORT
        }

    @property
    def findings(self) -> set[tuple[str, str]]:
        """What cdk-nag says, each a rule and the path of a construct."""
        return self._findings_of("AwsSolutions")

    @property
    def cdk_findings(self) -> set[tuple[str, str]]:
        """What the CDK's own validation of templates says, in the same form."""
        return self._findings_of("CloudFormation-Validate")

    def _findings_of(self, plugin_name: str) -> set[tuple[str, str]]:
        report = json.loads((self.folder / _REPORT).read_text())
        return {
            (violation["ruleName"], construct["constructPath"])
            for plugin in report["pluginReports"]
            if plugin["pluginName"] == plugin_name
            for violation in plugin["violations"]
            for construct in violation["violatingConstructs"]
        }


class Synthesised(Protocol):
    """What the fixture `synthesised` is."""

    def __call__(self, stack: str, *, flags: bool = False) -> Assembly: ...


def context(*, flags: bool) -> dict[str, Any]:
    """Return the context of an app, with the feature flags that the CDK recommends or with none."""
    return {**(recommended_flags() if flags else NO_FLAGS), **_NO_TRACES}


def assemblies_in(folder: Path) -> dict[tuple[str, bool], Assembly]:
    """Return what `synthesise_and_check` writes into a folder, by stack and whether with flags."""
    return {
        (stack, flags): Assembly(stack, folder / f"{stack}-{'flags' if flags else 'plain'}")
        for stack in STACKS
        for flags in (False, True)
    }


def synthesise_and_check(folder: Path) -> None:
    """Run the app of each stack, with flags and without; cdk-nag and the CDK look at what it is."""
    _run("-m", "tests.checked_synthesis", folder, CDK_VALIDATION="true")


def synthesise(stack: str, folder: Path) -> Assembly:
    """Run the app of a stack as the CDK CLI does, in a process of its own."""
    _run(
        *("-c", f"import runpy; runpy.run_path({APPS[stack]!r}, run_name='__main__')"),
        CDK_OUTDIR=str(folder),
        CDK_CONTEXT_JSON=json.dumps(context(flags=False)),
        CDK_VALIDATION="false",
    )
    return Assembly(stack, folder)


def _run(*arguments: str | Path, **environment: str) -> None:
    run = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment},
        check=False,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
