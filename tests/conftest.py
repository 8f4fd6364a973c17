"""What every test finds, however pytest was started: by make, by hand, or by an editor."""

import gc
import os
import sysconfig
from pathlib import Path

import pytest
from filelock import FileLock

from tests.synthesis import Assembly, Synthesised, assemblies_in, synthesise_and_check

ROOT = Path(__file__).parents[1]

# The environment of local AWS, which `make setup` makes, and the Node that the CDK wants.
os.environ.setdefault("PERSONALIZE_LOCAL_PYTHON", str(ROOT / ".venv-local" / "bin" / "python"))
# The CDK and the models of the services are some hundred thousand objects, which stay for good: no
# need to look through them at every turn.
gc.set_threshold(200_000, 20, 20)
# Two threads for one small matrix take twice the time of one, where another test runs beside it.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# The CDK validates each template that it writes, which takes as long as all the rest of a synth:
# it does so with the stacks that `synthesised` gives.
os.environ.setdefault("CDK_VALIDATION", "false")
os.environ["PATH"] = f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what deploys a stack: it mostly waits, and others can be run beside it."""
    items.sort(key=lambda item: item.get_closest_marker("local") is None)


@pytest.fixture(scope="session")
def synthesised(tmp_path_factory: pytest.TempPathFactory) -> Synthesised:
    """Synthesise all stacks, with the feature flags that the CDK recommends and without, but once.

    Each of the processes of pytest-xdist finds what another one has written.
    """
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    assemblies = assemblies_in(shared / "assemblies")

    def assembly(stack: str, *, flags: bool = False) -> Assembly:
        with FileLock(shared / "assemblies.lock"):
            if not all(each.template_file.exists() for each in assemblies.values()):
                synthesise_and_check(shared / "assemblies")
        return assemblies[stack, flags]

    return assembly
