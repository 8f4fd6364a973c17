"""The two apps that the tests synthesise: the demo, and the stack of everything."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

ROOT = Path(__file__).parents[1]
DEMO = "Shop"
EVERYTHING = "Everything"
STACKS = (DEMO, EVERYTHING)

_START = {
    DEMO: "runpy.run_path('app.py', run_name='__main__')",
    EVERYTHING: "runpy.run_module('tests.everything', run_name='__main__')",
}
# The traces of warnings name the temporary folders of jsii.
_NO_TRACES = {"aws:cdk:disable-stack-trace": True}
# Findings end a synth, so the app is left alone unless it is to be checked. cdk-nag is a plugin
# since its version 3.
_CHECKED = """
import runpy
import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks

synthesise = cdk.App.synth

def synthesise_and_check(app):
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

    @property
    def findings(self) -> set[tuple[str, str]]:
        """What cdk-nag says, each a rule and the path of a construct."""
        report = json.loads((self.folder / "validation-report.json").read_text())
        plugins = {plugin["pluginName"]: plugin for plugin in report["pluginReports"]}
        return {
            (violation["ruleName"], construct["constructPath"])
            for violation in plugins["AwsSolutions"]["violations"]
            for construct in violation["violatingConstructs"]
        }


class Checked(Protocol):
    """What the fixture `checked` is."""

    def __call__(self, stack: str, *, flags: bool = False) -> Assembly: ...


def synthesise(
    stack: str, folder: Path, *, context: Mapping[str, object] | None = None, checked: bool = False
) -> Assembly:
    """Run the app of a stack as the CDK CLI does, in a process of its own.

    Args:
        stack: The stack, which stands for its app.
        folder: Where to write.
        context: The context (default: that of cdk.json).
        checked: Whether cdk-nag looks at it.
    """
    if context is None:
        context = json.loads((ROOT / "cdk.json").read_text())["context"]
    run = subprocess.run(
        [sys.executable, "-c", (_CHECKED if checked else "import runpy\n") + _START[stack]],
        cwd=ROOT,
        env={
            **os.environ,
            "CDK_OUTDIR": str(folder),
            "CDK_CONTEXT_JSON": json.dumps({**context, **_NO_TRACES}),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        check=False,
        capture_output=True,
        text=True,
    )
    finished = (folder / "validation-report.json").exists() if checked else run.returncode == 0
    assert finished, run.stderr
    return Assembly(stack, folder)
