"""How long `cdk synth` takes in Python, above what any app takes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from benchmarks.figure import Figure

ROOT = Path(__file__).parents[1]
_ROUNDS = 3

_ONE_BUCKET = """
import aws_cdk as cdk
from aws_cdk import aws_s3 as s3

app = cdk.App()
s3.Bucket(cdk.Stack(app, "Floor"), "Bucket")
app.synth()
"""


# Everything that a first copy loads is there for the second: what is left is its own.
_TWICE = """
import aws_cdk as cdk
from tests.everything import Everything

app = cdk.App()
for name, account in {"First": "111111111111", "Second": "222222222222"}.items():
    Everything(app, name, env=cdk.Environment(account=account, region="us-east-1"))
app.synth()
"""


class Synth(NamedTuple):
    """One synth of an app."""

    seconds: float
    resources: int


def run() -> dict[str, Figure]:
    """Measure the demo and the stack of everything against an app with one bucket, in turns."""
    apps = {
        "demo": ["app.py"],
        "everything": ["-m", "tests.everything"],
        "twice": ["-c", _TWICE],
        "floor": ["-c", _ONE_BUCKET],
    }
    rounds = [{name: _synth(app) for name, app in apps.items()} for _ in range(_ROUNDS)]
    best = {name: min(each[name] for each in rounds) for name in apps}
    floor, everything = best["floor"], best["everything"]
    more = everything.resources - floor.resources
    milliseconds = (everything.seconds - floor.seconds) * 1000 / more
    again = best["twice"].resources - everything.resources
    marginal = (best["twice"].seconds - everything.seconds) * 1000 / again
    return {
        "synth.demo": _figure("s", best["demo"].seconds, floor.seconds),
        "synth.everything": _figure("s", everything.seconds, floor.seconds),
        "synth.everything.resources": _figure("resources", everything.resources, floor.resources),
        # What each resource adds to an app with one bucket; 10 ms is what we allow ourselves.
        "synth.everything.resource": _figure("ms", milliseconds, None),
        # What it adds where the modules of the CDK are loaded already: a second stack in the app.
        "synth.everything.resource.again": _figure("ms", marginal, None),
    }


def _figure(unit: str, ours: float, floor: float | None) -> Figure:
    return {"unit": unit, "ours": ours, "naive": None, "floor": floor}


def _synth(app: list[str]) -> Synth:
    with tempfile.TemporaryDirectory() as outdir:
        started = time.perf_counter()
        subprocess.run(
            [sys.executable, *app],
            cwd=ROOT,
            # Without the CDK's own validation of each template, which takes as long again.
            env=os.environ | {"CDK_OUTDIR": outdir, "CDK_VALIDATION": "false"},
            check=True,
            capture_output=True,
        )
        seconds = time.perf_counter() - started
        templates = [json.loads(f.read_text()) for f in Path(outdir).glob("*.template.json")]
        return Synth(seconds, sum(len(template["Resources"]) for template in templates))
