"""What every test finds, however pytest was started: by make, by hand, or by an editor."""

import os
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parents[1]

# The environment of local AWS, which `make setup` makes, and the Node that the CDK wants.
os.environ.setdefault("PERSONALIZE_LOCAL_PYTHON", str(ROOT / ".venv-local" / "bin" / "python"))
os.environ["PATH"] = f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}"
