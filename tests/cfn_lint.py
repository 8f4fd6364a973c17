"""cfn-lint, as the tests run it."""

import subprocess
import sysconfig
from pathlib import Path

_CFN_LINT = Path(sysconfig.get_path("scripts")) / "cfn-lint"
# It is about a DependsOn beside a reference to the same resource: the CDK writes both, and a
# dependency that we state outlives the reference.
_IGNORED = "W3005"


def cfn_lint(template: Path) -> str:
    """Return what cfn-lint finds in a template, one finding a line."""
    run = subprocess.run(
        [_CFN_LINT, "--ignore-checks", _IGNORED, "--format", "parseable", template],
        check=False,
        capture_output=True,
        text=True,
    )
    assert not run.stderr, run.stderr
    assert bool(run.returncode) == bool(run.stdout)
    return run.stdout
