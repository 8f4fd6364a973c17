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

_START = {
    DEMO: "runpy.run_path('app.py', run_name='__main__')",
    EVERYTHING: "runpy.run_module('tests.everything', run_name='__main__')",
}
# The traces of warnings name the temporary folders of jsii.
_NO_TRACES = {"aws:cdk:disable-stack-trace": True}
# cdk-nag is a plugin since its version 3. `make test-versions` does without: it has a lowest CDK of
# its own.
_CHECKED = """
import runpy
import aws_cdk as cdk

synthesise = cdk.App.synth

def synthesise_and_check(app):
    try:
        from cdk_nag import AwsSolutionsChecks
    except ImportError:
        pass
    else:
        cdk.Validations.of(app).add_plugins(AwsSolutionsChecks())
    return synthesise(app)

cdk.App.synth = synthesise_and_check
"""


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


def synthesise(stack: str, folder: Path, *, flags: bool = False, checked: bool = True) -> Assembly:
    """Run the app of a stack as the CDK CLI does, in a process of its own.

    Args:
        stack: The stack, which stands for its app.
        folder: Where to write.
        flags: Whether the feature flags are set that the CDK recommends, or those of cdk.json.
        checked: Whether cdk-nag and the CDK itself look at it.
    """
    context = recommended_flags() if flags else NO_FLAGS
    run = subprocess.run(
        [sys.executable, "-c", (_CHECKED if checked else "import runpy\n") + _START[stack]],
        cwd=ROOT,
        env={
            **os.environ,
            "CDK_OUTDIR": str(folder),
            "CDK_CONTEXT_JSON": json.dumps({**context, **_NO_TRACES}),
            "CDK_VALIDATION": str(checked).lower(),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        check=False,
        capture_output=True,
        text=True,
    )
    assembly = Assembly(stack, folder)
    assert assembly.template_file.exists(), run.stderr  # findings are an exit code, too
    return assembly
