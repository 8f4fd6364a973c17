"""cdk-nag's AwsSolutions and cfn-lint find nothing in the demo stack that has no reason."""

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.acknowledgments import ACKNOWLEDGED

ROOT = Path(__file__).parents[1]

# The demo app as it stands, with the plugin that cdk-nag is since its version 3.
_APP = """
import runpy
import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks

synthesise = cdk.App.synth

def synthesise_and_check(app):
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks())
    return synthesise(app)

cdk.App.synth = synthesise_and_check
runpy.run_path("app.py", run_name="__main__")
"""


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checked")
    run = subprocess.run(
        [sys.executable, "-c", _APP],
        cwd=ROOT,
        env={**os.environ, "CDK_OUTDIR": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert (folder / "validation-report.json").exists(), run.stderr
    return folder


@pytest.fixture(scope="module")
def findings(assembly: Path) -> set[tuple[str, str]]:
    report = json.loads((assembly / "validation-report.json").read_text())
    plugins = {plugin["pluginName"]: plugin for plugin in report["pluginReports"]}
    return {
        (violation["ruleName"], construct["constructPath"])
        for violation in plugins["AwsSolutions"]["violations"]
        for construct in violation["violatingConstructs"]
    }


def test_cdk_nag_finds_nothing_that_is_not_acknowledged(findings: set[tuple[str, str]]) -> None:
    surprises = {
        finding
        for finding in findings
        if not any(acknowledged.takes(*finding) for acknowledged in ACKNOWLEDGED)
    }

    assert surprises == set()


def test_every_acknowledgment_is_still_needed(findings: set[tuple[str, str]]) -> None:
    idle = [each for each in ACKNOWLEDGED if not any(each.takes(*finding) for finding in findings)]

    assert idle == []


def test_every_acknowledgment_has_a_reason_and_a_link() -> None:
    assert all(each.reason and each.link.startswith("https://") for each in ACKNOWLEDGED)


def test_cfn_lint_finds_nothing(assembly: Path) -> None:
    # W3005 is about a DependsOn beside a reference to the same resource: the CDK writes both, and
    # a dependency that we state outlives the reference.
    cfn_lint = Path(sysconfig.get_path("scripts")) / "cfn-lint"
    run = subprocess.run(
        [
            cfn_lint,
            "--ignore-checks",
            "W3005",
            "--format",
            "parseable",
            str(assembly / "Shop.template.json"),
        ],
        check=False,
        capture_output=True,
        text=True,
    )

    assert run.stdout == ""
    assert run.returncode == 0
