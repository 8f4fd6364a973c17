"""What every test finds, however pytest was started: by make, by hand, or by an editor."""

import os
import sysconfig
from functools import cache
from pathlib import Path

import pytest

from tests.feature_flags import NO_FLAGS, recommended_flags
from tests.synthesis import Assembly, Checked, synthesise

ROOT = Path(__file__).parents[1]

# The environment of local AWS, which `make setup` makes, and the Node that the CDK wants.
os.environ.setdefault("PERSONALIZE_LOCAL_PYTHON", str(ROOT / ".venv-local" / "bin" / "python"))
os.environ["PATH"] = f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}"


@pytest.fixture(scope="session")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Checked:
    """Synthesise a stack with all feature flags that the CDK recommends or with none, but once."""

    @cache
    def assembly(stack: str, *, flags: bool = False) -> Assembly:
        return synthesise(
            stack,
            tmp_path_factory.mktemp(stack),
            context=recommended_flags() if flags else NO_FLAGS,
            checked=True,
        )

    return assembly
