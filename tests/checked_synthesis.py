"""Synthesises the demo and the stack of everything, with feature flags and without.

`python -m tests.checked_synthesis FOLDER` does so in one process: what cdk-nag and the validation
of the CDK have to load, which is most of their work, is loaded once.
"""

import runpy
import sys
from pathlib import Path
from typing import Any

import aws_cdk as cdk

from tests.synthesis import APPS, assemblies_in, context

try:
    from cdk_nag import AwsSolutionsChecks
except ImportError:  # `make test-versions` does without: it has a lowest CDK of its own
    CHECKS = []
else:
    CHECKS = [AwsSolutionsChecks]

new_app = cdk.App


def checked_app(outdir: Path, given: dict[str, Any]) -> cdk.App:
    """Return what `App()` is to an app that the CDK CLI runs, with cdk-nag looking at it."""
    app = new_app(outdir=str(outdir), context=given)
    for checks in CHECKS:  # they are plugins since version 3 of cdk-nag
        cdk.Validations.of(app).add_plugins(checks())
    return app


for (stack, flags), assembly in assemblies_in(Path(sys.argv[1])).items():
    vars(cdk)["App"] = lambda folder=assembly.folder, flags=flags: checked_app(
        folder, context(flags=flags)
    )
    try:
        runpy.run_path(APPS[stack], run_name="__main__")
    except RuntimeError:
        if not assembly.is_reported:  # findings are an error, too
            raise
