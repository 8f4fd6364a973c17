"""One bare local AWS a worker for the tests of this folder: no CDK, no stack of the library."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from personalize_emulator.local import LocalAws
from tests.local.services.cloud import Cloud

REPOSITORY = Path(__file__).parents[3]
LOCAL_PYTHON = os.environ.get(
    "PERSONALIZE_LOCAL_PYTHON", str(REPOSITORY / ".venv-local" / "bin" / "python")
)


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with LocalAws(tmp_path_factory.mktemp("aws"), python=LOCAL_PYTHON) as aws:
        yield Cloud(aws)


@pytest.fixture
def standing_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A local AWS so slow that what takes time never ends."""
    folder = tmp_path_factory.mktemp("standing")
    with LocalAws(folder, python=LOCAL_PYTHON, speed=1e-4) as aws:
        yield Cloud(aws)
