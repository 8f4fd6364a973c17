"""How long `cdk synth` takes in Python, above what any app takes."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

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


def run() -> dict[str, Figure]:
    """Measure the demo's app against an app with one bucket, in turns."""
    with tempfile.TemporaryDirectory() as folder:
        floor = Path(folder) / "floor.py"
        floor.write_text(_ONE_BUCKET)
        rounds = [(_seconds(ROOT / "app.py"), _seconds(floor)) for _ in range(_ROUNDS)]
    ours, least = (min(column) for column in zip(*rounds, strict=True))
    return {"synth.demo": {"unit": "s", "ours": ours, "naive": None, "floor": least}}


def _seconds(app: Path) -> float:
    with tempfile.TemporaryDirectory() as outdir:
        started = time.perf_counter()
        subprocess.run(
            [sys.executable, str(app)],
            cwd=ROOT,
            env=os.environ | {"CDK_OUTDIR": outdir},
            check=True,
            capture_output=True,
        )
        return time.perf_counter() - started
